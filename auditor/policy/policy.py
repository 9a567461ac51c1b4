"""The policy: what the chain has decided, from which day, and for which store otherwise.

One TOML file. ``[[policy]]`` entries apply from their ``effective_from`` on; each keeps what the
entry before it said and changes only the keys it names. ``[[policy.override]]`` changes keys for
the stores it lists, until a later override changes them again. ``[insights]`` says whether and on
which basis purchases may be looked at by age group. ``format`` may name the format of the
file itself. An unknown key is an error.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError

from auditor.errors import ConfigurationError
from auditor.policy.rules import ChainRules, InsightRules, Rules, StoreId, StoreListing, Strict

_MOST_PARTS = 100  # of a name; a policy has names of two


class _Chain(Strict):
    name: str = "the chain"


class _Override(Strict):
    stores: Annotated[tuple[StoreId, ...], Field(min_length=1)]
    rules: dict[str, Any]


class _Entry(Strict):
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
            document = _without_format(document or {})
            self._document = document
            _refuse_unknown(document, {"chain", "stores", "insights", "policy"}, "")
            self.chain_name = _Chain(**document.get("chain", {})).name
            _refuse_unknown(
                document.get("insights", {}), set(InsightRules.model_fields), "insights."
            )
            self.insights = InsightRules(**document.get("insights", {}))
            self.stores: dict[str, StoreListing] = {}
            for store_id, store in sorted(document.get("stores", {}).items()):
                self.stores[_StoreName(store_id=store_id).store_id] = StoreListing(**store)
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


#: The newest format of a policy file that this program knows. Keys were only ever added to it.
POLICY_FORMAT = 1


def _without_format(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy says, without the number of its format; without one it is in format 1.

    Raises:
        ConfigurationError: this program does not know the format.
    """
    content = dict(document)
    version = content.pop("format", 1)
    if type(version) is not int or version < 1:
        raise ConfigurationError(f"format: {version!r} is no whole number such as {POLICY_FORMAT}")
    if version > POLICY_FORMAT:
        raise ConfigurationError(
            f"format: the policy is written in format {version}, and this program knows formats up"
            f" to {POLICY_FORMAT}: upgrade the program"
        )
    return content


class _StoreName(Strict):
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
