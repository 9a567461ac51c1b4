"""The rules in force: for a store on a day, for the whole chain, and for insights.

A validator's message completes "must be ..."; checking.py adds the key and the value seen.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from auditor.clock.local_time import SECOND, day_window
from auditor.policy.currencies import decimals_of
from auditor.policy.names import plain_name

#: A store's id becomes part of paths and page names, so it is kept to what is safe there.
STORE_ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def _matching(pattern: str, expected: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


StoreId = Annotated[
    str,
    _matching(
        STORE_ID_PATTERN,
        'a store id, such as "S001": a letter or digit, then at most 63 letters, digits, '
        "dots, underscores or hyphens",
    ),
]
IdCheck = Literal[
    "id_scanned", "dob_entered", "id_viewed", "looks_over", "dob_on_file", "prompt_suppressed"
]
Proportion = Annotated[float, Field(ge=0, le=1)]
Skus = Annotated[frozenset[str], Field(examples=[["201001", "201002"]])]
Category = Annotated[str, AfterValidator(plain_name)]
Age = Annotated[int, Field(ge=1, le=99)]
Minutes = Annotated[float, Field(ge=0, le=1440)]


def _not_of_all(pattern: str) -> str:
    if not any(character.isalnum() for character in pattern):
        raise ValueError('a pattern of names, such as "*alcohol free*"')
    return pattern


NamePattern = Annotated[str, AfterValidator(_not_of_all)]


#: What tills ask an age for besides alcohol.
AGE_RESTRICTED = frozenset({"tobacco", "vapes", "lottery", "knives", "fireworks", "medicines"})


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('an IANA time zone, such as "Europe/London"') from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]

_SENTINELS = frozenset(
    date(*parts)
    for parts in (
        *((1900, 1, 1), (1911, 11, 11), (1950, 1, 1), (1955, 5, 5), (1960, 1, 1), (1966, 6, 6)),
        *((1970, 1, 1), (1977, 7, 7), (1980, 1, 1), (1988, 8, 8), (1990, 1, 1), (1999, 9, 9)),
        *((2000, 1, 1), (2001, 1, 1)),
    )
)


class Strict(BaseModel):
    """A part of the policy: unknown keys are refused, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rules(Strict):
    """What holds for one store on one day."""

    legal_age: Age = 18
    # Where it depends on the drink. The till's own record of the age it required goes before both.
    legal_age_by_category: Annotated[
        Mapping[Category, Age], Field(examples=[{"beer": 16, "spirits": 18}])
    ] = {}
    challenge_age: Age = 25
    counting_checks: frozenset[IdCheck] = frozenset({"id_scanned", "dob_entered", "id_viewed"})
    alcohol_categories: frozenset[Category] = frozenset({"beer", "cider", "wine", "spirits"})
    # Known, and not alcohol: what is in none of both, and has ID checks, is reported.
    other_categories: frozenset[Category] = AGE_RESTRICTED
    alcohol_skus: Skus = frozenset()
    alcohol_free_skus: Skus = frozenset()
    # None without the chain's word: a name that matches by mistake would hide a sale of alcohol.
    alcohol_free_categories: Annotated[frozenset[Category], Field(examples=[["soft drinks"]])] = (
        frozenset()
    )
    alcohol_free_names: Annotated[
        frozenset[NamePattern], Field(examples=[["*alcohol free*", "*alkoholfrei*"]])
    ] = frozenset()
    # An ID check counts if it was made so long before a transaction begins or after it ends.
    check_before_minutes: Minutes = 15.0
    check_after_minutes: Minutes = 5.0
    # When a business day ends on the date after it, by the store's clock.
    day_ends_at: Annotated[
        str,
        _matching(
            "(0[0-9]|1[01]):[0-5][0-9]",
            'a time before noon on the date after the business day, such as "04:00"',
        ),
    ] = "00:00"
    # Lines of one number at one till that lie further apart are of different transactions.
    transaction_gap_minutes: Annotated[float, Field(gt=0, le=720)] = 120
    match_tolerance_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    # Without a value: that of the model's card, measured on degraded pictures.
    min_face_px: Annotated[float | None, Field(ge=0, examples=[40])] = None
    min_sharpness: Annotated[float | None, Field(ge=0, examples=[10])] = None
    min_face_confidence: Proportion = 0.6
    # Degrees clockwise by which a till's frames are turned to be upright, by the till's id.
    camera_turns: Annotated[Mapping[str, Literal[90, 180, 270]], Field(examples=[{"03": 180}])] = {}
    # Birth dates that a cashier keys in without reading a document: doubled digits, round years.
    sentinel_birth_dates: frozenset[date] = _SENTINELS
    min_check_seconds: Annotated[float, Field(ge=0, le=60)] = 2.0
    time_zone: TimeZone = "UTC"
    currency: Annotated[str, _matching("[A-Z]{3}", 'three capitals, such as "GBP"')] = "GBP"

    def window(self, day: date) -> tuple[int, int]:
        """The first instants of a business day and of the next, in microseconds UTC."""
        return day_window(day, self.time_zone, self.day_ends_at)

    @property
    def decimals(self) -> int:
        """How many decimals an amount of ``currency`` has."""
        return decimals_of(self.currency)

    @property
    def transaction_gap(self) -> int:
        """``transaction_gap_minutes`` in microseconds."""
        return round(self.transaction_gap_minutes * 60 * SECOND)

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        legal = {"legal_age": self.legal_age}
        legal |= {f"legal_age of {name}": a for name, a in self.legal_age_by_category.items()}
        for name, age in legal.items():
            if self.challenge_age < age:
                raise ValueError(
                    f"challenge_age ({self.challenge_age}) must not be under {name} ({age})"
                )
        return self

    @model_validator(mode="after")
    def _categories_agree(self) -> Self:
        alcohol, free, aged = (
            [name.casefold() for name in names]
            for names in (
                *(self.alcohol_categories, self.alcohol_free_categories),
                self.legal_age_by_category,
            )
        )
        if both := sorted(set(alcohol) & set(free)):
            raise ValueError(
                f"{both[0]} must not be in alcohol_categories and in alcohol_free_categories"
            )
        if len(set(aged)) < len(aged):
            raise ValueError("legal_age_by_category must name a category once, in any case")
        # An article that is alcohol by its number may be of any category.
        if not self.alcohol_skus and (unknown := sorted(set(aged) - set(alcohol))):
            raise ValueError(
                f"legal_age_by_category names {unknown[0]}, which must be in alcohol_categories"
            )
        return self


#: What runs the age network: OpenVINO, or TensorFlow, the reference, which is several times slower.
Runtime = Literal["openvino", "tensorflow"]


#: Formats of frames that are read only where the policy names them: a native decoder each.
FrameFormat = Literal["heic", "avif", "tiff"]


class ChainRules(Strict):
    """What holds for the whole chain on one day."""

    model: Annotated[str, BeforeValidator(lambda v: str(v) if type(v) is int else v)] = "5"
    runtime: Runtime = "openvino"
    # Besides JPEG, PNG, WebP and BMP.
    extra_frame_formats: Annotated[frozenset[FrameFormat], Field(examples=[["heic"]])] = frozenset()
    retention_days: Annotated[int, Field(ge=0, le=36500)] = 31  # of faces
    decision_retention_days: Annotated[int, Field(ge=0, le=36500)] = 1096
    smallest_count: Annotated[int, Field(ge=1)] = 5  # smaller ones do not leave the company
    max_rejected_share: Proportion = 0.01
    max_inconclusive_share: Proportion = 0.25
    max_missing_stores: Annotated[int, Field(ge=0)] = 0
    min_exposure: Annotated[int, Field(ge=1)] = 10
    people_window_days: Annotated[int, Field(ge=1, le=366)] = 28
    false_lead_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    control_sample: Annotated[int, Field(ge=0, le=1000)] = 20
    # Where the officer's browser may load the frames; without it, no page links them.
    frames_url: (
        Annotated[
            str,
            _matching(r"(https?|file)://\S+", "an address that begins with https:// or file://"),
        ]
        | None
    ) = None


#: Which baskets are analysed: those with alcohol, whose frames the audit reads anyway, or all that
#: have a frame.
Baskets = Literal["alcohol", "all"]


class InsightRules(Strict):
    """Whether purchases may be analysed by age group, on which basis, and how (docs/insights.md).

    Frames taken for the audit may not simply serve another purpose: nothing is kept unless the
    policy names the lawful basis, and the day from which it holds.
    """

    enabled: bool = False
    lawful_basis: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    effective_from: date | None = None  # no frame of an earlier day is used
    # Where the basis holds; empty for everywhere.
    stores: Annotated[frozenset[StoreId], Field(examples=[["S001", "S002"]])] = frozenset()
    baskets: Baskets = "alcohol"
    age_groups: Annotated[tuple[Age, ...], Field(min_length=1, max_length=7)] = (
        *(18, 25, 35, 50, 65),  # the ages at which a group begins, after the youngest
    )
    # How the model confuses ages on the chain's own cameras: a file beside the policy. Without it:
    # as measured on the pictures that the model's card names.
    confusion: (
        Annotated[str, _matching(r"[\w.-]+", "the name of a file beside the policy")] | None
    ) = None
    min_cell: Annotated[int, Field(ge=3)] = 10  # counts of fewer baskets are withheld
    keep_days: Annotated[int, Field(ge=1)] = 400
    # Besides alcohol, what is never suggested to groups that may be under age.
    age_restricted_categories: frozenset[Category] = AGE_RESTRICTED
    age_restricted_skus: Skus = frozenset()
    out_of_range_skus: Skus = frozenset()  # never suggested

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if list(self.age_groups) != sorted(set(self.age_groups)):
            raise ValueError("age_groups must rise, such as [18, 25, 35, 50, 65]")
        if self.enabled and (self.lawful_basis is None or self.effective_from is None):
            raise ValueError(
                "enabled needs a lawful_basis, in words, and effective_from, the first day whose"
                " frames may be used for it"
            )
        return self

    def hold(self, day: date, store_id: str) -> bool:
        """Whether purchases of a day and store may be analysed."""
        since = self.effective_from
        has_store = not self.stores or store_id in self.stores
        return self.enabled and since is not None and since <= day and has_store


class StoreListing(Strict):
    """A store of the chain; one that is listed and sends no export is reported as missing."""

    name: str | None = None
