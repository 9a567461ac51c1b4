"""A camera that sees otherwise than on its own days before is told of, and no other."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from auditor.monitoring.cameras import (
    NOTHING,
    Camera,
    Change,
    Drift,
    compare,
    count_cameras,
    days_before,
)
from auditor.monitoring.cameras.quantities import MEASURED
from auditor.monitoring.statistics.robust import by_chance, spread
from auditor.policy import Rules
from auditor.report.text import cameras
from auditor.tables import CAMERA_COUNTS, CAMERA_QUANTITIES

DAY = date(2026, 3, 27)
TILLS = tuple((f"S00{store}", f"0{till}") for store in (1, 2, 3, 4) for till in (1, 2, 3))
DARK = ("S002", "01")
SALES = 30

Faults = Mapping[tuple[str, str], Mapping[str, Any]]


def counts(
    day: date, faults: Faults | None = None, *, sales: int = SALES, basis: str = "m/1", **rules: Any
) -> pa.Table:
    """CAMERA_COUNTS of a day of four stores with three tills, each camera with days of its own."""
    parts = [_sales(day, number, (faults or {}).get(key, {}), sales) for number, key in _NUMBERED]
    return count_cameras(pa.concat_tables(parts), Rules(**rules), basis)


_NUMBERED = tuple(enumerate(TILLS))
#: Counts of a day without anything special.
_as_usual = cache(counts)


def _sales(day: date, number: int, fault: Mapping[str, Any], sales: int) -> pa.Table:
    """The columns of LEDGER that are counted, of one camera's day."""
    rng = np.random.default_rng([day.toordinal(), number])
    usual = np.random.default_rng(number).uniform(90, 140)
    off = rng.normal(0, 1, 4)
    view: dict[str, Any] = {
        "light": 1.0,
        "face_px": 1.0,
        "sharpness": 1.0,
        "clock": 0.0,
        "unseen": 0.04,
    }
    view |= {"age": 0.0, "cause": "no_face"} | dict(fault)
    seen = rng.random(sales) >= view["unseen"]
    no_frame = ~seen & (view["cause"] == "no_frame")
    values = {
        "light": rng.normal(usual + 4 * off[0], 18, sales) * view["light"],
        "face_px": 100 * np.exp(rng.normal(0.04 * off[1], 0.2, sales)) * view["face_px"],
        "sharpness": 200 * np.exp(rng.normal(0.1 * off[2], 0.5, sales)) * view["sharpness"],
        "face_confidence": 1 - 10 ** -rng.normal(3.6, 0.6, sales),
        "snapshot_offset_s": rng.normal(-3 + view["clock"], 3, sales),
        "age": rng.normal(36 + off[3] + view["age"], 13, sales).clip(14, 90),
    }
    of_face = ("face_px", "sharpness", "face_confidence", "age")
    columns = {
        name: pa.array(column, mask=~seen if name in of_face else no_frame)
        for name, column in values.items()
    }
    store_id, till_id = TILLS[number]
    return pa.table(
        columns
        | {
            "store_id": [store_id] * sales,
            "till_id": [till_id] * sales,
            "snapshot_id": pa.array(["F"] * sales, mask=no_frame),
            "faces": pa.array(seen.astype(np.int16), mask=no_frame),
        }
    )


def drift(
    faults: Faults | None = None, *, before: Mapping[int, Any] | None = None, **today: Any
) -> Drift:
    """The day with these faults; ``before`` has what is special of a day so many days before."""
    stored = [(DAY, "a" * 64, counts(DAY, faults, **today))]
    for back in range(1, 29):
        special = (before or {}).get(back, {})
        if special is not None:
            day = DAY - timedelta(days=back)
            of_day = counts(day, **special) if special else _as_usual(day)
            stored.append((day, "b" * 64, of_day))
    return compare(DAY, stored)


def said(found: Drift) -> dict[tuple[str, str | None], set[str]]:
    return {(c.store_id, c.till_id): {x.quantity for x in c.changes} for c in found.changed}


def test_on_a_day_as_usual_no_camera_is_told_of_and_all_are_compared() -> None:
    found = drift()
    assert said(found) == {}
    assert {camera.compared for camera in found.cameras} == {CAMERA_QUANTITIES}
    assert (found.on_record, len(found.cameras)) == (28, 12)


@pytest.mark.parametrize(
    ("fault", "quantity"),
    [
        ({"light": 0.5}, "light"),
        ({"light": 1.6}, "light"),
        ({"face_px": 0.6}, "face_px"),
        ({"sharpness": 0.3}, "sharpness"),
        ({"clock": 40}, "clock"),
        ({"unseen": 0.5}, "unseen"),
        ({"age": -15}, "age"),
    ],
)
def test_what_changed_is_told_of_that_camera_alone(fault: dict[str, float], quantity: str) -> None:
    assert said(drift({DARK: fault})) == {DARK: {quantity}}


def test_a_trifle_is_told_of_nobody_however_sure_it_is() -> None:
    slight = {"light": 0.95, "face_px": 0.9, "sharpness": 0.8, "clock": 5}
    assert said(drift({DARK: slight}, sales=3000)) == {}


def test_the_words_give_the_figures_and_say_what_to_do() -> None:
    (camera,) = drift({DARK: {"light": 0.5}}).changed
    (change,) = camera.changes
    assert change.now == pytest.approx(change.before / 2, rel=0.1)
    assert cameras.change(change) == (
        f"Frames are darker: mean light {change.now:.0f} of 255, was {change.before:.0f}"
        " over the 28\u00a0days before on record."
    )
    assert cameras.todo(camera).startswith("See whether a lamp has failed")


def test_unseen_sales_are_told_with_their_most_frequent_cause() -> None:
    (camera,) = drift({DARK: {"unseen": 0.5, "cause": "no_frame"}}).changed
    (change,) = camera.changes
    words = cameras.change(change)
    assert f"{change.unseen} of 30\u00a0sales" in words
    assert "most often since there was no frame; was 4\u00a0%" in words
    assert "whether the camera records" in cameras.todo(camera)


def test_every_change_has_words_and_something_to_do() -> None:
    for quantity in CAMERA_QUANTITIES:
        for now, before in ((20.0, 90.0), (90.0, 20.0)):
            cause = "no_face" if quantity == "unseen" else None
            found = Change(quantity, now / 100, before / 100, 30, 20, 0.01, 5, cause)
            assert "over the 20\u00a0days before" in cameras.change(found)
            assert cameras.todo(Camera("S1", "1", 30, (), (found,))).endswith(".")


def test_a_camera_that_changed_a_week_ago_is_still_told_of_and_after_four_weeks_is_not() -> None:
    dark = {DARK: {"light": 0.5}}
    assert said(drift(dark, before={back: {"faults": dark} for back in range(1, 8)})) == {
        DARK: {"light"}
    }
    assert said(drift(dark, before={back: {"faults": dark} for back in range(1, 29)})) == {}


def test_a_restless_camera_needs_more_than_a_steady_one() -> None:
    """The measure is how the camera's own days differ, not how sales do."""
    restless = {
        back: {"faults": {DARK: {"light": 1 + 0.3 * (-1) ** back}}} for back in range(1, 29)
    }
    assert said(drift({DARK: {"light": 0.75}})) == {DARK: {"light"}}
    assert said(drift({DARK: {"light": 0.75}}, before=restless)) == {}


def test_too_few_days_or_sales_are_said_to_be_too_few() -> None:
    dark = {DARK: {"light": 0.3}}
    few = drift(dark, before=dict.fromkeys(range(10, 29)))
    assert (few.on_record, said(few)) == (9, {})
    assert {camera.compared for camera in few.cameras} == {()}
    assert {camera.compared for camera in drift(dark, sales=7).cameras} == {()}
    enough = drift(dark, before=dict.fromkeys(range(11, 29)))
    assert said(enough) == {DARK: {"light"}}


def test_days_of_another_model_or_of_other_gates_say_nothing_of_ages() -> None:
    fault = {DARK: {"age": -15, "light": 0.5}}
    for other in ({"basis": "m/0"}, {"min_face_px": 90}):
        changed = drift(fault, before=dict.fromkeys(range(4, 29), other))
        assert said(changed) == {DARK: {"light"}}
        assert "age" not in changed.cameras[0].compared
    assert said(drift(fault)) == {DARK: {"light", "age"}}


def test_what_is_too_little_for_each_camera_is_told_of_the_store() -> None:
    of_store = [key for key in TILLS if key[0] == "S001"]
    few = drift({key: {"unseen": 0.3} for key in of_store}, sales=9)
    assert said(few) == {("S001", None): {"unseen"}}
    # What its cameras are told of is not told of the store again.
    many = drift({key: {"unseen": 0.5} for key in of_store})
    assert said(many) == {key: {"unseen"} for key in of_store}


def test_without_counts_of_the_day_nothing_is_compared() -> None:
    assert compare(DAY, []) == NOTHING
    earlier = DAY - timedelta(days=1)
    assert compare(DAY, [(earlier, "a" * 64, counts(earlier))]) == NOTHING
    assert days_before(DAY)[-1] == earlier


def test_a_day_or_a_past_without_sales_is_no_error() -> None:
    none, yesterday = CAMERA_COUNTS.empty(), DAY - timedelta(days=1)
    quiet = compare(DAY, [(DAY, "a" * 64, none), (yesterday, "b" * 64, _as_usual(yesterday))])
    assert (quiet.cameras, quiet.sha256) == ((), "a" * 64)
    first = compare(DAY, [(DAY, "a" * 64, _as_usual(DAY)), (yesterday, "b" * 64, none)])
    assert {camera.compared for camera in first.cameras} == {()}


def test_counts_add_up_and_name_nobody() -> None:
    table = counts(DAY)
    sales = table.group_by("quantity").aggregate([("sales", "sum")]).to_pylist()
    assert {row["quantity"]: row["sales_sum"] for row in sales}["unseen"] == SALES * len(TILLS)
    assert set(CAMERA_COUNTS.names) == {
        *("store_id", "till_id", "basis", "quantity", "bin", "sales"),
    }
    twice = CAMERA_COUNTS.add_up([table, table])
    assert sum(twice["sales"].to_pylist()) == 2 * sum(table["sales"].to_pylist())


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_a_class_stands_for_what_is_in_it(name: str) -> None:
    measured = MEASURED[name]
    scale = np.linspace(measured.low + 0.01, measured.low + measured.width * 15, 200)
    values = np.array([measured.from_scale(float(at)) for at in scale])
    classes = measured.classify(values)
    assert np.abs(measured.middles(classes) - scale).max() <= measured.width / 2 + 1e-6
    assert measured.classify(np.array([-1e9, 1e9]))[1] == measured.classes - 1


@pytest.mark.parametrize("size", [10, 28])
def test_a_probability_by_chance_means_what_it_says(size: int) -> None:
    rng = np.random.default_rng(size)
    values, new = rng.normal(0, 1, (20_000, size)), rng.normal(0, 1, 20_000)
    p = by_chance(new - np.median(values, axis=1), spread(values), size)
    for level in (0.01, 0.001):
        assert 0.5 * level < np.mean(p < level) < 1.3 * level


def test_half_of_the_values_may_be_anything() -> None:
    values = np.random.default_rng(1).normal(0, 1, (200, 27))
    clean = float(np.median(spread(values)))
    values[:, :9] = 1000
    assert clean == pytest.approx(1, abs=0.1)
    assert float(np.median(spread(values))) < 3
