"""The chain: its stores, tills and cashiers, its hours, and what it sells at which price."""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

import numpy as np

CHAIN = "Tarnmere Stores"
ZONE = "Europe/London"

#: A Friday, a Saturday, and the Sunday on which British clocks go forward.
DAYS = (date(2026, 3, 27), date(2026, 3, 28), date(2026, 3, 29))

#: Hour at which the late shift takes over.
LATE_SHIFT = 14


@dataclass(frozen=True, slots=True)
class Till:
    """A till; at a self-checkout (51 and on) the cashier is the attendant of the whole bank."""

    till_id: str
    weight: float  # share of the store's baskets
    early: str | None  # who serves it; None: it is closed
    late: str | None
    records_checks: bool = True
    exposure: float = 1.0  # light that the camera takes, of that on the days before the demo's


@dataclass(frozen=True, slots=True)
class Store:
    """A store: what it sells when, and how it exports."""

    store_id: str
    name: str
    dialect: str  # CSV with offsets: "iso", "spaced"; without: "local"; typed columns: "parquet"
    opens: int  # local hour
    closes: int
    alcohol_sales: int  # on a usual day
    tills: tuple[Till, ...]
    youth: float = 1.0  # weight of buyers under 25 against the chain's usual mix
    camera_seconds: float = 0.0  # by which the camera's clock is ahead of the till's

    @property
    def writes_text(self) -> bool:
        """Whether its exports are text, so that a row can be malformed."""
        return self.dialect != "parquet"


STORES = (
    Store(
        "S001", "Harbour Lane", "iso", 7, 23, 118,
        (
            Till("01", 0.25, "E1012", "E1031"),
            Till("02", 0.43, "E1019", "E1043"),
            Till("51", 0.12, "E1023", "E1047"),
            Till("52", 0.11, "E1023", "E1047"),
            Till("53", 0.09, "E1023", "E1047"),
        ),
        youth=1.8,
    ),
    Store(
        "S002", "Mill Road", "spaced", 8, 22, 92,
        (
            Till("01", 0.38, "E2008", "E2015", exposure=0.55),  # a lamp has failed
            Till("03", 0.28, None, "E2026", records_checks=False),
            Till("51", 0.19, "E2011", "E2003"),
            Till("52", 0.15, "E2011", "E2003"),
        ),
        youth=1.4,
    ),
    Store(
        "S003", "Castle Street", "local", 8, 22, 70,
        (
            Till("01", 0.45, "E3005", "E3014"),
            Till("02", 0.20, None, "E3018"),
            Till("51", 0.20, "E3009", "E3021"),
            Till("52", 0.15, "E3009", "E3021"),
        ),
        camera_seconds=-47.0,
    ),
    Store(
        "S004", "Station Square", "parquet", 6, 23, 70,
        (
            Till("01", 0.55, "E4002", "E4017"),
            Till("51", 0.25, "E4006", "E4011"),
            Till("52", 0.20, "E4006", "E4011"),
        ),
        youth=1.3,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Habit:
    """What a cashier does otherwise than the rest."""

    name: str  # as in the habits' table
    asks: float = 1.0  # of the buyers whom the others would ask, the share that this one asks
    birth_date: date | None = None  # keyed in for everyone, or on the one card that is scanned


#: Hardly ever asks a young buyer for ID.
CARELESS_CASHIER = "E1043"
#: Asks, but keys the same made-up date of birth in for everyone.
KEYS_ONE_BIRTH_DATE, KEYED_BIRTH_DATE = "E3014", date(1977, 7, 7)
#: Asks, but scans a card of their own in place of the buyer's.
SCANS_OWN_CARD = "E2008"
#: Confirms that a document was seen before anybody could have held it out.
CONFIRMS_AT_ONCE = "E2011"
#: Asks fewer than the others, and confirms of the rest that they look old enough.
JUDGES_BY_EYE = "E4017"
#: Asks everybody who looks under 40.
ASKS_EVERYONE = "E3018"

#: By cashier; all others are ordinary.
HABITS = {
    CARELESS_CASHIER: Habit("hardly_asks", asks=0.06),
    KEYS_ONE_BIRTH_DATE: Habit("keys_one_birth_date", birth_date=KEYED_BIRTH_DATE),
    SCANS_OWN_CARD: Habit("scans_own_card", birth_date=date(1984, 3, 19)),
    CONFIRMS_AT_ONCE: Habit("confirms_at_once"),
    JUDGES_BY_EYE: Habit("judges_by_eye", asks=0.6),
    ASKS_EVERYONE: Habit("asks_everyone"),
}
ORDINARY = Habit("ordinary")

#: Weight of each hour of the day (0 to 23) for baskets without and with alcohol.
BASKETS_BY_HOUR = (0, 0, 0, 0, 0, 0, 2, 4, 6, 5, 5, 6, 8, 7, 6, 6, 8, 10, 10, 8, 6, 4, 3, 0)
ALCOHOL_BY_HOUR = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 4, 5, 8, 12, 14, 13, 11, 8, 5, 0)

#: Baskets without alcohol for every alcohol sale.
OTHER_BASKETS = 1.3

#: Buyers' ages: lower end of the band, years, and its weight. The last band is open.
AGE_BANDS = (
    (14, 0.05), (18, 0.22), (21, 0.08), (25, 0.16), (31, 0.18), (39, 0.14), (48, 0.11),
    (57, 0.05), (64, 0.03),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """An article: its price in pounds, and its weight with younger (under 31) and older buyers."""

    sku: str
    description: str
    category: str
    price: Decimal
    young: float
    older: float

    def weight(self, age: float) -> float:
        """How likely a customer of an age takes it, against the others of its shelf."""
        taste = TASTES.get(self.category)
        factor = taste[bisect(TASTE_AGES, age)] if taste else 1.0
        return factor * (self.young if age < 31 else self.older)


def _products(rows: str) -> tuple[Product, ...]:
    cells = ([cell.strip() for cell in row.split("|")] for row in rows.strip().splitlines())
    return tuple(
        Product(sku, description, category, Decimal(price), float(young), float(older))
        for sku, description, category, price, young, older in cells
    )


ALCOHOL = _products("""
    100101 | Fell End Lager 4 x 440ml            | beer    |  5.25 | 7   | 5
    100102 | Fell End Lager 12 x 330ml           | beer    | 12.00 | 4   | 3
    100103 | Kilnhouse Pale Ale 440ml            | beer    |  2.80 | 5   | 3
    100104 | Tarn Bitter 500ml                   | beer    |  1.95 | 1   | 5
    100105 | Blackstone Stout 4 x 440ml          | beer    |  5.60 | 1   | 3
    100106 | Sundial Premium Lager 660ml         | beer    |  2.50 | 4   | 3
    100201 | Orchard Gate Cider 4 x 440ml        | cider   |  4.75 | 6   | 2
    100202 | Orchard Gate Dark Fruit 4 x 440ml   | cider   |  5.50 | 7   | 1
    100203 | Hollow Tree Vintage Cider 500ml     | cider   |  2.40 | 1   | 2
    100301 | Montegrel Merlot 75cl               | wine    |  7.50 | 2   | 7
    100302 | Casa Lirio Rioja 75cl               | wine    |  9.25 | 1   | 6
    100303 | White Quay Sauvignon Blanc 75cl     | wine    |  8.75 | 3   | 7
    100304 | Belluzzo Pinot Grigio 75cl          | wine    |  7.25 | 3   | 5
    100305 | Belluzzo Prosecco 75cl              | wine    |  9.50 | 4   | 4
    100306 | Rose Landing Blush 75cl             | wine    |  6.75 | 4   | 2
    100307 | Vieux Clocher Champagne 75cl        | wine    | 24.00 | 0.2 | 0.6
    100308 | Quinta Ruiva Tawny Port 75cl        | wine    | 12.50 | 0.1 | 0.9
    100401 | Severnaya Vodka 35cl                | spirits |  9.00 | 5   | 1
    100402 | Severnaya Vodka 70cl                | spirits | 16.50 | 4   | 2
    100403 | Copper Finch Gin 70cl               | spirits | 19.00 | 2   | 3
    100404 | Glen Arrel Blended Whisky 70cl      | spirits | 17.50 | 0.6 | 4
    100405 | Isla Corta Spiced Rum 70cl          | spirits | 18.00 | 3   | 1.5
    100406 | Pink Gin and Tonic can 250ml        | spirits |  2.20 | 6   | 2
    100407 | Marrane Brandy 35cl                 | spirits | 10.50 | 0.2 | 1.2
    100501 | Cooking Brandy 10cl                 | baking  |  3.40 | 0.1 | 0.7
""")

#: Alcohol in a category that is not alcohol's: the policy names it by SKU.
ALCOHOL_SKUS = ("100501",)
#: No alcohol in a category that is alcohol's: the policy names them by SKU.
ALCOHOL_FREE_SKUS = ("100191", "100192", "100391")

OTHER = _products("""
    100191 | Fell End Zero 0.0% 4 x 330ml        | beer          | 3.90 | 1   | 2
    100192 | Kilnhouse Alcohol-Free Pale 440ml   | beer          | 1.80 | 1   | 1
    100391 | Belluzzo Alcohol-Free Fizz 75cl     | wine          | 4.50 | 0.6 | 0.8
    200101 | Liqueur Chocolates 150g             | confectionery | 4.25 | 0.3 | 1
    200102 | Milk Chocolate Bar 180g             | confectionery | 2.10 | 5   | 4
    200103 | Fruit Gums 160g                     | confectionery | 1.25 | 4   | 2
    200201 | Ready Salted Crisps 150g            | snacks        | 1.85 | 7   | 4
    200202 | Tortilla Chips 200g                 | snacks        | 1.70 | 6   | 2
    200203 | Salted Peanuts 200g                 | snacks        | 1.40 | 3   | 4
    200301 | White Farmhouse Loaf 800g           | bakery        | 1.45 | 4   | 7
    200302 | Wholemeal Loaf 800g                 | bakery        | 1.50 | 2   | 6
    200303 | Butter Croissants 4 pack            | bakery        | 2.00 | 3   | 4
    200401 | Semi-Skimmed Milk 2 pints           | dairy         | 1.35 | 6   | 9
    200402 | Mature Cheddar 350g                 | dairy         | 3.75 | 3   | 5
    200403 | Salted Butter 250g                  | dairy         | 2.35 | 2   | 5
    200404 | Free Range Eggs 6                   | dairy         | 1.80 | 3   | 5
    200405 | Natural Yoghurt 500g                | dairy         | 1.60 | 2   | 3
    200501 | Bananas 5 pack                      | produce       | 1.05 | 4   | 6
    200502 | Loose Tomatoes per kg               | produce       | 2.60 | 1   | 3
    200503 | Loose Onions per kg                 | produce       | 1.10 | 1   | 3
    200504 | Cucumber                            | produce       | 0.95 | 2   | 3
    200601 | Margherita Pizza 330g               | chilled       | 3.50 | 6   | 2
    200602 | Chicken and Bacon Sandwich          | chilled       | 3.25 | 6   | 3
    200603 | Tomato and Basil Soup 600g          | chilled       | 2.50 | 2   | 4
    200604 | Chicken Tikka Masala 400g           | chilled       | 4.00 | 3   | 4
    200701 | Cola 2 litre                        | soft drinks   | 2.15 | 6   | 3
    200702 | Energy Drink 500ml                  | soft drinks   | 1.65 | 6   | 0.5
    200703 | Indian Tonic Water 1 litre          | soft drinks   | 1.50 | 2   | 3
    200704 | Still Water 750ml                   | soft drinks   | 0.90 | 5   | 3
    200801 | Spaghetti 500g                      | cupboard      | 0.95 | 4   | 3
    200802 | Tinned Tomatoes 400g                | cupboard      | 0.65 | 3   | 4
    200803 | English Breakfast Tea 80 bags       | cupboard      | 2.75 | 1   | 4
    200804 | Instant Coffee 100g                 | cupboard      | 3.95 | 2   | 4
    200901 | Kitchen Roll 2 pack                 | household     | 2.40 | 1   | 3
    200902 | Washing-Up Liquid 500ml             | household     | 1.30 | 1   | 2
    201001 | Daily Newspaper                     | news          | 1.60 | 0.3 | 5
""")

#: Ages at which a customer's taste changes, and how much more or less of a category is then bought.
TASTE_AGES = (18, 25, 35, 50, 65)
TASTES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "confectionery": (2.5, 1.4, 1.0, 0.9, 0.7, 0.8),
        "snacks": (2.0, 1.6, 1.1, 1.0, 0.6, 0.4),
        "soft drinks": (2.5, 1.8, 1.0, 0.8, 0.6, 0.5),
        "chilled": (0.9, 1.4, 1.6, 1.0, 0.7, 0.6),
        "produce": (0.3, 0.5, 0.9, 1.4, 1.4, 1.2),
        "household": (0.2, 0.4, 1.0, 1.6, 1.3, 1.0),
        "cupboard": (0.5, 0.8, 1.0, 1.2, 1.3, 1.4),
        "news": (0.1, 0.2, 0.4, 0.9, 2.0, 4.0),
    }
)

#: Sold by weight: the quantity is kilograms.
LOOSE_SKUS = ("200502", "200503")


def stream(seed: int, day: date, store: Store, *purpose: int) -> np.random.Generator:
    """The random numbers of a store's day for one purpose: a change of one shifts no other."""
    key = (day.toordinal(), int(store.store_id[1:]), *purpose)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
