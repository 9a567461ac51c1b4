"""Learning curves, as a table and as a picture."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

COLUMNS = (
    "epoch", "minutes", "learning_rate", "loss", "mae", "val_loss", "val_mae", "images_per_second",
)  # fmt: skip
_PLOTS = {
    "loss": ["loss", "val_loss"],
    "mean absolute error, years": ["mae", "val_mae"],  # of the expectation
    "learning rate": ["learning_rate"],
}


def write(rows: list[dict[str, float]], folder: Path) -> None:
    """Write ``curves.csv`` and ``curves.png``; an epoch that was not validated has no ``val_``.

    After ``COLUMNS`` come those of single sources, ``val_mae_SOURCE``.
    """
    others = sorted({name for row in rows for name in row} - set(COLUMNS))
    table = pd.DataFrame(rows, columns=[*COLUMNS, *others])
    table.to_csv(folder / "curves.csv", index=False, float_format="%.6g")
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, (title, names) in zip(figure.subplots(1, 3), _PLOTS.items(), strict=True):
        for name in names:
            known = table.dropna(subset=[name])
            axes.plot(known["epoch"], known[name], marker=".", label=name)
        axes.set(title=title, xlabel="epoch")
        axes.legend()
    figure.savefig(folder / "curves.png", dpi=110)
