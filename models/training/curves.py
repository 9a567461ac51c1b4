"""Learning curves, as a table and as a picture."""

import csv
from pathlib import Path

from matplotlib.figure import Figure

COLUMNS = (
    "epoch", "minutes", "learning_rate", "loss", "mae", "val_loss", "val_mae", "images_per_second",
)  # fmt: skip


def write(rows: list[dict[str, float]], folder: Path) -> None:
    """Write ``curves.csv`` and ``curves.png``; an epoch that was not validated has no ``val_``."""
    temporary = folder / "curves.csv.part"
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: f"{row[name]:.6g}" for name in COLUMNS if name in row})
    temporary.replace(folder / "curves.csv")

    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, (title, names) in zip(
        figure.subplots(1, 3),
        {
            "loss": ("loss", "val_loss"),
            "mean absolute error, years": ("mae", "val_mae"),
            "learning rate": ("learning_rate",),
        }.items(),
        strict=True,
    ):
        for name in names:
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            axes.plot(*zip(*points, strict=True) if points else ([], []), marker=".", label=name)
        axes.set(title=title, xlabel="epoch")
        if len(names) > 1:
            axes.legend()
    temporary = folder / "curves.part.png"
    figure.savefig(temporary, dpi=110)
    temporary.replace(folder / "curves.png")
