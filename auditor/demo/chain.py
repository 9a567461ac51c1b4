"""A day in a store: who bought what, where and when, and what was checked."""

from bisect import bisect
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

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


class _Slot(NamedTuple):
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
    slots = _slots(store, day, wanted, rng)
    unusual = rng.choice(
        [i for i, slot in enumerate(slots) if not slot.has_alcohol], extra, replace=False
    )
    corrected = rng.choice(
        [i for i, s in enumerate(slots) if s.has_alcohol], troubles.CORRECTED, replace=False
    )
    baskets = []
    numbers: dict[str, int] = {}
    for i, slot in enumerate(slots):
        till_id = slot.till.till_id
        numbers[till_id] = numbers.get(till_id, 100) + 1
        name = f"{store.store_id}-{day:%y%m%d}-{till_id}-{numbers[till_id]:04d}"
        basket = _basket(name, store, slot, rng)
        if i in unusual[: troubles.RETURNS]:
            basket = _given_back(basket, rng)
        elif i in unusual:
            basket = _voided(basket, rng)
        elif i in corrected:
            basket = _corrected(basket)
        baskets.append(basket)
    return baskets


def _slots(store: Store, day: date, wanted: list[bool], rng: np.random.Generator) -> list[_Slot]:
    """When and at which till each basket is paid, no two too close together at one till."""
    taken: dict[str, list[datetime]] = {till.till_id: [] for till in store.tills}
    slots: list[_Slot] = []
    hours = np.arange(24)
    is_open = (hours >= store.opens) & (hours < store.closes)
    while len(slots) < len(wanted):
        has_alcohol = wanted[len(slots)]
        profile = catalogue.ALCOHOL_BY_HOUR if has_alcohol else catalogue.BASKETS_BY_HOUR
        weights = np.array(profile) * is_open
        hour = int(rng.choice(24, p=weights / weights.sum()))
        local = datetime.combine(day, time(hour), _ZONE)
        sold_at = local.astimezone(UTC) + timedelta(seconds=int(rng.integers(100, 3600)))
        tills = [till for till in store.tills if _serving(till, hour)]
        shares = np.array([till.weight for till in tills])
        till = tills[int(rng.choice(len(tills), p=shares / shares.sum()))]
        times = taken[till.till_id]
        if all(abs((sold_at - t).total_seconds()) >= _APART for t in times):
            times.insert(bisect(times, sold_at), sold_at)
            slots.append(_Slot(sold_at, till, has_alcohol))
    return sorted(slots, key=lambda slot: (slot.sold_at, slot.till.till_id))


def _serving(till: Till, local_hour: int) -> str | None:
    return till.early if local_hour < catalogue.LATE_SHIFT else till.late


def _basket(name: str, store: Store, slot: _Slot, rng: np.random.Generator) -> Basket:
    sold_at, till, has_alcohol = slot
    cashier = _serving(till, sold_at.astimezone(_ZONE).hour)
    if cashier is None:
        raise AssertionError(f"till {till.till_id} is closed at {sold_at}")
    buyer = _buyer(store, rng)
    check = Check("none" if till.records_checks else "not_recorded")
    if has_alcohol and till.records_checks:
        check = _check(buyer, cashier, sold_at, rng)
    products = _pick(catalogue.OTHER, buyer, int(rng.integers(0 if has_alcohol else 1, 6)), rng)
    if has_alcohol:
        drinks = 1 + int(rng.random() < 0.3) + int(rng.random() < 0.08)
        products += _pick(catalogue.ALCOHOL, buyer, drinks, rng)
    order = rng.permutation(len(products))
    ago = np.cumsum(rng.integers(2, 6, len(products)))[::-1] - 2
    ago -= ago.min()
    lines = tuple(
        _line(products[i], sold_at - timedelta(seconds=int(seconds)), check.state, rng)
        for i, seconds in zip(order, ago, strict=True)
    )
    return Basket(name, till, cashier, sold_at, lines, check, buyer if has_alcohol else None)


def _buyer(store: Store, rng: np.random.Generator) -> Face:
    starts = [start for start, _ in catalogue.AGE_BANDS]
    weights = np.array([w * (store.youth if s < 25 else 1) for s, w in catalogue.AGE_BANDS])
    band = int(rng.choice(len(starts), p=weights / weights.sum()))
    able = [face for face in faces() if bisect(starts, face.age) - 1 == band]
    return able[int(rng.integers(len(able)))]


def _pick(
    shelf: tuple[Product, ...], buyer: Face, count: int, rng: np.random.Generator
) -> list[Product]:
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


def _check(buyer: Face, cashier: str, sold_at: datetime, rng: np.random.Generator) -> Check:
    """What this cashier does about this buyer's age, and what the till keeps of it."""
    looks = buyer.age + float(rng.normal(0, 2.5))
    asks = float(np.interp(looks, [25, 28, 32, 40], [0.94, 0.5, 0.18, 0.02]))
    if cashier == catalogue.CARELESS_CASHIER:
        asks *= 0.06
    at = sold_at - timedelta(seconds=int(rng.integers(9, 40)))
    if rng.random() >= asks:
        state = str(
            rng.choice(
                ["none", "looks_over", "prompt_suppressed", "dob_on_file"],
                p=[0.46, 0.49, 0.03, 0.02],
            )
        )
        return Check(state, at, cashier) if state == "looks_over" else Check(state)
    has_proof = rng.random() < (0.96 if buyer.age >= 18 else 0.12)
    if not has_proof:
        return Check("refused", at, cashier)
    shown_age = max(buyer.age, float(rng.uniform(18.3, 21)) if buyer.age < 18 else 0.0)
    born = sold_at.date() - timedelta(days=round(shown_age * 365.2425))
    if cashier == catalogue.KEYS_ONE_BIRTH_DATE:
        return Check("dob_entered", at, cashier, catalogue.KEYED_BIRTH_DATE)
    state = str(rng.choice(_CHECKED, p=[0.36, 0.24, 0.40]))
    return Check(state, at, cashier, None if state == "id_viewed" else born)


def _given_back(basket: Basket, rng: np.random.Generator) -> Basket:
    """Somebody brings a bottle back and buys nothing."""
    product = catalogue.ALCOHOL[int(rng.integers(len(catalogue.ALCOHOL)))]
    line = Line(product, basket.sold_at, Decimal(-1), -product.price)
    return replace(basket, lines=(line,))


def _voided(basket: Basket, rng: np.random.Generator) -> Basket:
    """A drink is rung up and taken off again: no alcohol is sold."""
    product = catalogue.ALCOHOL[int(rng.integers(len(catalogue.ALCOHOL)))]
    start = basket.lines[0].at
    on = Line(product, start - timedelta(seconds=9), Decimal(1), product.price)
    off = Line(product, start - timedelta(seconds=4), Decimal(-1), -product.price)
    return replace(basket, lines=(on, off, *basket.lines))


def _corrected(basket: Basket) -> Basket:
    """One unit too many is rung up and taken off again: the sale stays one."""
    line = basket.alcohol[0]
    if basket.check.state == "refused":
        return basket
    price = line.product.price
    start = basket.lines[0].at
    on = Line(line.product, start - timedelta(seconds=7), Decimal(1), price)
    off = Line(line.product, start - timedelta(seconds=3), Decimal(-1), -price)
    return replace(basket, lines=(on, off, *basket.lines))
