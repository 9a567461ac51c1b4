"""Several frames of one sale, with the real model: the best face is judged, the others check it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from auditor.pipeline import Job, run_day
from auditor.report.text.words import MARKS
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from tests.conftest import DEMO_DAY

Row = dict[str, Any]
Spoil = Callable[[np.ndarray], np.ndarray]

INDEX = f"snapshots/index/{DEMO_DAY}/S001.csv"


def audited(chain: Path) -> dict[str, Row]:
    """The rows of the ledger of a chain that is audited now, by transaction."""
    sales, snapshots, out, policy = (
        str(chain / name) for name in ("sales", "snapshots", "out", "policy.toml")
    )
    run_day(Job(DEMO_DAY, sales, snapshots, out, policy))
    return ledger(Path(out))


def ledger(out: Path) -> dict[str, Row]:
    """The rows of the ledger that was audited, by transaction."""
    rows = read_day(Place(str(out)), "ledger", DEMO_DAY).to_pylist()
    return {row["transaction_id"]: row for row in rows}


@pytest.fixture(scope="module")
def alone(audited_small: Path) -> dict[str, Row]:
    """The ledger of the small chain, where each sale has one frame."""
    return ledger(audited_small)


@pytest.fixture
def chain(small_chain: Path, tmp_path: Path) -> Path:
    return shutil.copytree(small_chain, tmp_path / "chain")


def add_frame(chain: Path, sale: Row, content: bytes, *, seconds: float = 3) -> str:
    """Put a second frame into a sale's burst, some seconds after the first; its number."""
    index = pd.read_csv(chain / INDEX, dtype=str)
    (first,) = index[index["transaction_id"] == sale["transaction_id"]].to_dict("records")
    at = pd.Timestamp(first["captured_at"]) + pd.Timedelta(seconds=seconds)
    second = first | {
        "snapshot_id": f"{first['snapshot_id']}-2",
        "path": f"{first['path']}-2.png",
        "captured_at": at.isoformat(),
    }
    pd.concat([index, pd.DataFrame([second])]).to_csv(chain / INDEX, index=False)
    (chain / "snapshots" / second["path"]).write_bytes(content)
    return str(second["snapshot_id"])


def frame_of(chain: Path, sale: Row) -> Path:
    return chain / "snapshots" / sale["snapshot_path"]


def drawn(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])


def page_of(chain: Path) -> str:
    return (chain / f"out/reports/{DEMO_DAY}/store-S001.html").read_text()


def upside_down(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.rotate(picture, cv2.ROTATE_180))


def blurred(picture: np.ndarray) -> np.ndarray:
    """So little that an age is estimated all the same."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.5))


def small(picture: np.ndarray) -> np.ndarray:
    smaller = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = smaller.shape[:2]
    return np.asarray(
        cv2.copyMakeBorder(
            smaller, height // 2, height // 2, width // 2, width // 2, cv2.BORDER_REPLICATE
        )
    )


@pytest.mark.parametrize("spoil", [upside_down, blurred, small])
def test_the_age_and_the_face_shown_are_those_of_the_best_frame(
    chain: Path, alone: dict[str, Row], spoil: Spoil
) -> None:
    sale = next(row for row in alone.values() if row["outcome"] == "flagged")
    good = frame_of(chain, sale).read_bytes()
    second = add_frame(chain, sale, good)
    picture = cv2.imread(str(frame_of(chain, sale)))
    assert picture is not None
    frame_of(chain, sale).write_bytes(drawn(spoil(picture)))

    ledger = audited(chain)

    found = ledger.pop(sale["transaction_id"])
    assert [frame["snapshot_id"] for frame in found["frames"]] == [sale["snapshot_id"], second]
    assert (found["frames"][0]["age"] is None) == (spoil is upside_down)
    assert found["snapshot_id"] == second
    assert found["snapshot_sha256"] == sale["snapshot_sha256"]
    assert found["snapshot_offset_s"] == pytest.approx(sale["snapshot_offset_s"] + 3)
    told = ("age", "age_low", "age_high", "p_under_legal", "face_px", "outcome", "crop")
    assert {name: found[name] for name in told} == {name: sale[name] for name in told}
    assert set(found["marks"]) == {*sale["marks"], "several_snapshots"}
    assert second in page_of(chain)
    assert ledger == {number: alone[number] for number in ledger}


def test_a_burst_of_two_people_says_so_whatever_the_order_of_the_index(
    chain: Path, alone: dict[str, Row]
) -> None:
    seen = [row for row in alone.values() if row["age"]]
    flagged = [row for row in seen if row["outcome"] == "flagged"]
    young, older = max(flagged, key=lambda row: row["sharpness"]), max(seen, key=lambda r: r["age"])
    second = add_frame(chain, young, frame_of(chain, older).read_bytes())

    found = audited(chain)[young["transaction_id"]]

    assert set(found["marks"]) == {*young["marks"], "several_snapshots", "frames_disagree"}
    assert found["age"] == young["age"]
    other = next(frame for frame in found["frames"] if frame["snapshot_id"] == second)
    assert other["age_low"] > found["age_high"]
    assert MARKS["frames_disagree"] in page_of(chain)
    assert f"frame {second} of this sale gives" in page_of(chain)
    assert "Look at the other frames of this sale" in page_of(chain)

    ledger = next((chain / "out/ledger").rglob("*.parquet"))
    before = ledger.read_bytes()
    pd.read_csv(chain / INDEX, dtype=str)[::-1].to_csv(chain / INDEX, index=False)
    audited(chain)
    assert ledger.read_bytes() == before
