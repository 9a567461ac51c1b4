"""Provenance: every input has a say in the hash, and their order has none."""

from dataclasses import replace

import pyarrow as pa

from auditor.faces.model import Card
from auditor.pipeline import provenance
from auditor.policy import Policy
from auditor.tables import LEDGER, PROVENANCE
from tests.support.report_day import flag

_FILES = [["a.csv", "1" * 64], ["b.csv", "2" * 64]]


def _of(
    files: list[list[str]] = _FILES,
    frame: str = "3",
    policy: Policy | None = None,
    beside: str | None = None,
) -> pa.Table:
    row = flag(1, 20, 0.3, 0.9, snapshot_sha256=frame)
    if beside:  # another frame of the same sale
        found = {"path": "1.jpg", "matched_by": "transaction", "offset_s": 0.0}
        row["frames"] = [found | {"snapshot_id": n, "sha256": n} for n in (frame, beside)]
    ledger = LEDGER.from_rows([row])
    card = Card.read("1")
    return provenance.Basis(files, policy or Policy(), card, "openvino").of_store("S001", ledger)


def test_each_input_changes_the_hash_of_the_inputs() -> None:
    def inputs(table: pa.Table) -> str:
        return str(table["inputs_sha256"][0])

    assert inputs(_of()) == inputs(_of(_FILES[::-1]))
    others = [_of(frame="4"), _of(_FILES[:1]), _of([["a.csv", "9" * 64], _FILES[1]])]
    others += [_of(beside="5"), _of(beside="6")]
    assert len({inputs(t) for t in (_of(), *others)}) == 6


def test_what_computes_the_model_and_its_calibration_change_its_hash() -> None:
    card = Card.read("1")
    eight_bits = replace(card, int8_sha256="8" * 64)
    calibrated = replace(card, calibration_sha256="9" * 64)
    own = [card.sha256("openvino"), eight_bits.sha256("openvino"), calibrated.sha256("openvino")]
    assert len({*own, card.sha256("tensorflow")}) == 4
    assert eight_bits.sha256("tensorflow") == card.sha256("tensorflow")


def test_stores_that_agree_show_one_value_and_others_all() -> None:
    strict = _of(policy=Policy({"chain": {"name": "Other"}}))
    agreed = provenance.of_chain(pa.concat_tables([_of(), _of()]))
    assert agreed["policy_sha256"] == Policy().sha256
    assert agreed["model"] == "age_resnet50/1"
    assert ", " in provenance.of_chain(pa.concat_tables([_of(), strict]))["policy_sha256"]
    assert set(agreed) | {"store_id"} == set(PROVENANCE.names)
