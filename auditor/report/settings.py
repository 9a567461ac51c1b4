"""What the rules and settings of a day's stores say about reading their sales."""

import re
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import pyarrow as pa

from auditor.errors import ContractError
from auditor.policy import STORE_ID_PATTERN, Policy
from auditor.report.pages import Provenance
from auditor.report.text import guidance


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What a store's rules and settings say about reading its sales.

    Below the two gates, of pixels and of sharpness, no age is estimated. Pictures are kept until
    ``kept_until``, that day included. ``frames_url`` is where the frames can be seen, if anywhere.
    """

    store_id: str
    name: str | None
    zone: ZoneInfo
    currency: str
    min_face_px: float
    min_sharpness: float
    kept_until: date
    frames_url: str | None


def store_settings(
    day: date, store_days: pa.Table, policy: Policy, provenance: Provenance
) -> dict[str, StoreSettings]:
    """The stores of the day by id, in the order of their ids."""
    chain = policy.chain_rules(day)
    settings: dict[str, StoreSettings] = {}
    columns = ("store_id", "store_name", "time_zone")
    ordered = store_days.sort_by("store_id")
    for store_id, name, zone in zip(*(ordered[c].to_pylist() for c in columns), strict=True):
        if not re.fullmatch(STORE_ID_PATTERN, store_id):
            raise ContractError(f"table store_days: store_id {store_id!r} cannot name a page")
        if store_id in settings:
            raise ContractError(f"table store_days: store {store_id} stands there twice")
        rules = policy.rules(day, store_id)
        px, sharp = rules.min_face_px, rules.min_sharpness
        settings[store_id] = StoreSettings(
            store_id=store_id,
            name=name,
            zone=ZoneInfo(zone),
            currency=rules.currency,
            min_face_px=provenance.min_face_px if px is None else px,
            min_sharpness=provenance.min_sharpness if sharp is None else sharp,
            kept_until=guidance.kept_until(day, chain.retention_days),
            frames_url=chain.frames_url,
        )
    return settings
