"""What a result rests on: the hashes of inputs, policy and model."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version

import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import Card
from auditor.policy import Policy, Runtime
from auditor.tables import LEDGER, PROVENANCE


def of_store(
    store_id: str,
    *,
    files: Sequence[Sequence[str]],
    policy: Policy,
    model: tuple[Card, Runtime],
    ledger: pa.Table,
) -> pa.Table:
    """The provenance of one store's day.

    Args:
        store_id: the store.
        files: path and SHA-256 of each export and index that was read.
        policy: in force.
        model: card of the age model, and what computed it.
        ledger: the store's tables.LEDGER, which has the hashes of the frames.

    Returns:
        tables.PROVENANCE, one row.
    """
    frames = sorted(pc.drop_null(LEDGER.conform(ledger)["snapshot_sha256"]).to_pylist())
    inputs = json.dumps([sorted(map(list, files)), frames])
    card, runtime = model
    row = {
        "store_id": store_id,
        "inputs_sha256": hashlib.sha256(inputs.encode()).hexdigest(),
        "policy_sha256": policy.sha256,
        "model": card.full_name,
        "model_sha256": card.sha256(runtime),
        "auditor_version": version("auditor"),
    }
    return PROVENANCE.from_rows([row])


def of_chain(stores: pa.Table) -> dict[str, str]:
    """One provenance for a page about several stores.

    Args:
        stores: tables.PROVENANCE.

    Returns:
        By column: the hash over all inputs; of the others the value that the stores agree on, or
        all values where they do not.
    """
    inputs = "".join(stores["inputs_sha256"].to_pylist())
    agreed = [name for name in PROVENANCE.names if name not in ("store_id", "inputs_sha256")]
    return {
        "inputs_sha256": hashlib.sha256(inputs.encode()).hexdigest(),
        **{name: ", ".join(sorted(pc.unique(stores[name]).to_pylist())) for name in agreed},
    }
