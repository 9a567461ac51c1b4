"""Near-duplicates are found whatever was done to them; no split separates them."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ConfigurationError
from models.training import (
    confusion,
    duplicates,
    evaluate,
    explore,
    labelled,
    splits,
)
from tests.support import labelled_samples as samples

FRACTIONS = {"train": 0.8, "val": 0.2}


def prints_of(crops: list[np.ndarray]) -> duplicates.Fingerprints:
    rows = [{"age": 1} for _ in crops]
    return duplicates.Fingerprints.of(
        samples.set_of(rows, [samples.encoded(crop) for crop in crops])
    )


def again(crop: np.ndarray, how: str) -> np.ndarray:
    match how:
        case "re-encoded":
            _, content = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 40])
            return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))
        case "brighter":
            return np.clip(crop.astype(float) * 1.1 + 15, 0, 255).astype(np.uint8)
        case "grey":
            return np.repeat(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        case "smaller":
            return cv2.resize(cv2.resize(crop, (64, 64)), (192, 192))
    return np.roll(crop, 1, axis=1)


@pytest.mark.parametrize("how", ["re-encoded", "brighter", "grey", "smaller", "moved"])
def test_a_picture_is_known_again(how: str) -> None:
    crops = [samples.picture(seed) for seed in range(40)]
    prints = prints_of([*crops, again(crops[7], how)])
    assert duplicates.pairs(prints).tolist() == [[7, 40]]
    group = duplicates.groups(prints)
    assert group[7] == group[40]
    assert len(set(group)) == 40


def test_a_hash_tells_rising_from_falling() -> None:
    falling = np.tile(np.linspace(255, 0, 192), (192, 1)).astype(np.uint8)
    assert duplicates.difference_hash(falling) == 0
    assert duplicates.difference_hash(falling[:, ::-1]) == 2**64 - 1
    half = falling.copy()
    half[96:] = falling[96:, ::-1]
    assert duplicates.difference_hash(half) == 2**32 - 1


def test_equal_hashes_of_different_pictures_are_no_duplicates() -> None:
    shades = np.linspace(255, 0, 192)
    steep = 255 * (shades / 255) ** 6
    crops = [np.repeat(np.tile(s, (192, 1))[..., None], 3, axis=2) for s in (shades, steep)]
    prints = prints_of([crop.astype(np.uint8) for crop in crops])
    assert np.bitwise_count(prints.hashes[0] ^ prints.hashes[1]) <= duplicates.DISTANCE
    assert len(duplicates.pairs(prints)) == 0


def test_pairs_are_those_of_comparing_all_with_all() -> None:
    """Over the edges of blocks too; a chain of three is one group."""
    random = np.random.default_rng(4)
    hashes = random.integers(0, 2**63, 700).astype(np.uint64)
    for one, other, bits in ((3, 650, 6), (650, 10, 2), (255, 256, 5), (300, 301, 7)):
        hashes[other] = hashes[one] ^ np.uint64(2**bits - 1)
    prints = duplicates.Fingerprints(hashes, np.zeros((700, 32, 32), np.uint8))
    found = duplicates.pairs(prints)
    want = [
        [a, b]
        for a in range(700)
        for b in range(a + 1, 700)
        if int(hashes[a] ^ hashes[b]).bit_count() <= duplicates.DISTANCE
    ]
    assert sorted(found.tolist()) == want
    assert [255, 256] in want
    assert [300, 301] not in want
    group = duplicates.groups(prints, found)
    assert group[3] == group[650] == group[10]
    assert group[300] != group[301]


@st.composite
def sets(draw: st.DrawFn) -> tuple[labelled.LabelledSet, np.ndarray]:
    size = draw(st.integers(1, 60))
    person = st.one_of(st.none(), st.sampled_from("abcdefgh"))
    rows = [
        {
            "age": draw(st.integers(0, 100)),
            "person": draw(person),
            "source": draw(st.sampled_from(["s", "t", None])),
        }
        for _ in range(size)
    ]
    groups = draw(st.lists(st.integers(0, 20), min_size=size, max_size=size))
    return samples.set_of(rows), np.array(groups)


@given(drawn=sets(), seed=st.integers(0, 2**32))
def test_no_split_separates_a_group_or_a_person(
    drawn: tuple[labelled.LabelledSet, np.ndarray], seed: int
) -> None:
    found, groups = drawn
    split = splits.make(found, groups, {"a": 0.5, "b": 0.3, "c": 0.2}, seed)
    table = found.table.assign(part=split.loc[found.table["id"]].to_numpy(), group_no=groups)
    assert table["part"].notna().all()
    for whole in ("group_no", "person"):
        pairs = table.dropna(subset=[whole])[[whole, "part"]].drop_duplicates()
        assert not pairs[whole].duplicated().any()
    sizes = [len(splits.select(found, split, part)) for part in set(split)]
    assert sum(sizes) == len(found)
    assert splits.make(found, groups, {"a": 0.5, "b": 0.3, "c": 0.2}, seed).equals(split)


def many(size: int = 2000) -> tuple[labelled.LabelledSet, np.ndarray]:
    random = np.random.default_rng(1)
    ages = random.integers(0, 90, size)
    made = samples.set_of([{"age": int(age), "source": "st"[age % 2]} for age in ages])
    return made, random.integers(0, size, size)


def test_parts_have_their_shares_and_about_the_same_ages() -> None:
    found, groups = many()
    split = splits.make(found, groups, FRACTIONS, seed=3)
    val, train = (splits.select(found, split, part) for part in ("val", "train"))
    assert len(val) == pytest.approx(0.2 * len(found), abs=10)
    assert val.table["age"].mean() == pytest.approx(train.table["age"].mean(), abs=1)
    assert (val.table["source"] == "s").mean() == pytest.approx(
        (train.table["source"] == "s").mean(), abs=0.02
    )
    assert not splits.make(found, groups, FRACTIONS, seed=4).equals(split)


def test_the_order_of_rows_does_not_matter() -> None:
    found, groups = many(300)
    shuffled = np.random.default_rng(0).permutation(len(found))
    one = splits.make(found, groups, FRACTIONS, seed=3)
    other = splits.make(found.subset(shuffled), groups[shuffled], FRACTIONS, seed=3)
    assert one.sort_index().equals(other.sort_index())


def test_a_part_is_read_by_file_names_or_by_a_split_file(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "split.parquet"
    data.mkdir()
    rows = [{"id": f"{number:02}", "age": 20 + number} for number in range(20)]
    samples.write_crops(data / "train-0.parquet", rows[:15])
    samples.write_crops(data / "val-0.parquet", rows[15:])
    whole = splits.read_part(data, None)
    assert len(whole) == 20
    assert splits.read_part(data, "val").table["id"].tolist() == ["15", "16", "17", "18", "19"]

    splits.write_split(splits.make(whole, np.arange(20), {"train": 0.5, "val": 0.5}, 1), file)
    parts = [splits.read_part(data, part, file) for part in ("train", "val")]
    assert [len(part) for part in parts] == [10, 10]
    together = splits.read_parts(data, ("train", "val"), file)
    for one, other in zip(parts, together.values(), strict=True):
        assert one.table.equals(other.table)
    assert set(parts[0].hashes()) | set(parts[1].hashes()) == set(whole.hashes())
    with pytest.raises(ConfigurationError, match="name the part"):
        splits.read_part(data, None, file)


@pytest.mark.parametrize("command", [explore, evaluate, confusion])
def test_every_command_takes_a_split_file(command: Any, tmp_path: Path) -> None:
    data, file = tmp_path / "set.parquet", tmp_path / "f.parquet"
    samples.write_crops(data, [{"id": "a", "age": 3}])
    splits.write_split(pd.Series({"a": "train"}), file)
    given = [data] if command is explore else ["--data", data, "--version", "3"]
    options = [*given, "--out", tmp_path / "out", "--split-file", file]
    told = CliRunner().invoke(command.main, [str(option) for option in options])
    assert told.exit_code == 1
    assert "f.parquet with --split" in told.output
    told = CliRunner().invoke(command.main, [*map(str, options), "--split", "test"])
    assert "no part 'test': the split has train" in told.output


def test_a_split_file_is_read_back_and_refuses_another_set(tmp_path: Path) -> None:
    found, groups = many(300)
    path = tmp_path / "deep" / "split.parquet"
    split = splits.make(found, groups, FRACTIONS, seed=3)
    splits.write_split(split, path)
    first = path.read_bytes()
    splits.write_split(splits.make(found, groups, FRACTIONS, seed=3), path)
    assert path.read_bytes() == first
    back = splits.read_split(path)
    val = splits.select(found, back, "val").table
    assert val.equals(splits.select(found, split, "val").table)
    with pytest.raises(ConfigurationError, match=r"0 of its 299 ids .* 1 of the file's 300"):
        splits.select(found.subset(range(1, 300)), back, "val")
    with pytest.raises(ConfigurationError, match="no part 'test': the split has train, val"):
        splits.select(found, back, "test")


def test_what_is_no_split_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    with pytest.raises(ConfigurationError, match="no split file"):
        splits.read_split(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ConfigurationError, match="no split file"):
        splits.read_split(path)
    pd.DataFrame({"id": ["a"], "share": [0.5]}).to_parquet(path)
    with pytest.raises(ConfigurationError, match="no split file"):
        splits.read_split(path)
    for ids, parts in ((["a", "a"], ["val", "train"]), (["a", None], ["val", "val"])):
        pd.DataFrame({"id": ids, "part": parts}).to_parquet(path)
        with pytest.raises(ConfigurationError, match="an id twice"):
            splits.read_split(path)


@pytest.mark.parametrize("fractions", [{}, {"a": 1.5, "b": -0.5}, {"a": 0.5}, {"a": 1, "b": 0}])
def test_fractions_that_are_no_shares_are_refused(fractions: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="not shares"):
        splits.make(*many(10), fractions, seed=1)


def test_from_the_command_line(tmp_path: Path) -> None:
    rows = [{"id": f"{n}", "age": n} for n in range(20)]
    rows.append({"id": "copy", "age": 4, "image": samples.encoded(samples.picture(4), "WEBP")})
    data = samples.write_crops(tmp_path / "x.parquet", [*rows, {"id": "bad", "age": 200}])
    out = tmp_path / "split.parquet"
    options = ["--part", "fit", "0.7", "--part", "check", "0.3", "--seed", "5"]
    result = CliRunner().invoke(splits.main, [str(data), "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    assert "20 different pictures, 1 set aside" in result.output
    split = splits.read_split(out)
    assert split["copy"] == split["4"]
    assert split.value_counts().to_dict() == {"fit": 15, "check": 6}
    refused = CliRunner().invoke(splits.main, [str(data), "--out", str(out), "--part", "a", "2"])
    assert refused.exit_code == 1
    assert "not shares" in refused.output
