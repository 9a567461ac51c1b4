"""Renders a settled day's pages from what is stored, and says which limits the day exceeds."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from auditor import limits, provenance, store
from auditor.files import Place
from auditor.model import Card
from auditor.pipeline.job import Job, load_policy, workspace
from auditor.report import Provenance, render_day
from auditor.store import Partitions


def report_day(job: Job) -> str:
    """Render the day's pages from what is stored, and clear the day's workspace.

    Returns:
        The path of the chain's page, relative to OUT.
    """
    out = Place(job.out)
    folder = f"reports/{job.day}"
    pages = render_day(
        job.day,
        ledger=Partitions(out, "ledger", job.day),
        store_days=store.read_day(out, "coverage", job.day),
        rejects=Partitions(out, "rejects", job.day),
        provenance=_shown(store.read_day(out, "provenance", job.day)),
        policy=load_policy(job.policy),
    )
    written = set()
    for name, content in pages:
        out.write(f"{folder}/{name}", content)
        written.add(f"{folder}/{name}")
    for path in list(out.files(folder)):
        if path not in written:
            out.remove(path)
    out.remove(workspace(job.day))
    return f"{folder}/index.html"


def check_limits(job: Job) -> list[str]:
    """Say which of the policy's limits the stored day exceeds; none is an empty list."""
    out = Place(job.out)
    rejects = Partitions(out, "rejects", job.day, job.stores)
    return limits.exceeded(
        load_policy(job.policy).chain_rules(job.day),
        store_days=store.read_day(out, "coverage", job.day, job.stores),
        outcomes=count_outcomes(job),
        rejects=(rejects.of(store_id, limits.OF_REJECTS) for store_id in rejects.stores),
    )


def count_outcomes(job: Job) -> dict[str, int]:
    """How many of the stored day's alcohol sales ended where."""
    ledger = Partitions(Place(job.out), "ledger", job.day, job.stores)
    counts: Counter[str] = Counter()
    for store_id in ledger.stores:
        counts.update(ledger.of(store_id, ["outcome"])["outcome"].to_pylist())
    return dict(counts)


def _shown(stores: pa.Table) -> Provenance:
    """The provenance of the pages, with what the card of each model used says of it."""
    versions = [name.rpartition("/")[2] for name in pc.unique(stores["model"]).to_pylist()]
    cards = [Card.read(version) for version in versions]
    return Provenance(
        **provenance.of_chain(stores),
        calibrated=all(card.calibrated for card in cards),
        mae_years=max((card.mae_years for card in cards), default=None),
        model_limits=tuple(dict.fromkeys(limit for card in cards for limit in card.limits)),
    )
