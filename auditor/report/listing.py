"""The sales of a store that pages list: flagged, not judged, and drawn for the control sample."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from auditor.decisions.status import CaseStatus
from auditor.errors import ContractError
from auditor.policy import decimals_of
from auditor.report.sales import Case, Drawn, Estimate, Line, OtherFace, Unjudged
from auditor.report.settings import StoreSettings
from auditor.report.text import guidance, words
from auditor.report.trail import recorded_years, trail_of
from auditor.report.unreadable import UNREADABLE
from auditor.sales import control_sample
from auditor.sales.frames import disagreeing
from auditor.sales.identity import SALE_ORDER, SaleKey
from auditor.tables import INCONCLUSIVE_REASONS, RECORDED_UNDERAGE, StoreTables

_ESTIMATE = ("age", "age_sd", "age_low", "age_high", "p_under_legal", "p_under_challenge")
#: What a case shows as the ledger has it.
_SHOWN = (
    *("legal_age", "challenge_age", "faces", "matched_by", "snapshot_id", "snapshot_sha256"),
    "id_check_by",
)
_OF_A_FRAME = ("snapshot_id", "age", "age_low", "age_high")
_REASON_ORDER = {reason: place for place, reason in enumerate(INCONCLUSIVE_REASONS)}


def ranks(ledger: StoreTables) -> dict[str, list[int]]:
    """The rank of every flagged sale: recorded underage, then likeliest under the legal age.

    Ties are ordered by P(under the challenge age), store, time and transaction. ``ledger`` is
    LEDGER of all stores.

    Returns:
        By store the ranks of its flagged sales, ascending; a store without any is left out.

    Raises:
        ContractError: a flagged sale lacks its estimate.
    """
    columns = ["reason", *_ESTIMATE, *SALE_ORDER]
    keys = []
    for store_id in ledger.stores:
        own = ledger.of(store_id, ["outcome", *columns])
        rows = own.filter(pc.equal(own["outcome"], "flagged")).to_pylist()
        for row in rows:
            if row["reason"] != RECORDED_UNDERAGE:
                _check_estimate(row)
        keys += [_by_likelihood(row) for row in rows]
    keys.sort()
    ranks_of: dict[str, list[int]] = {}
    for rank, key in enumerate(keys, start=1):
        store_id = key[-len(SALE_ORDER)]
        ranks_of.setdefault(store_id, []).append(rank)
    return ranks_of


def by_reason(sale: Unjudged) -> tuple[Any, ...]:
    """Order inconclusive sales by reason (as INCONCLUSIVE_REASONS), store, time, transaction."""
    place = _REASON_ORDER.get(sale.reason, len(_REASON_ORDER))
    return place, sale.reason, sale.store_id, sale.sold_at, sale.till_id, sale.transaction_id


def by_lot(sale: Drawn) -> bytes:
    """Order the control sample so that the order says nothing of the sales."""
    return hashlib.sha256(sale.anchor.encode()).digest()


@dataclass(frozen=True, slots=True)
class StoreSales:
    """The sales of one store: its rows of LEDGER, and the status of those with a decision."""

    ledger: pa.Table
    settings: StoreSettings
    statuses: Mapping[SaleKey, CaseStatus]

    def flagged(self, own_ranks: Sequence[int]) -> tuple[Case, ...]:
        """The flagged sales in the order of their ranks, which :func:`ranks` gives.

        Raises:
            ContractError: the crop of a sale lies outside OUT.
        """
        rows = sorted(self._rows("flagged"), key=_by_likelihood)
        return tuple(self._case(row, rank) for row, rank in zip(rows, own_ranks, strict=True))

    def unjudged(self) -> tuple[Unjudged, ...]:
        """The inconclusive sales, in the order of :func:`by_reason`."""
        sales = []
        for row in self._rows("inconclusive"):
            reason = str(row["reason"])
            sales.append(
                Unjudged(
                    **self._sale(row),
                    reason=reason,
                    reason_words=words.label(words.REASONS, reason),
                    detail=row["detail"] if reason == UNREADABLE else None,
                )
            )
        return tuple(sorted(sales, key=by_reason))

    def drawn(self) -> tuple[Drawn, ...]:
        """The store's part of the control sample, in the order of :func:`by_lot`.

        Raises:
            ContractError: a sale lacks its estimate, or its crop lies outside OUT.
        """
        sample = []
        for row in control_sample.of_ledger(self.ledger).to_pylist():
            _check_estimate(row)
            sample.append(
                Drawn(
                    **self._sale(row),
                    outcome=row["outcome"],
                    outcome_words=words.OUTCOMES[row["outcome"]],
                    estimate=_estimate(row),
                    legal_age=row["legal_age"],
                    challenge_age=row["challenge_age"],
                    crop=str(_below_out(row["crop"])),
                )
            )
        return tuple(sorted(sample, key=by_lot))

    def drawn_from(self) -> int:
        """How many sales the control sample could have drawn."""
        return int(control_sample.drawable(self.ledger).num_rows)

    def _rows(self, outcome: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]]
        rows = self.ledger.filter(pc.equal(self.ledger["outcome"], outcome)).to_pylist()
        return rows

    def _sale(self, row: Mapping[str, Any]) -> dict[str, Any]:
        key = SaleKey.of(row)
        return {
            "anchor": key.sale_id,
            **{n: row[n] for n in ("store_id", "transaction_id", "till_id", "cashier_id")},
            "store_name": self.settings.name,
            "sold_at": row["sold_at"].astimezone(self.settings.zone),
            "amount": self._in_currency(row["amount"]),
            "currency": self.settings.currency,
            "id_check": row["id_check"],
            "id_check_words": words.label(words.ID_CHECKS, row["id_check"]),
            "status": self.statuses.get(key),
        }

    def _in_currency(self, amount: Decimal) -> Decimal:
        return round(amount, decimals_of(self.settings.currency))

    def _case(self, row: Mapping[str, Any], rank: int) -> Case:
        zone, checked_at = self.settings.zone, row["id_check_at"]
        years = recorded_years(row["birth_date"], row["sold_at"].astimezone(zone).date())
        marks = tuple(dict.fromkeys(row["marks"]))
        trail, scans = trail_of(row, zone)
        return Case(
            **self._sale(row),
            **{name: row[name] for name in _SHOWN},
            rank=rank,
            reason=str(row["reason"]),
            recorded_years=years,
            estimate=None if row["age"] is None else _estimate(row),
            why=words.why_recorded_underage(years, row["legal_age"])
            if row["reason"] == RECORDED_UNDERAGE and years is not None
            else words.why_flagged(row["age"], row["challenge_age"], row["id_check"]),
            crop=_below_out(row["crop"]),
            other_faces=tuple(
                OtherFace(f["age"], f["age_low"], f["age_high"]) for f in row["other_faces"] or ()
            ),
            marks=marks,
            mark_words=tuple(words.label(words.MARKS, mark) for mark in marks),
            id_check_at=checked_at.astimezone(zone) if checked_at else None,
            trail=trail,
            scans=scans,
            basket=tuple(
                Line(
                    line["description"] or line["sku"],
                    quantity=line["quantity"],
                    amount=self._in_currency(line["amount"]),
                    alcohol=line["alcohol"],
                    refused=bool(line["refused"]),
                )
                for line in row["basket"]
            ),
            keep_in_mind=self._keep_in_mind(row),
            next_steps=guidance.next_steps(
                reason=row["reason"],
                challenge_age=row["challenge_age"],
                marks=marks,
                kept_until=self.settings.kept_until if row["crop"] else None,
            ),
            frame=_frame_url(self.settings.frames_url, row["snapshot_path"]),
        )

    def _keep_in_mind(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        if row["age"] is None:
            return ()
        measured = ("face_px", "sharpness", "face_confidence", "snapshot_offset_s")
        doubts = guidance.keep_in_mind(
            **{name: row[name] for name in ("p_under_challenge", "challenge_age", *measured)},
            interval_years=row["age_high"] - row["age_low"],
            min_face_px=self.settings.min_face_px,
            min_sharpness=self.settings.min_sharpness,
        )
        others = disagreeing(row["frames"] or (), row)
        ages = (words.age_of_frame(*(f[name] for name in _OF_A_FRAME)) for f in others)
        return (*doubts, *ages)


def _by_likelihood(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        row["reason"] != RECORDED_UNDERAGE,
        *(-(row[name] or 0.0) for name in ("p_under_legal", "p_under_challenge")),
        *(row[name] for name in SALE_ORDER),
    )


def _check_estimate(row: Mapping[str, Any]) -> None:
    if missing := [name for name in _ESTIMATE if row[name] is None]:
        raise ContractError(
            f"table ledger: store {row['store_id']}, {SaleKey.of(row).sale_id} is "
            f"{row['outcome']} without {', '.join(missing)}"
        )


def _estimate(row: Mapping[str, Any]) -> Estimate:
    interval = {name: row[f"age_{name}"] for name in ("sd", "low", "high", "low_95", "high_95")}
    chances = {name: row[name] for name in ("p_under_legal", "p_under_challenge")}
    return Estimate(row["age"], **interval, **chances)


def _frame_url(frames_url: str | None, path: str | None) -> str | None:
    """Where a frame can be seen, if anywhere; a path that would leave that place is not linked."""
    if frames_url is None or path is None or ".." in PurePosixPath(path).parts:
        return None
    return f"{frames_url.rstrip('/')}/{quote(path)}"


def _below_out(crop: str | None) -> str | None:
    """The crop's path, once it is known to stay below OUT when a page links it."""
    if crop is None:
        return None
    path = PurePosixPath(crop)
    if path.is_absolute() or ".." in path.parts or "\\" in crop or not path.parts:
        raise ContractError(f"table ledger: crop {crop!r} is no path below OUT")
    return crop
