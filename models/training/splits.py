"""Splits of a labelled set: seeded, written down, and never parting what belongs together.

    python -m models.training.splits DATA --out FILE [--seed 1] [--part train 0.9 --part val 0.1]

A split file is Parquet with a row a crop (``id``, ``part``); its metadata keep the seed, the
fractions and a hash of the ids, so that a file that was made for another set is refused. Every
command that measures on labelled pictures takes one part of a set: ``--split NAME`` where the set's
files are named after parts, and with ``--split-file FILE`` where they are not.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import click
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from auditor.errors import AuditorError, ConfigurationError
from models.training import duplicates
from models.training.labelled import LabelledSet, read

_KEY = b"auditor.split"


@dataclass(frozen=True, eq=False)
class Split:
    """Which part each crop of one set belongs to."""

    parts: pd.Series  # name of the part by id
    seed: int
    fractions: Mapping[str, float]

    @property
    def ids_sha256(self) -> str:
        """Hash of the ids, whatever their order."""
        return _hash_of(self.parts.index)

    def of(self, labelled: LabelledSet, part: str) -> LabelledSet:
        """The crops of one part, in the order of the set.

        Raises:
            ConfigurationError: the split was made for other ids, or has no such part.
        """
        ids = labelled.table["id"]
        if (found := _hash_of(ids)) != self.ids_sha256:
            unknown, absent = set(ids) - set(self.parts.index), set(self.parts.index) - set(ids)
            raise ConfigurationError(
                f"the split file does not fit {labelled.name}: {len(unknown)} of its "
                f"{len(ids)} ids are not in the file, {len(absent)} of the file's "
                f"{len(self.parts)} are not in the set (hash {self.ids_sha256[:12]}, "
                f"found {found[:12]}); make a split for this set"
            )
        if part not in self.fractions:
            raise ConfigurationError(f"no part {part!r}: the split has {', '.join(self.fractions)}")
        return labelled.subset(self.parts.loc[ids].to_numpy() == part)

    def write(self, path: Path) -> None:
        """Write the split file; the same split gives the same bytes."""
        ordered = self.parts.sort_index()
        said = {"seed": self.seed, "fractions": self.fractions, "ids_sha256": self.ids_sha256}
        table = pa.table(
            {"id": pa.array(ordered.index, pa.string()), "part": pa.array(ordered, pa.string())}
        ).replace_schema_metadata({_KEY: json.dumps(said).encode()})
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a split file.

        Raises:
            ConfigurationError: it cannot be read, is no split file, or was changed by hand.
        """
        try:
            table = pq.read_table(path)
            said = json.loads((table.schema.metadata or {})[_KEY])
            parts = pd.Series(
                table["part"].to_pylist(), index=pd.Index(table["id"].to_pylist()), dtype="string"
            )
            split = cls(parts, int(said["seed"]), dict(said["fractions"]))
            stated = said["ids_sha256"]
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{path} is no split file: {error!r}") from error
        if (
            stated != split.ids_sha256
            or not parts.index.is_unique
            or not set(parts).issubset(split.fractions)
        ):
            raise ConfigurationError(f"{path} was changed after it was made: make it anew")
        return split


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--split`` and ``--split-file``, for :func:`read_part`."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    with_file = click.option("--split-file", type=file, help="The set's, if it needs one.")
    return click.option("--split", help="Only this part of the set.")(with_file(command))


def read_part(data: Path, split: str | None, split_file: Path | None = None) -> LabelledSet:
    """Read a labelled set (``split`` None), or the part that a split file or its file names say.

    Raises:
        ConfigurationError: no labelled set, a split file that does not fit, or no such part.
    """
    if split_file is None:
        return read(data, split)
    if split is None:
        raise ConfigurationError(f"name the part of {split_file} with --split")
    return read_parts(data, (split,), split_file)[split]


def read_parts(
    data: Path, names: Sequence[str], split_file: Path | None = None
) -> dict[str, LabelledSet]:
    """Read several parts by name; with a split file, the set is read once for all of them.

    Raises:
        ConfigurationError: as :func:`read_part`.
    """
    if split_file is None:
        return {name: read(data, name) for name in names}
    split, whole = Split.read(split_file), read(data)
    return {name: split.of(whole, name) for name in names}


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
    parts = by_whole.loc[table["whole"]].set_axis(pd.Index(table["id"].astype(str)))
    return Split(parts, seed, dict(fractions))


def together(groups: NDArray[np.int64], persons: "pd.Series[str]") -> NDArray[np.int64]:
    """Join groups that share a person: a number for each row."""
    known = persons.notna().to_numpy()
    codes, _ = pd.factorize(persons[known])
    _, group_codes = np.unique(groups, return_inverse=True)
    size = int(group_codes.max(initial=-1)) + 1
    nodes = size + int(codes.max(initial=-1)) + 1
    links = coo_array(
        (np.ones(len(codes), bool), (group_codes[known], codes + size)), shape=(nodes, nodes)
    )
    _, component = connected_components(links, directed=False)
    return np.asarray(component[group_codes], np.int64)


def _hash_of(ids: "pd.Series[str] | pd.Index[str]") -> str:
    digest = hashlib.sha256()
    for name in sorted(str(value) for value in ids):
        digest.update(name.encode() + b"\n")
    return digest.hexdigest()


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
        split.write(out)
    except AuditorError as error:
        raise click.ClickException(str(error)) from error
    counts = split.parts.value_counts()
    click.echo(
        f"{out}: {', '.join(f'{name} {counts.get(name, 0)}' for name in split.fractions)}; "
        f"{len(np.unique(groups))} different pictures, {len(labelled.faults)} set aside"
    )


if __name__ == "__main__":
    main()
