"""The policy: what the chain has decided, from which day, and for which store otherwise.

One TOML file. ``[[policy]]`` entries apply from their ``effective_from`` on; each keeps what the
entry before it said and changes only the keys it names. ``[[policy.override]]`` changes keys for
the stores it lists, until a later override changes them again. ``[insights]`` says whether and on
which basis purchases may be looked at by age group. ``format`` may name the file's own format
(formats.py). An unknown key is an error.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from auditor import formats
from auditor.errors import ConfigurationError

#: A store's id becomes part of paths and page names, so it is kept to what is safe there.
STORE_ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

StoreId = Annotated[str, StringConstraints(pattern=rf"^{STORE_ID_PATTERN}$")]
IdCheck = Literal[
    "id_scanned", "dob_entered", "id_viewed", "looks_over", "dob_on_file", "prompt_suppressed"
]
Share = Annotated[float, Field(ge=0, le=1)]


_MOST_PARTS = 100  # of a name; a policy has names of two


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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rules(_Strict):
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
    min_face_confidence: Share = 0.9
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


class ChainRules(_Strict):
    """What holds for the whole chain on one day: it cannot differ between stores."""

    model: str = "4"
    runtime: Runtime = "openvino"
    retention_days: Annotated[int, Field(ge=0, le=36500)] = 31  # of faces
    decision_retention_days: Annotated[int, Field(ge=0, le=36500)] = 1096
    smallest_count: Annotated[int, Field(ge=1)] = 5  # that leaves the company uncovered
    max_rejected_share: Share = 0.01
    max_inconclusive_share: Share = 0.25
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


class InsightRules(_Strict):
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


class Store(_Strict):
    """A store of the chain; one that is listed and sends no export is reported as missing."""

    name: str | None = None


class _Chain(_Strict):
    name: str = "the chain"


class _Override(_Strict):
    stores: Annotated[tuple[StoreId, ...], Field(min_length=1)]
    rules: dict[str, Any]


class _Entry(_Strict):
    effective_from: date
    rules: dict[str, Any]
    chain_rules: dict[str, Any]
    overrides: tuple[_Override, ...]


class Policy:
    """The whole policy file, asked for the rules of a day and a store."""

    def __init__(
        self, document: Mapping[str, Any] | None = None, *, origin: str = "policy"
    ) -> None:
        """Check a parsed policy file; None stands for the built-in defaults.

        Raises:
            ConfigurationError: naming the key, for an unknown key or an impossible value.
        """
        try:
            document = formats.policy(document or {})
            self._document = document
            _refuse_unknown(document, {"chain", "stores", "insights", "policy"}, "")
            self.chain_name = _Chain(**document.get("chain", {})).name
            _refuse_unknown(
                document.get("insights", {}), set(InsightRules.model_fields), "insights."
            )
            self.insights = InsightRules(**document.get("insights", {}))
            self.stores: dict[str, Store] = {}
            for store_id, store in sorted(document.get("stores", {}).items()):
                self.stores[_StoreName(store_id=store_id).store_id] = Store(**store)
            self._entries = _entries(document.get("policy", [{"effective_from": date.min}]))
            self._check_every_combination()
        except ValidationError as error:
            raise ConfigurationError(f"{origin}: {_in_words(error)}") from error
        except (
            ConfigurationError,
            ValueError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise ConfigurationError(f"{origin}: {error}") from error

    @classmethod
    def from_toml(cls, content: bytes, *, origin: str) -> Self:
        """Read the policy from the bytes of a TOML file; ``origin`` names it in errors.

        Raises:
            ConfigurationError: no valid TOML, or not a valid policy.
        """
        try:
            _refuse_deep_names(content)
            document = tomllib.loads(content.decode("utf-8"))
        # Beside its own error: a number of thousands of digits, and thousands of brackets.
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{origin}: not a TOML file: {error}") from error
        return cls(document, origin=origin)

    @property
    def canonical(self) -> bytes:
        """What the policy says as JSON, whatever the comments and layout of its file."""
        return json.dumps(self._document, sort_keys=True, default=str).encode()

    @property
    def sha256(self) -> str:
        """Hash of :attr:`canonical`."""
        return hashlib.sha256(self.canonical).hexdigest()

    def rules(self, day: date, store_id: str) -> Rules:
        """The rules in force on ``day`` in ``store_id``.

        Raises:
            ConfigurationError: no policy was in force on that day yet.
        """
        in_force = self._in_force(day)
        merged: dict[str, Any] = {}
        for entry in in_force:
            merged |= entry.rules
        for override in (o for entry in in_force for o in entry.overrides):
            if store_id in override.stores:
                merged |= override.rules
        return Rules(**merged)

    def chain_rules(self, day: date) -> ChainRules:
        """The chain-wide rules in force on ``day``.

        Raises:
            ConfigurationError: no policy was in force on that day yet.
        """
        merged: dict[str, Any] = {}
        for entry in self._in_force(day):
            merged |= entry.chain_rules
        return ChainRules(**merged)

    def begins(self, day: date) -> bool:
        """Whether an entry begins to hold on ``day``."""
        return any(entry.effective_from == day for entry in self._entries)

    def _in_force(self, day: date) -> list[_Entry]:
        entries = [e for e in self._entries if e.effective_from <= day]
        if not entries:
            first = self._entries[0].effective_from
            raise ConfigurationError(f"no policy is in force on {day}: the first begins on {first}")
        return entries

    def _check_every_combination(self) -> None:
        """Fail on loading, not on the night when an override first applies."""
        stores = {s for e in self._entries for o in e.overrides for s in o.stores}
        for where, named in (("policy.override", stores), ("insights", self.insights.stores)):
            if self.stores and (unlisted := named - set(self.stores)):
                raise ValueError(f"{where}: stores {sorted(unlisted)} are not under [stores]")
        for entry in self._entries:
            self.chain_rules(entry.effective_from)
            for store_id in stores | {""}:
                self.rules(entry.effective_from, store_id)


class _StoreName(_Strict):
    store_id: StoreId


def _entries(raw: Sequence[Mapping[str, Any]]) -> list[_Entry]:
    entries = sorted((_entry(e) for e in raw), key=lambda e: e.effective_from)
    if not entries or len({e.effective_from for e in entries}) < len(entries):
        raise ValueError("policy: each [[policy]] needs its own effective_from")
    return entries


def _entry(raw: Mapping[str, Any]) -> _Entry:
    per_store, chain_wide = set(Rules.model_fields), set(ChainRules.model_fields)
    _refuse_unknown(raw, per_store | chain_wide | {"effective_from", "override"}, "policy.")
    overrides = []
    for override in raw.get("override", []):
        _refuse_unknown(override, per_store | {"stores"}, "policy.override.")
        changed = {k: v for k, v in override.items() if k in per_store}
        overrides.append(_Override(stores=override.get("stores", ()), rules=changed))
    return _Entry(
        effective_from=raw.get("effective_from"),
        rules={k: v for k, v in raw.items() if k in per_store},
        chain_rules={k: v for k, v in raw.items() if k in chain_wide},
        overrides=tuple(overrides),
    )


def _refuse_deep_names(content: bytes) -> None:
    """Refuse names of very many parts (a.a.a...): reading them takes the square of their number."""
    for number, line in enumerate(content.splitlines(), 1):
        name = line if line.lstrip().startswith(b"[") else line.partition(b"=")[0]
        if name.count(b".") > _MOST_PARTS and b"," not in name:
            raise ValueError(f"line {number}: a name has more than {_MOST_PARTS} parts")


def _refuse_unknown(table: Mapping[str, Any], known: set[str], prefix: str) -> None:
    if unknown := sorted(set(table) - known):
        raise ValueError(
            f"unknown key {prefix}{unknown[0]}; known here: {', '.join(sorted(known))}"
        )


def _in_words(error: ValidationError) -> str:
    problems = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "policy"
        problems.append(f"{key}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)
