"""Splits of a labelled set: seeded, written down, and never parting what belongs together.

    python -m models.training.splits DATA --out FILE [--seed 1] [--part train 0.9 --part val 0.1]

A split file is Parquet with a row a crop, ``id`` and ``part``; one that was made for another set is
refused. Every command that measures on labelled pictures takes one part of a set: ``--split NAME``
where the set's files are named after parts, and with ``--split-file FILE`` where they are not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import AuditorError, ConfigurationError
from models.training import duplicates
from models.training.labelled import LabelledSet, read
from models.training.landmarks import read_landmarks

#: The name of its part by the id of each crop.
Split = pd.Series


def write_split(split: Split, path: Path) -> None:
    """Write a split file; the same split gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    split.sort_index().rename_axis("id").reset_index(name="part").to_parquet(path, index=False)


def read_split(path: Path) -> Split:
    """Read a split file.

    Raises:
        ConfigurationError: it cannot be read, is no split file, or names an id twice.
    """
    try:
        table = pd.read_parquet(path, columns=["id", "part"]).astype("string")
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise ConfigurationError(f"{path} is no split file: {error!r}") from error
    if table.isna().any(axis=None) or table["id"].duplicated().any():
        raise ConfigurationError(f"{path} lacks an id or a part, or has an id twice: make it anew")
    return table.set_index("id")["part"]


def select(labelled: LabelledSet, split: Split, part: str) -> LabelledSet:
    """The crops of one part, in the order of the set.

    Raises:
        ConfigurationError: the split was made for other ids, or has no such part.
    """
    ids = labelled.table["id"]
    unknown, absent = set(ids) - set(split.index), set(split.index) - set(ids)
    if unknown or absent:
        raise ConfigurationError(
            f"the split file does not fit {labelled.name}: {len(unknown)} of its {len(ids)} ids "
            f"are not in the file, {len(absent)} of the file's {len(split)} are not in the set; "
            "make a split for this set"
        )
    if part not in set(split):
        raise ConfigurationError(f"no part {part!r}: the split has {', '.join(sorted(set(split)))}")
    return labelled.subset((split.loc[ids] == part).to_numpy(bool))


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of :func:`read_part`."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in (
        click.option("--landmarks", type=file, help="Cut the crops anew by these, Parquet."),
        click.option("--split-file", type=file, help="The set's, if it needs one."),
        click.option("--split", help="Only this part of the set."),
    ):
        command = option(command)
    return command


def read_part(
    data: Path, split: str | None, split_file: Path | None = None, landmarks: Path | None = None
) -> LabelledSet:
    """Read a labelled set (``split`` None), or the part that a split file or its file names say.

    With ``landmarks`` its crops are cut anew by those of that file.

    Raises:
        ConfigurationError: no labelled set, a split file that does not fit, or no such part.
    """
    if split_file is None:
        part = read(data, split)
    elif split is None:
        raise ConfigurationError(f"name the part of {split_file} with --split")
    else:
        part = read_parts(data, (split,), split_file)[split]
    if landmarks is None:
        return part
    return replace(part, landmarks=read_landmarks(landmarks, part.table["id"]))


def read_parts(
    data: Path, names: Sequence[str], split_file: Path | None = None
) -> dict[str, LabelledSet]:
    """Read several parts by name; with a split file, the set is read once for all of them.

    Raises:
        ConfigurationError: as :func:`read_part`.
    """
    if split_file is None:
        return {name: read(data, name) for name in names}
    split, whole = read_split(split_file), read(data)
    return {name: select(whole, split, name) for name in names}


def make(
    labelled: LabelledSet,
    groups: NDArray[np.int64],
    fractions: Mapping[str, float],
    seed: int,
) -> Split:
    """Draw a split in which groups and persons stay whole.

    Groups are shuffled within strata of the decade of age and the source, so that the parts have
    about the same ages; the parts' sizes come as near their fractions as whole groups allow.

    Args:
        labelled: the set.
        groups: a number for each row; rows with the same number stay together, and so do those
            of one ``person``, where the table knows persons.
        fractions: share of each part by its name; they sum to 1.
        seed: the same set, groups, fractions and seed give the same split.

    Raises:
        ConfigurationError: the fractions are not shares that sum to 1.
    """
    shares = np.array(list(fractions.values()))
    if not len(shares) or (shares <= 0).any() or not np.isclose(shares.sum(), 1):
        raise ConfigurationError(f"fractions {dict(fractions)} are not shares that sum to 1")
    # By id, so that the order of the rows does not decide anything.
    table = labelled.table.assign(whole=together(groups, labelled.table["person"]))
    table = table.sort_values("id", ignore_index=True)
    wholes = table.groupby("whole", sort=False)
    drawn = pd.DataFrame(
        {
            "size": wholes.size(),
            "source": wholes["source"].first().fillna(""),
            "decade": wholes["age"].mean() // 10,
            "chance": np.random.default_rng(seed).permutation(wholes.ngroups),
        }
    ).sort_values(["source", "decade", "chance"])
    taken = np.zeros(len(shares))
    part_of: list[int] = []
    for size in drawn["size"].to_numpy():
        # The part that is furthest behind its share, counting this group.
        chosen = int(np.argmax(shares * (taken.sum() + size) - taken))
        taken[chosen] += size
        part_of.append(chosen)
    names = np.array(list(fractions))
    by_whole = pd.Series(names[part_of] if part_of else [], index=drawn.index, dtype="string")
    return by_whole.loc[table["whole"]].set_axis(pd.Index(table["id"]))


def together(groups: NDArray[np.int64], persons: "pd.Series[str]") -> NDArray[np.int64]:
    """Join groups that share a person: a number for each row."""
    rows = pd.Series(np.arange(len(groups)))
    of_group = rows.groupby(groups).transform("first")
    of_person = rows.groupby(persons.to_numpy()).transform("first").fillna(rows)
    firsts = pd.concat([of_group, of_person]).astype(int)
    return duplicates.joined(len(rows), np.stack([[*rows, *rows], firsts], axis=1))


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--part",
    "parts",
    type=(str, float),
    multiple=True,
    default=[("train", 0.9), ("val", 0.1)],
    show_default=True,
    help="Name and share of a part; give all of them.",
)
def main(data: Path, out: Path, seed: int, parts: tuple[tuple[str, float], ...]) -> None:
    """Split the labelled set DATA, near-duplicates and persons kept together, and write it down."""
    try:
        labelled = read(data)
        groups = duplicates.groups(duplicates.Fingerprints.of(labelled))
        split = make(labelled, groups, dict(parts), seed)
        write_split(split, out)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    counts = split.value_counts()
    click.echo(
        f"{out}: {', '.join(f'{name} {counts.get(name, 0)}' for name, _ in parts)}; "
        f"{len(np.unique(groups))} different pictures, {len(labelled.faults)} set aside"
    )


if __name__ == "__main__":
    main()
