"""The rules in force: for a store on a day, for the whole chain, and for insights."""

from datetime import date
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

#: A store's id becomes part of paths and page names, so it is kept to what is safe there.
STORE_ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

StoreId = Annotated[str, StringConstraints(pattern=rf"^{STORE_ID_PATTERN}$")]
IdCheck = Literal[
    "id_scanned", "dob_entered", "id_viewed", "looks_over", "dob_on_file", "prompt_suppressed"
]
Proportion = Annotated[float, Field(ge=0, le=1)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/London") from error
    return name


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

    legal_age: Annotated[int, Field(ge=1, le=99)] = 18
    challenge_age: Annotated[int, Field(ge=1, le=99)] = 25
    counting_checks: frozenset[IdCheck] = frozenset({"id_scanned", "dob_entered", "id_viewed"})
    alcohol_categories: frozenset[str] = frozenset({"beer", "cider", "wine", "spirits"})
    alcohol_skus: frozenset[str] = frozenset()
    alcohol_free_skus: frozenset[str] = frozenset()
    match_tolerance_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    # Without a value: the model's own, by its card, measured on pictures made worse.
    min_face_px: Annotated[float, Field(ge=0)] | None = None
    min_sharpness: Annotated[float, Field(ge=0)] | None = None
    min_face_confidence: Proportion = 0.9
    # Birth dates that a hand keys in place of reading a document; doubled digits, round years.
    sentinel_birth_dates: frozenset[date] = _SENTINELS
    min_check_seconds: Annotated[float, Field(ge=0, le=60)] = 2.0
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "GBP"

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.challenge_age < self.legal_age:
            raise ValueError("challenge_age must not be under legal_age")
        return self


#: What computes the networks: OpenVINO, or TensorFlow, several times slower, as the reference.
Runtime = Literal["openvino", "tensorflow"]


class ChainRules(Strict):
    """What holds for the whole chain on one day: it cannot differ between stores."""

    model: str = "4"
    runtime: Runtime = "openvino"
    retention_days: Annotated[int, Field(ge=0, le=36500)] = 31  # of faces
    decision_retention_days: Annotated[int, Field(ge=0, le=36500)] = 1096
    smallest_count: Annotated[int, Field(ge=1)] = 5  # that leaves the company uncovered
    max_rejected_share: Proportion = 0.01
    max_inconclusive_share: Proportion = 0.25
    max_missing_stores: Annotated[int, Field(ge=0)] = 0
    min_exposure: Annotated[int, Field(ge=1)] = 10
    people_window_days: Annotated[int, Field(ge=1, le=366)] = 28
    false_lead_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    control_sample: Annotated[int, Field(ge=0, le=1000)] = 20
    # Where the officer's browser finds the frames, if it may; without one, no page links them.
    frames_url: Annotated[str, StringConstraints(pattern=r"^(https?|file)://\S+$")] | None = None


#: Which baskets are looked at: those with alcohol, whose frames the audit reads anyway, or all that
#: have a frame.
Baskets = Literal["alcohol", "all"]

_Age = Annotated[int, Field(ge=1, le=99)]


class InsightRules(Strict):
    """Whether purchases may be looked at by age group, on which basis, and how (docs/insights.md).

    Frames taken for the audit may not simply serve another purpose: nothing is kept unless the
    policy says on what basis, and from which day on.
    """

    enabled: bool = False
    lawful_basis: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    effective_from: date | None = None  # no frame of an earlier day is used
    stores: frozenset[StoreId] = frozenset()  # where the basis holds; none: everywhere
    baskets: Baskets = "alcohol"
    age_groups: Annotated[tuple[_Age, ...], Field(min_length=1, max_length=7)] = (
        *(18, 25, 35, 50, 65),  # where one group ends and the next begins
    )
    # How the model confuses ages on the chain's own cameras, a file beside the policy; without: as
    # measured on the pictures that the model's card names.
    confusion: Annotated[str, StringConstraints(pattern=r"^[\w.-]+$")] | None = None
    min_cell: Annotated[int, Field(ge=3)] = 10  # baskets below which nothing is told
    keep_days: Annotated[int, Field(ge=1)] = 400
    # Beside alcohol, what is suggested to nobody who may be under age.
    age_restricted_categories: frozenset[str] = frozenset(
        {"tobacco", "vapes", "lottery", "knives", "fireworks", "medicines"}
    )
    age_restricted_skus: frozenset[str] = frozenset()
    out_of_range_skus: frozenset[str] = frozenset()  # suggested to nobody

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if list(self.age_groups) != sorted(set(self.age_groups)):
            raise ValueError("age_groups must rise, such as [18, 25, 35, 50, 65]")
        if self.enabled and (self.lawful_basis is None or self.effective_from is None):
            raise ValueError(
                "enabled needs a lawful_basis, in words, and effective_from, the first day whose "
                "frames may be used for it"
            )
        return self

    def hold(self, day: date, store_id: str) -> bool:
        """Whether purchases of a day and store may be looked at."""
        since = self.effective_from
        of_store = not self.stores or store_id in self.stores
        return self.enabled and since is not None and since <= day and of_store


class StoreListing(Strict):
    """A store of the chain; one that is listed and sends no export is reported as missing."""

    name: str | None = None
