"""A small day of a small chain, made by hand, with everything on it that a page has to show."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.monitoring.baselines.day_figures import days_before
from auditor.monitoring.baselines.window import Window
from auditor.monitoring.cameras import NOTHING, Camera, CameraDay, Change, Drift
from auditor.monitoring.completeness import (
    Completeness,
    Gap,
    MissingNumbers,
    SilentTills,
    TotalsDiffer,
    UnknownCategory,
)
from auditor.policy import Policy
from auditor.report import Provenance, Report, render_day
from auditor.report.unreadable import UNREADABLE
from auditor.sales.identity import SaleKey
from auditor.tables import (
    CHECK_COUNTS,
    COUNTED,
    DAY_FIGURES,
    DECISION_LOG,
    INCONCLUSIVE_REASONS,
    INPUT_NOTES,
    LEDGER,
    QUALITY_COUNTS,
    QUALITY_RULES,
    RECORDED_AGES,
    REJECTS,
    STORE_DAYS,
    UNKNOWN_STORE,
    ByStore,
)

DAY = date(2026, 3, 27)
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("https://example.invalid")'

PROVENANCE = Provenance(
    inputs_sha256="1a" * 32,
    policy_sha256="2b" * 32,
    model="age_resnet50/1",
    model_sha256="3c" * 32,
    auditor_version="0.1.0",
    calibrated=True,
    mae_years=6.9,
    model_limits=("It was trained on few faces over 70.",),
    min_face_px=34,
    min_sharpness=27,
)

POLICY = Policy(
    {
        "chain": {"name": "Corner & Sons"},
        "stores": {
            "S001": {"name": "High <Street>"},
            "S002": {"name": "Station"},
            "S003": {},
            "S004": {"name": "Old Mill"},
        },
        "policy": [
            {
                "effective_from": date(2026, 1, 1),
                "time_zone": "Europe/London",
                "min_exposure": 4,
                "frames_url": "https://frames.example/till-cameras",
                "override": [{"stores": ["S003"], "currency": "CHF"}],
            }
        ],
    }
)


def sale(number: int, outcome: str, **other: Any) -> dict[str, Any]:
    """A row of LEDGER without an estimate; times go up with ``number``."""
    sold_at = other.get("sold_at", NOON + timedelta(minutes=number))
    return {
        "transaction_id": f"T{number:03}",
        "store_id": "S001",
        "till_id": "2",
        "cashier_id": "C07",
        "started_at": sold_at,
        "sold_at": sold_at,
        "id_check": "none",
        "outcome": outcome,
        "legal_age": 18,
        "challenge_age": 25,
        "amount": Decimal("8.50"),
        "basket": [line("Merlot 75cl", "8.50", alcohol=True)],
        "marks": [],
    } | other


def key(number: str) -> SaleKey:
    """The key of the sale of :func:`sale` with this number, such as ``T002``."""
    return SaleKey("S001", "2", number, NOON + timedelta(minutes=int(number[1:])))


def line(
    description: str, amount: str, *, alcohol: bool, quantity: str = "1", at: int | None = None
) -> dict[str, Any]:
    """A line of a basket, scanned so many seconds after noon."""
    return {
        "sold_at": None if at is None else NOON + timedelta(seconds=at),
        "sku": "4006381333931",
        "description": description,
        "quantity": Decimal(quantity),
        "amount": Decimal(amount),
        "alcohol": alcohol,
        "refused": False,
    }


def estimate(age: float, p_under_legal: float, p_under_challenge: float) -> dict[str, Any]:
    """The columns of an estimate with a frame behind it."""
    return {
        "age": age,
        "age_sd": 4.0,
        "age_low": age - 5.1,
        "age_high": age + 5.1,
        "age_low_95": age - 7.8,
        "age_high_95": age + 7.8,
        "p_under_legal": p_under_legal,
        "p_under_challenge": p_under_challenge,
        "faces": 1,
        "face_confidence": 0.99,
        "face_px": 96.0,
        "sharpness": 80.0,
        "snapshot_id": "F1",
        "snapshot_path": "S001/1.jpg",
        "snapshot_sha256": "4d" * 32,
        "matched_by": "transaction",
        "snapshot_offset_s": -4.0,
    }


def crop(number: int) -> str:
    return f"crops/day=2026-03-27/store=S001/{number:08x}.jpg"


def flag(
    number: int, age: float, p_legal: float, p_challenge: float, **other: Any
) -> dict[str, Any]:
    kept = {"crop": crop(number)}
    reason = {"reason": other.get("id_check", "none")}
    guess = estimate(age, p_legal, p_challenge)
    return sale(number, "flagged", **(guess | kept | reason | other))


def underage(number: int, **other: Any) -> dict[str, Any]:
    """A row of LEDGER whose buyer was too young by the birth date on record."""
    return sale(number, "flagged", reason="recorded_underage", **other)


def store_day(store_id: str, **other: Any) -> dict[str, Any]:
    """A row of STORE_DAYS of a store that sent an export and sold nothing."""
    counts = [c.name for c in STORE_DAYS.columns if pa.types.is_integer(c.type)]
    return {
        **dict.fromkeys(counts, 0),
        "store_id": store_id,
        "store_name": POLICY.stores[store_id].name if store_id in POLICY.stores else None,
        "time_zone": "Europe/London",
        "export_status": "read",
    } | other


def ledger_rows() -> list[dict[str, Any]]:
    other_face = {
        "age": 41.2,
        "age_sd": 5.0,
        "age_low": 34.8,
        "age_high": 47.6,
        "p_under_legal": 0.0,
        "p_under_challenge": 0.001,
        "face_px": 50.0,
    }
    return [
        flag(
            1,
            22.4,
            0.21,
            0.77,
            cashier_id=SCRIPT,
            faces=2,
            other_faces=[other_face],
            marks=["several_faces", "matched_by_time", "a_mark_without_words"],
            matched_by="till_and_time",
            amount=Decimal("1017.25"),
            basket=[
                line("Sourdough <b>loaf</b>", "2.80", alcohol=False),
                line("Lager 4x440ml", "12.50", alcohol=True, quantity="2"),
                *(line(f"Cheese {n}", "1.00", alcohol=False, quantity="0.250") for n in range(12)),
            ],
        ),
        flag(
            2,
            16.9,
            0.64,
            0.98,
            id_check="looks_over",
            id_check_at=NOON + timedelta(minutes=1, seconds=40),
            id_check_by="C07",
            basket=[
                line("Crisps", "1.20", alcohol=False, at=75),
                line("Merlot 75cl", "7.30", alcohol=True, at=90),
                line("Bag", "0.00", alcohol=False, at=118),
            ],
        ),
        flag(3, 24.9, 0.05, 0.52, id_check="not_recorded", cashier_id=FORMULA, crop=None),
        flag(4, 22.1, 0.21, 0.79, id_check="dob_on_file", birth_date=date(1992, 3, 28)),
        underage(10, id_check="id_scanned", birth_date=date(2010, 3, 14)),
        underage(
            11,
            **estimate(41.0, 0.0, 0.01),
            id_check="dob_entered",
            birth_date=date(2008, 3, 28),
            crop=crop(11),
        ),
        sale(
            5,
            "id_checked",
            **estimate(19.0, 0.4, 0.93),
            id_check="id_scanned",
            id_check_at=NOON + timedelta(minutes=4, seconds=50),
            id_check_by="C07",
            birth_date=date(2005, 1, 1),
        ),
        sale(6, "refused", **estimate(17.0, 0.6, 0.97), id_check="refused", cashier_id="C08"),
        sale(7, "over_threshold", **estimate(44.0, 0.01, 0.03), crop=crop(7)),
        sale(8, "over_threshold", **estimate(26.2, 0.11, 0.41), cashier_id="C08", crop=crop(8)),
        sale(9, "id_checked", id_check="id_viewed"),
        *(
            sale(
                20 + n,
                "inconclusive",
                reason=reason,
                snapshot_id=None if reason == "snapshot_missing" else f"F{n}",
                detail="it is HEIC, which is not read" if reason == UNREADABLE else None,
            )
            for n, reason in enumerate(INCONCLUSIVE_REASONS)
        ),
    ]


def ledger() -> pa.Table:
    return LEDGER.from_rows(ledger_rows())


def store_days() -> pa.Table:
    return STORE_DAYS.from_rows(
        [
            store_day(
                "S001",
                export_files=1,
                lines_read=60,
                lines_rejected=2,
                transactions=31,
                duplicate_transactions=1,
                alcohol_sales=len(ledger_rows()),
                alcohol_returns=1,
                snapshots_indexed=14,
                snapshots_matched=12,
                snapshots_unclaimed=2,
                times_ambiguous=1,
            ),
            store_day("S002", export_status="missing"),
            store_day("S003", export_files=1),
            store_day("S004", export_status="unreadable", export_files=1, lines_read=3),
        ]
    )


def rejects() -> pa.Table:
    return REJECTS.from_rows(
        [
            {
                "stage": "inputs",
                "reason": "path_outside",
                "source": "S001/index.csv",
                "row": 4,
                "column": "path",
                "value": "../../etc/passwd",
                "detail": "S001/index.csv, row 4: the path leaves the snapshots' address",
                "store_id": "S001",
            },
            {
                "stage": "inputs",
                "reason": "no_number",
                "source": "S001/2026-03-27.csv",
                "row": 12,
                "column": "amount",
                "value": "<img src=x onerror=alert(1)>",
                "detail": "amount must be a decimal number such as 6.25",
                "store_id": "S001",
            },
            {
                "stage": "inputs",
                "reason": "file_unreadable",
                "source": "S004/2026-03-27.csv",
                "detail": "no header row",
            },
        ]
    )


def figures(store_id: str, day: date, **counts: Any) -> dict[str, Any]:
    """A row of DAY_FIGURES of a like day; ``counts`` are the outcomes."""
    outcomes = {"flagged": 1, "id_checked": 3, "over_threshold": 8, "refused": 1, "inconclusive": 1}
    outcomes |= {name: counts.pop(name) for name in list(counts) if name in outcomes}
    sales = sum(outcomes.values())
    return {
        "day": day,
        "store_id": store_id,
        "model": PROVENANCE.model,
        "challenge_age": 25,
        "export_status": "read",
        "alcohol_sales": sales,
        "with_snapshot": sales,
        "scored": sales - outcomes["inconclusive"],
        **outcomes,
        **counts,
    }


def history() -> pa.Table:
    """The Fridays before the day: one is missing, and the first had another model."""
    rows = []
    for week, day in enumerate(days_before(DAY)):
        other = {"model": "age_resnet50/0"} if week == 0 else {}
        counts = {"flagged": week % 3, "id_checked": 20 + week % 5, "inconclusive": week % 2}
        rows += [figures("S001", day, over_threshold=30, **counts, **other)] if week != 9 else []
    return DAY_FIGURES.from_rows(rows)


def given(**other: Any) -> dict[str, Any]:
    """What a report is made of, with some of the day's tables replaced."""
    tables = {
        "ledger": ledger(),
        "store_days": store_days(),
        "rejects": rejects(),
        "decisions": DECISION_LOG.empty(),
        "history": history(),
        "window": window(),
        "drift": drift(),
        "completeness": completeness(),
        "notes": input_notes(),
    }
    whole: dict[str, Any] = {"provenance": PROVENANCE, "policy": POLICY} | tables | other
    rejected_in = pc.fill_null(whole["rejects"]["store_id"], UNKNOWN_STORE)
    divided = {
        "ledger": ByStore(whole["ledger"]),
        "rejects": ByStore(whole["rejects"], rejected_in),
    }
    return whole | divided


def completeness() -> Completeness:
    """Something of every sign that sales are missing."""
    gap = Gap("0119", NOON, SCRIPT, NOON + timedelta(minutes=9), 3)
    return Completeness(
        categories=(
            UnknownCategory("nothing_sold", "S002", "Wein", 12, 3),
            UnknownCategory("nothing_sold", "S002", None, 2, 0),
            UnknownCategory("checked", "S001", SCRIPT, 40, 9),
            UnknownCategory("articles", "S001", None, 9, 0, sounding=2, example=SCRIPT),
            UnknownCategory("new", "S001", "garden", 4, 0),
        ),
        numbers=(
            MissingNumbers("S001", "2", numbers=140, missing=3, usual=0.2, gaps=(gap,)),
            MissingNumbers("S003", None, numbers=300, missing=1, usual=None, gaps=(gap,)),
        ),
        silent=(
            SilentTills("S001", ("1", SCRIPT), False, 14, 17, expected=61.5, weeks=4),
            SilentTills("S003", ("1",), True, 20, 24, expected=30.0, weeks=3),
        ),
        totals=(
            TotalsDiffer("S001", "2", 138, 140, Decimal(1), Decimal("9.5"), None, None),
            TotalsDiffer("S003", "1", 50, 51, Decimal(2), Decimal(5), 0, Decimal("0.5")),
        ),
        days=21,
        sha256="7a" * 32,
    )


def input_notes() -> pa.Table:
    """What can be noticed of inputs."""
    return INPUT_NOTES.from_rows(
        {"store_id": store_id, "source": "a.csv", "kind": kind, "column": column, "value": value}
        | {"rows": 40}
        for store_id, kind, column, value in (
            ("S001", "unread_column", "training", None),
            ("S001", "unread_column", SCRIPT, None),
            ("S001", "unmapped_value", "id_check", SCRIPT),
            (None, "missing_column", "void", None),
            ("S003", "lost_zeros", "till_id", None),
            ("S001", "local_time", None, None),
        )
    )


def render(**other: Any) -> dict[str, bytes]:
    """The files of the day, with some of its tables replaced."""
    return {name: b"".join(content) for name, content in render_day(Report(DAY, **given(**other)))}


def window(**counts: pa.Table) -> Window:
    """What is on record of 20 days: two cashiers of eight stand out."""
    made = {
        "checks": check_counts(),
        "id_check_quality": quality_counts(),
        "recorded_ages": recorded_ages(),
    }
    days = tuple(DAY - timedelta(days=back) for back in range(19, -1, -1))
    return Window(days=28, on_record=days, sha256="5e" * 32, counts=made | counts)


def drift() -> Drift:
    """Two cameras of three changed, in all that can change; of one too little is on record."""

    def change(quantity: str, now: float, before: float, **other: Any) -> Change:
        return Change(quantity, now, before, sales=31, days=23, q=0.001, **other)

    dark = (
        change("light", 61.0, 118.2),
        change("sharpness", 40.0, 130.0),
        change("face_confidence", 0.971, 0.9989),
        change("unseen", 9 / 31, 0.041, unseen=9, cause="no_face"),
    )
    moved = (change("face_px", 48.0, 91.0), change("clock", -42.0, 1.8), change("age", 29.4, 36.2))
    every = tuple(found.quantity for found in (*dark, *moved))
    return Drift(
        days=28,
        on_record=23,
        sha256="6f" * 32,
        cameras=(
            Camera("S001", "2", 31, every, dark),
            Camera("S001", SCRIPT, 31, every, moved),
            Camera("S003", "1", 3, (), ()),
        ),
        stores=(Camera("S001", None, 62, every, (change("light", 150.0, 120.0),)),),
        on_day=(
            CameraDay("S001", "2", "pattern", 47.2, 1.25, 1.1, 31, 1, 0, 0),
            CameraDay("S001", SCRIPT, "unknown", None, None, None, 31, 31, 2, 6),
            CameraDay("S003", "1", "named", 0.2, -0.1, 0.6, 3, 0, 0, 0),
        ),
    )


def check_counts() -> pa.Table:
    """Eight cashiers of two stores: one asks hardly anybody, one everybody; one of few sales."""
    usual = {
        number: ("S001" if number % 2 else "S003", f"C1{number}", 60, 51) for number in range(6)
    }
    others = [("S001", SCRIPT, 80, 20), ("S003", "C08", 90, 90), ("S001", "C07", 3, 1)]
    rows = [
        {
            "store_id": store_id,
            "cashier_id": cashier_id,
            "from_hour": hour,
            "likelihood": 4,
            "sales": due // 2,
            "handled": handled // 2,
            "refused": handled // 20,
            "unrecorded": 0,
        }
        for store_id, cashier_id, due, handled in (*usual.values(), *others)
        for hour in (12, 17)
    ]
    unseen = {"likelihood": None, "handled": 0, "refused": 0, "unrecorded": 4, "sales": 5}
    return CHECK_COUNTS.from_rows([*rows, rows[0] | unseen])


def quality_counts() -> pa.Table:
    """Eight people who check: one keys one birth date for everybody."""
    rows = []
    for rule in QUALITY_RULES:
        for number in range(8):
            keys_one = number == 7 and rule in ("sentinel_birth_date", "one_birth_date")
            rows.append(
                {
                    "store_id": "S001",
                    "cashier_id": "C07" if number == 7 else f"C1{number}",
                    "rule": rule,
                    "scanned": False,
                    "looked_at": 40,
                    "found": 36 if keys_one else number % 2,
                    "chance": 0.4,
                }
            )
    scans = {"cashier_id": "C11", "scanned": True, "looked_at": 200, "found": 1}
    return QUALITY_COUNTS.from_rows([*rows, rows[0] | scans])


def recorded_ages() -> pa.Table:
    """Ages of two years, keyed and read."""
    key = {"store_id": "S001", "checks": 30}
    return RECORDED_AGES.from_rows(
        key | {"scanned": scanned, "age": age} for scanned in (False, True) for age in (25, 31)
    )


def render_sales(rows: list[dict[str, Any]], **day: Any) -> dict[str, bytes]:
    """The files of a day on which one store made these sales."""
    one = store_day("S001", **({"alcohol_sales": len(rows), "transactions": len(rows)} | day))
    return render(
        ledger=LEDGER.from_rows(rows),
        store_days=STORE_DAYS.from_rows([one]),
        rejects=REJECTS.empty(),
        history=DAY_FIGURES.empty(),
        drift=NOTHING,
        completeness=Completeness(days=0, sha256="7a" * 32),
        notes=INPUT_NOTES.empty(),
        window=Window(28, (), "5e" * 32, {name: kind.empty() for name, kind in COUNTED.items()}),
    )
