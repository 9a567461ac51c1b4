"""What a result rests on: the hashes of inputs, policy and model."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version

import pyarrow as pa
import pyarrow.compute as pc

from auditor.faces.model import Card
from auditor.policy import Policy, Runtime
from auditor.sales.frames import looked_at
from auditor.tables import LEDGER, PROVENANCE


class Basis:
    """What all stores of a day share: the files that were read, the policy, the age model."""

    def __init__(
        self,
        files: Sequence[Sequence[str]],
        policy: Policy,
        card: Card,
        runtime: Runtime,
        mapping_sha256: str | None = None,
    ) -> None:
        """Hash what all stores share; ``files`` are paths and SHA-256 of what was read."""
        self.model = card.full_name
        self._inputs = hashlib.sha256(f"[{json.dumps(sorted(map(list, files)))}, ".encode())
        self._row = {
            "policy_sha256": policy.sha256,
            "mapping_sha256": mapping_sha256,
            "model": card.full_name,
            "model_sha256": card.sha256(runtime),
            "auditor_version": version("auditor"),
        }

    def of_store(self, store_id: str, ledger: pa.Table) -> pa.Table:
        """The row of PROVENANCE of a store's day, whose LEDGER has the hashes of the frames."""
        frames = sorted(sha256 for _, sha256 in looked_at(LEDGER.conform(ledger)))
        inputs = self._inputs.copy()
        inputs.update(f"{json.dumps(frames)}]".encode())
        row = self._row | {"store_id": store_id, "inputs_sha256": inputs.hexdigest()}
        return PROVENANCE.from_rows([row])


def of_chain(stores: pa.Table) -> dict[str, str]:
    """One provenance, by column, for a page about several stores, from their tables.PROVENANCE.

    It has the hash over all inputs; of the others the value that the stores agree on, or all values
    where they do not; empty where there is none.
    """
    inputs = "".join(stores["inputs_sha256"].to_pylist())
    agreed = [name for name in PROVENANCE.names if name not in ("store_id", "inputs_sha256")]
    return {
        "inputs_sha256": hashlib.sha256(inputs.encode()).hexdigest(),
        **{
            name: ", ".join(sorted(pc.unique(stores[name].drop_null()).to_pylist()))
            for name in agreed
        },
    }
