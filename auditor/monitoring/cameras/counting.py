"""What each camera of a store saw on a day, as counts by class, however many sales there were."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.faces.detector import NAME as DETECTOR
from auditor.monitoring.cameras.quantities import CAUSES, MEASURED, UNSEEN
from auditor.policy import Rules
from auditor.tables import CAMERA_COUNTS


def count_cameras(ledger: pa.Table, rules: Rules, model: str) -> pa.Table:
    """Count the alcohol sales of one store's day by camera, quantity and class.

    ``ledger`` are its rows of LEDGER in any order, ``model`` is the age model's name and version.

    Returns:
        CAMERA_COUNTS, sorted by its key.
    """
    basis = _basis(rules, model)
    parts = [_counted(ledger, UNSEEN, _causes(ledger), basis)]
    for name, quantity in MEASURED.items():
        known = ledger.filter(pc.is_valid(ledger[quantity.column]))
        classes = quantity.classify(known[quantity.column].to_numpy().astype(np.float64))
        parts.append(_counted(known, name, pa.array(classes), basis))
    return CAMERA_COUNTS.add_up(parts)


def _causes(ledger: pa.Table) -> pa.Array:
    """Why no age could be estimated of a sale, as a place in CAUSES; after these, it was."""
    conditions = (
        pc.is_null(ledger["snapshot_id"]),
        pc.is_null(ledger["faces"]),
        pc.equal(ledger["faces"], 0),
        pc.is_null(ledger["age"]),
    )
    found = pa.array(np.full(ledger.num_rows, len(CAUSES), np.int16))
    for place, condition in reversed(list(enumerate(conditions))):
        found = pc.if_else(pc.fill_null(condition, False), np.int16(place), found)
    return found


def _counted(sales: pa.Table, quantity: str, classes: pa.Array, basis: str) -> pa.Table:
    rows = sales.num_rows
    columns = {
        "store_id": sales["store_id"],
        "till_id": sales["till_id"],
        "basis": pa.repeat(basis, rows),
        "quantity": pa.repeat(quantity, rows),
        "bin": classes,
        "sales": pa.repeat(1, rows),
    }
    return pa.table(columns)


def _basis(rules: Rules, model: str) -> str:
    """What decides which faces get an estimate, and which; without a gate, the card's holds."""
    gates = ("min_face_px", "min_sharpness", "min_face_confidence")
    values = ((name, getattr(rules, name)) for name in gates)
    return " ".join(
        [model, DETECTOR, *(f"{name}={value:g}" for name, value in values if value is not None)]
    )
