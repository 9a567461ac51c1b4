"""A day in a store: who bought what, where and when, and what was checked."""

from bisect import bisect
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from auditor.demo import catalogue, troubles
from auditor.demo.catalogue import Product, Store, Till
from auditor.demo.portrait import Face, faces

_ZONE = ZoneInfo(catalogue.ZONE)

#: Two baskets at one till are at least so far apart: more than a camera that is 47 s off plus a
#: matching tolerance of 30 s, so that a frame without a name can only be its own sale's.
_APART = 90

_CHECKED = ("id_scanned", "dob_entered", "id_viewed")


@dataclass(frozen=True, slots=True)
class Line:
    """A line item; ``at`` is in UTC, ``amount`` in pounds."""

    product: Product
    at: datetime
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Check:
    """What the till recorded of the ID check."""

    state: str
    at: datetime | None = None
    by: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """A transaction. ``buyer`` is None when it is no alcohol sale."""

    transaction_id: str
    till: Till
    cashier_id: str
    sold_at: datetime  # UTC
    lines: tuple[Line, ...]
    check: Check
    buyer: Face | None

    @property
    def alcohol(self) -> tuple[Line, ...]:
        """The lines of alcohol."""
        return tuple(line for line in self.lines if line.product in catalogue.ALCOHOL)

    @property
    def checked(self) -> bool:
        """Whether an ID check is recorded that counts, or the sale was refused."""
        return self.check.state in (*_CHECKED, "refused")


class Slot(NamedTuple):
    """A basket to be filled: when (UTC) and where it is paid."""

    sold_at: datetime
    till: Till
    has_alcohol: bool


def trade(store: Store, day: date, alcohol_sales: int, rng: np.random.Generator) -> list[Basket]:
    """Return the baskets of ``store`` on ``day``, ``alcohol_sales`` of them alcohol sales, by time.

    On top come the returns and voided baskets of :mod:`~auditor.demo.troubles`, which are none.
    """
    extra = troubles.RETURNS + troubles.VOIDED
    others = round(alcohol_sales * catalogue.OTHER_BASKETS) - extra
    wanted = [True] * alcohol_sales + [False] * (others + extra)
    filled = slots(store, day, wanted, rng)
    unusual = rng.choice(
        [i for i, slot in enumerate(filled) if not slot.has_alcohol], extra, replace=False
    )
    corrected = rng.choice(
        [i for i, s in enumerate(filled) if s.has_alcohol], troubles.CORRECTED, replace=False
    )
    baskets = []
    numbers: dict[str, int] = {}
    for i, slot in enumerate(filled):
        till_id = slot.till.till_id
        numbers[till_id] = numbers.get(till_id, 100) + 1
        name = f"{store.store_id}-{day:%y%m%d}-{till_id}-{numbers[till_id]:04d}"
        basket = _basket(name, store, slot, rng)
        if i in unusual[: troubles.RETURNS]:
            basket = _given_back(basket, _drink(rng))
        elif i in unusual:  # no alcohol is sold
            basket = _voided(basket, _drink(rng), on=9, off=4)
        elif i in corrected and basket.check.state != "refused":  # a unit too many; a sale still
            basket = _voided(basket, basket.alcohol[0].product, on=7, off=3)
        baskets.append(basket)
    return baskets


def slots(store: Store, day: date, wanted: list[bool], rng: np.random.Generator) -> list[Slot]:
    """When and at which till each basket is paid, no two too close together at one till."""
    taken: dict[str, list[datetime]] = {till.till_id: [] for till in store.tills}
    filled: list[Slot] = []
    hours = np.arange(24)
    is_open = (hours >= store.opens) & (hours < store.closes)
    while len(filled) < len(wanted):
        has_alcohol = wanted[len(filled)]
        profile = catalogue.ALCOHOL_BY_HOUR if has_alcohol else catalogue.BASKETS_BY_HOUR
        weights = np.array(profile) * is_open
        hour = int(rng.choice(24, p=weights / weights.sum()))
        local = datetime.combine(day, time(hour), _ZONE)
        sold_at = local.astimezone(UTC) + timedelta(seconds=int(rng.integers(100, 3600)))
        tills = [till for till in store.tills if serving(till, hour)]
        shares = np.array([till.weight for till in tills])
        till = tills[int(rng.choice(len(tills), p=shares / shares.sum()))]
        times = taken[till.till_id]
        if all(abs((sold_at - t).total_seconds()) >= _APART for t in times):
            times.insert(bisect(times, sold_at), sold_at)
            filled.append(Slot(sold_at, till, has_alcohol))
    return sorted(filled, key=lambda slot: (slot.sold_at, slot.till.till_id))


def serving(till: Till, local_hour: int) -> str | None:
    """Who serves the till at an hour of the store's clock; None: it is closed."""
    return till.early if local_hour < catalogue.LATE_SHIFT else till.late


def _basket(name: str, store: Store, slot: Slot, rng: np.random.Generator) -> Basket:
    sold_at, till, has_alcohol = slot
    cashier = serving(till, sold_at.astimezone(_ZONE).hour)
    if cashier is None:
        raise AssertionError(f"till {till.till_id} is closed at {sold_at}")
    buyer = buyer_of(store, rng)
    check = Check("none" if till.records_checks else "not_recorded")
    if has_alcohol and till.records_checks:
        check = check_id(buyer, cashier, sold_at, rng)
    products = pick(catalogue.OTHER, buyer, int(rng.integers(0 if has_alcohol else 1, 6)), rng)
    if has_alcohol:
        drinks = 1 + int(rng.random() < 0.3) + int(rng.random() < 0.08)
        products += pick(catalogue.ALCOHOL, buyer, drinks, rng)
    order = rng.permutation(len(products))
    ago = np.cumsum(rng.integers(2, 6, len(products)))[::-1] - 2
    ago -= ago.min()
    if check.at is not None:
        drinks_at = [products[i] in catalogue.ALCOHOL for i in order].index(True)
        check, ago = _timed(check, drinks_at, ago, sold_at)
    lines = tuple(
        _line(products[i], sold_at - timedelta(seconds=int(seconds)), check.state, rng)
        for i, seconds in zip(order, ago, strict=True)
    )
    return Basket(name, till, cashier, sold_at, lines, check, buyer if has_alcohol else None)


def buyer_of(store: Store, rng: np.random.Generator) -> Face:
    """Somebody who buys alcohol in the store."""
    weights = np.array([w * (store.youth if s < 25 else 1) for s, w in catalogue.AGE_BANDS])
    band = int(rng.choice(len(weights), p=weights / weights.sum()))
    able = _faces_by_band()[band]
    return able[int(rng.integers(len(able)))]


@cache
def _faces_by_band() -> tuple[tuple[Face, ...], ...]:
    starts = [start for start, _ in catalogue.AGE_BANDS]
    bands = [bisect(starts, face.age) - 1 for face in faces()]
    return tuple(
        tuple(face for face, its in zip(faces(), bands, strict=True) if its == band)
        for band in range(len(starts))
    )


def pick(
    shelf: tuple[Product, ...], buyer: Face, count: int, rng: np.random.Generator
) -> list[Product]:
    """So many different articles that the buyer takes from a shelf, by the tastes of that age."""
    weights = np.array([product.weight(buyer.age) for product in shelf])
    chosen = rng.choice(len(shelf), count, replace=False, p=weights / weights.sum())
    return [shelf[i] for i in chosen]


def _line(product: Product, at: datetime, check: str, rng: np.random.Generator) -> Line:
    if product in catalogue.ALCOHOL and check == "refused":
        return Line(product, at, Decimal(0), Decimal("0.00"))
    if product.sku in catalogue.LOOSE_SKUS:
        quantity = Decimal(int(rng.integers(150, 1400))) / 1000
    else:
        quantity = Decimal(int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05])))
    return Line(product, at, quantity, (product.price * quantity).quantize(Decimal("0.01")))


def check_id(buyer: Face, cashier: str, sold_at: datetime, rng: np.random.Generator) -> Check:
    """What this cashier does about this buyer's age, and what the till keeps of it.

    The time of the check is so many seconds before the sale as its hand needed.
    """
    habit = catalogue.HABITS.get(cashier, catalogue.ORDINARY)
    looks = buyer.age + float(rng.normal(0, 2.5))
    asks = float(np.interp(looks, [25, 28, 32, 40], [0.94, 0.5, 0.18, 0.02])) * habit.asks
    if cashier == catalogue.ASKS_EVERYONE and looks < 40:
        asks = 1.0
    needed = 3 + int(rng.integers(9, 40)) % 12
    if cashier == catalogue.CONFIRMS_AT_ONCE:
        needed %= 2
    at = sold_at - timedelta(seconds=needed)
    if rng.random() >= asks:
        state = str(
            rng.choice(
                ["none", "looks_over", "prompt_suppressed", "dob_on_file"],
                p=[0.46, 0.49, 0.03, 0.02],
            )
        )
        if cashier == catalogue.JUDGES_BY_EYE:
            state = "looks_over"
        return Check(state, at, cashier) if state == "looks_over" else Check(state)
    has_proof = rng.random() < (0.96 if buyer.age >= 18 else 0.12)
    if not has_proof:
        return Check("refused", at, cashier)
    shown_age = float(rng.uniform(18.3, 21)) if buyer.age < 18 else buyer.age + float(rng.random())
    born = sold_at.date() - timedelta(days=round(shown_age * 365.2425))
    if cashier == catalogue.KEYS_ONE_BIRTH_DATE:
        return Check("dob_entered", at, cashier, habit.birth_date)
    if cashier == catalogue.SCANS_OWN_CARD:
        return Check("id_scanned", at, cashier, habit.birth_date)
    state = str(rng.choice(_CHECKED, p=[0.36, 0.24, 0.40]))
    return Check(state, at, cashier, None if state == "id_viewed" else born)


def _timed(
    check: Check, drinks_at: int, ago: npt.NDArray[np.int64], sold_at: datetime
) -> tuple[Check, npt.NDArray[np.int64]]:
    """The check after its first drink is scanned, and that line early enough for it.

    The till asks when the first drink is scanned, at the place ``drinks_at``; where that is the
    last line of all, the cashier has asked before. Lines are scanned ``ago`` seconds before the
    sale, and the check comes so many before it as its hand needed.
    """
    needed = round((sold_at - check.at).total_seconds()) if check.at else 0
    if drinks_at == len(ago) - 1:
        return replace(check, at=sold_at - timedelta(seconds=needed + 1)), ago
    earlier = ago + np.where(np.arange(len(ago)) <= drinks_at, needed, 0)
    after = sold_at - timedelta(seconds=int(earlier[drinks_at]) - needed)
    return replace(check, at=after), earlier


def _drink(rng: np.random.Generator) -> Product:
    return catalogue.ALCOHOL[int(rng.integers(len(catalogue.ALCOHOL)))]


def _given_back(basket: Basket, product: Product) -> Basket:
    """Somebody brings a bottle back and buys nothing."""
    return replace(basket, lines=(Line(product, basket.sold_at, Decimal(-1), -product.price),))


def _voided(basket: Basket, product: Product, *, on: int, off: int) -> Basket:
    """A drink is rung up and taken off again, so many seconds before the first line."""
    start, price = basket.lines[0].at, product.price
    rung_up = Line(product, start - timedelta(seconds=on), Decimal(1), price)
    taken_off = Line(product, start - timedelta(seconds=off), Decimal(-1), -price)
    return replace(basket, lines=(rung_up, taken_off, *basket.lines))
