"""Heaping by hand, quality by construction, findings that follow, a safe page."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from auditor.monitoring.statistics.heaping import Heaping, digit_shares, whipple
from models.training import explore, image_quality, remarks
from models.training.summary import BANDS, Summary, band_name, summarise
from tests.support import labelled_samples as samples

SECTIONS = ("findings", "counts", "faults", "ages", "heaping", "copies", "quality", "sheets")


def counts_of(ages: list[int]) -> np.ndarray:
    return np.bincount(ages, minlength=100)


def test_whipple_at_its_ends_and_between() -> None:
    every = list(range(23, 63))
    assert whipple(counts_of(every)) == 100
    assert whipple(counts_of([25, 30, 60])) == 500
    assert whipple(counts_of([24, 31])) == 0
    assert whipple(counts_of([5, 10, 20, 65, 70])) is None
    # By hand: 40 ages once, and 10 people more at 30: 8 + 10 of 50 end in 0 or 5.
    assert whipple(counts_of([*every, *[30] * 10])) == pytest.approx(180)


def test_whipple_of_a_rounded_population() -> None:
    """A tenth rounded to the nearest 5 gives 100 + 400 / 10, and is read back from it."""
    ages = np.tile(np.arange(3, 98), 100)
    heaped = np.where(np.arange(len(ages)) // 95 % 10 == 0, np.round(ages / 5) * 5, ages)
    measured = Heaping.of(heaped)
    assert measured.whipple == pytest.approx(140)
    assert measured.whipple_margin == pytest.approx(1.96 * 500 * (0.16 / 4000) ** 0.5)
    assert measured.rounded == pytest.approx(0.1)
    assert measured.quality == "rough"


def test_myers_at_its_ends() -> None:
    assert Heaping.of(np.arange(100.0)).myers == pytest.approx(0)
    assert Heaping.of([10, 20, 30, 70, 80] * 9).myers == pytest.approx(90)
    assert Heaping.of([3, 5, 95]).myers is None
    # Two digits alone, blended alike: each 40 points over its tenth, eight 10 points under.
    assert (
        Heaping.of([*range(14, 84, 10), *range(24, 94, 10), *range(15, 95, 10)]).myers is not None
    )


def test_myers_by_hand() -> None:
    """One person at every age from 10 to 89, and seven more at 40 and 50 each.

    Every digit has 7 in both sums, digit 0 has 21: blended 10 x 7 = 70 each, and 1 x 21 + 9 x 21 =
    210 for digit 0. Of 840 these are 25 % and 8.33 %: half of 15 + 9 x 1.667 is 15.
    """
    counts = counts_of([*range(10, 90), *[40] * 7, *[50] * 7])
    shares = digit_shares(counts)
    assert shares is not None
    assert shares == pytest.approx([0.25, *[70 / 840] * 9])
    assert Heaping.of(np.repeat(np.arange(100), counts)).myers == pytest.approx(15)


def test_myers_blends_the_two_sums() -> None:
    """Ages 10-19 are in the first sum only, 80-89 in the second only."""
    assert digit_shares(counts_of([*range(10, 20)])) == pytest.approx(np.arange(1, 11) / 55)
    assert digit_shares(counts_of([*range(80, 90)])) == pytest.approx(np.arange(9, -1, -1) / 45)


def test_myers_does_not_take_an_ageing_slope_for_heaping() -> None:
    counts = np.arange(100, 0, -1)
    assert Heaping.of(np.repeat(np.arange(100), counts)).myers == pytest.approx(0, abs=0.5)
    plain = np.array([counts[digit + 10 : 90 : 10].sum() for digit in range(10)]) / 1.0
    assert 50 * np.abs(plain / plain.sum() - 0.1).sum() > 1.5


def test_parts_of_years_count_as_completed_years() -> None:
    assert Heaping.of([29.9, 30.0, 34.99]).whipple == Heaping.of([29, 30, 34]).whipple


def test_a_repeated_edge_is_measured() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (192, 192)).astype(np.uint8)
    assert image_quality.border_share(grey) == 0
    bordered = grey.copy()
    bordered[:48] = grey[48]
    assert image_quality.border_share(bordered) == pytest.approx(0.25, abs=0.01)
    bordered[:, 144:] = bordered[:, 143:144]
    assert image_quality.border_share(bordered) == pytest.approx(1 - 0.75**2, abs=0.01)
    assert image_quality.border_share(np.full((192, 192), 7, np.uint8)) == 1


def test_quality_tells_dark_grey_and_soft_pictures() -> None:
    sharp = np.random.default_rng(0).integers(0, 256, (192, 192, 3)).astype(np.uint8)
    grey = np.repeat(sharp[:, :, :1], 3, axis=2)
    crops = [sharp, sharp // 4, grey, cv2.GaussianBlur(sharp, (0, 0), 6)]
    made = samples.set_of([{"age": 1}] * 4, [samples.encoded(crop) for crop in crops])
    table, prints = image_quality.measure(made, 96)
    plain, dark, colourless, soft = (row for _, row in table.iterrows())
    assert dark["brightness"] == pytest.approx(plain["brightness"] / 4, abs=1)
    assert colourless["colour"] < image_quality.GREY < plain["colour"]
    assert soft["sharpness"] < plain["sharpness"] / 10
    assert len(prints.hashes) == 4


def surveyed(rows: list[dict[str, Any]], images: list[bytes] | None = None) -> Summary:
    contents = images or [samples.encoded(samples.picture(n)) for n in range(len(rows))]
    return summarise(samples.set_of(rows, contents), 64)


def titles(of: Summary) -> str:
    return "\n".join(f"{f.level}: {f.title}" for f in remarks.remarks(of))


def test_findings_follow_the_numbers() -> None:
    heaped = surveyed([{"age": age, "source": "s"} for age in (20, 25, 30, 35, 40, 45) * 5])
    assert "act: s: ages heap on 0 and 5" in titles(heaped)
    even = surveyed([{"age": age, "source": "s"} for age in range(23, 63)])
    assert not re.search("heap|near-duplicates", titles(even))
    assert "watch: s: too few ages to tell" in titles(
        surveyed([{"age": age, "source": "s"} for age in (25, 30, 33, 41, 44, 51)])
    )
    assert "act: Some ages are rare" in titles(even)
    assert "watch: The sex of nobody is known" in titles(even)


def test_copies_that_splits_part_have_to_be_acted_on() -> None:
    images = [samples.encoded(samples.picture(n // 2)) for n in range(80)]
    parted: list[dict[str, Any]] = [
        {"age": 30 + 4 * (n % 2), "split": ("train", "val")[n % 2]} for n in range(80)
    ]
    found = surveyed(parted, images)
    assert (found.copies.groups, found.copies.crops, found.copies.across_splits) == (40, 80, 40)
    assert found.copies.mean_difference == pytest.approx(4)
    assert found.copies.same_age == 0
    assert "act: 40 groups of near-duplicates lie in more than one split" in titles(found)
    assert "act: Labels of one photograph differ by 4.0 years" in titles(found)
    assert remarks.label_width(found) == pytest.approx(4 / 0.9539, abs=0.3)
    whole: list[dict[str, Any]] = [
        {"age": 31, "split": ("train", "val")[n // 40]} for n in range(80)
    ]
    together = surveyed(whole, images)
    assert together.copies.across_splits == 0
    assert "act: 40 groups" not in titles(together)
    assert remarks.label_width(together) == 1
    assert surveyed([{"age": 3}] * 4, images[:4]).copies.across_splits is None


def test_bands_hold_every_age_once() -> None:
    made = surveyed([{"age": age} for age in (0, 4.9, 5, 13.9, 14, 17.5, 18, 24.9, 25, 116)])
    assert sum(made.bands.values()) == 10
    assert made.bands[band_name((14, 17))] == 2
    assert made.bands[band_name((18, 24))] == 2
    assert all(one[1] + 1 == other[0] for one, other in itertools.pairwise(BANDS))


HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small set with hostile names, copies, faults and splits."""
    top = tmp_path_factory.mktemp("set")
    rows = [
        {"id": f"{HOSTILE}{n}", "age": str(n * 3), "source": f"{HOSTILE}&", "sex": "<b>x</b>"}
        for n in range(30)
    ]
    samples.write_crops(top / "train-0.parquet", rows)
    copy = {"image": samples.encoded(samples.picture(2), "WEBP"), "age": "9", "id": "copy"}
    bad = {"id": f"{HOSTILE}bad", "age": f"{HOSTILE}", "source": "t", "sex": None}
    samples.write_crops(top / "val-0.parquet", [copy | {"source": "t", "sex": None}, bad])
    return top


def run(*arguments: str) -> Result:
    return CliRunner().invoke(explore.main, list(arguments))


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "page"
    result = run(str(data), "--out", str(folder))
    assert result.exit_code == 0, result.output
    assert "31 pictures can be used; set aside: 1" in result.output
    return folder


def test_the_page_has_every_section_and_stands_alone(out: Path) -> None:
    page = (out / "index.html").read_text(encoding="utf-8")
    for section in SECTIONS:
        assert f'<section id="{section}">' in page
        assert f'href="#{section}"' in page
    assert page.count("<svg") >= 10
    assert "data:image/jpeg;base64," in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', re.sub(r'xlink:href="#', 'href="#', page))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for finding in json.loads((out / "explore.json").read_text())["findings"]:
        assert finding["do"].split(":")[0].split("<")[0] in page


def test_names_are_escaped(out: Path) -> None:
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>x</b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_the_numbers_are_in_the_json(out: Path) -> None:
    said = json.loads((out / "explore.json").read_text(encoding="utf-8"))
    assert (said["pictures"], said["faults"]) == (31, {"age_not_a_number": 1})
    assert said["near_duplicates"]["groups"] == 1
    assert said["near_duplicates"]["across_splits"] == 1
    assert said["near_duplicates"]["mean_difference"] == 3
    assert sum(said["by_age"].values()) == sum(said["by_band"].values()) == 31
    assert said["by_split"] == {"train": 30, "val": 1}


def test_the_same_set_gives_the_same_page(data: Path, out: Path, tmp_path: Path) -> None:
    assert run(str(data), "--out", str(tmp_path)).exit_code == 0
    for name in ("index.html", "explore.json"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_a_set_of_one_picture_has_a_page(tmp_path: Path) -> None:
    samples.write_crops(tmp_path / "x.parquet", [{"id": "a", "age": 3}])
    result = run(str(tmp_path), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert "No photograph was found twice" not in result.output
    assert (tmp_path / "out" / "index.html").exists()


def test_without_a_usable_picture_the_reasons_are_said(tmp_path: Path) -> None:
    samples.write_crops(tmp_path / "x.parquet", [{"id": "a", "age": 300}])
    result = run(str(tmp_path), "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "no picture can be used (1 x the age is not between 0 and 116 years)" in result.output
    assert not (tmp_path / "out").exists()
    assert "no labelled set" in run(str(tmp_path / "gone"), "--out", str(tmp_path)).output
