"""The policy: what the chain has decided, from which day, and for which stores otherwise.

One TOML file. ``[[policy]]`` entries apply from their ``effective_from`` on; each changes only the
keys that it names. ``[[policy.override]]`` changes keys for the stores it lists, until a later
override changes them again. ``[insights]`` says whether and on which basis purchases may be
analysed by age group. ``format`` may name the format of the file itself. An unknown key is an
error.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from auditor.errors import ConfigurationError
from auditor.policy.checking import table, tables, validated
from auditor.policy.document import SettingsDocument
from auditor.policy.rules import ChainRules, InsightRules, Rules, StoreId, StoreListing, Strict

#: The newest format of a policy file that this program knows. Keys were only ever added to it.
POLICY_FORMAT = 1


class _Chain(Strict):
    name: str = "the chain"


class _StoreName(Strict):
    store_id: StoreId


class _Override(Strict):
    stores: Annotated[tuple[StoreId, ...], Field(min_length=1, examples=[["S001", "S002"]])]
    rules: dict[str, Any]


class _Entry(Strict):
    effective_from: date
    rules: dict[str, Any]
    chain_rules: dict[str, Any]
    overrides: tuple[_Override, ...]


class Policy(SettingsDocument):
    """A whole policy file, which gives the rules of a day and a store."""

    def __init__(
        self, document: Mapping[str, Any] | None = None, *, origin: str = "policy"
    ) -> None:
        """Check a parsed policy file, or :attr:`canonical`; None stands for the built-in defaults.

        ``origin`` names the file in errors.

        Raises:
            ConfigurationError: naming the key, for an unknown key or an impossible value.
        """
        super().__init__(document or {}, origin=origin)

    def _checked(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        document = _without_format(document)
        table(document, "", ("chain", "stores", "insights", "policy"))
        chain = table(document.get("chain", {}), "chain", _Chain.model_fields)
        self.chain_name = validated(_Chain, chain, "chain").name
        insights = table(document.get("insights", {}), "insights", InsightRules.model_fields)
        self.insights = validated(InsightRules, insights, "insights")
        self.stores = _stores(document.get("stores", {}))
        self._entries = _entries(document.get("policy", [{"effective_from": date.min}]))
        self._check_every_combination()
        return document

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
        return validated(Rules, merged, "policy")

    def chain_rules(self, day: date) -> ChainRules:
        """The chain-wide rules in force on ``day``.

        Raises:
            ConfigurationError: no policy was in force on that day yet.
        """
        merged: dict[str, Any] = {}
        for entry in self._in_force(day):
            merged |= entry.chain_rules
        return validated(ChainRules, merged, "policy")

    def begins(self, day: date) -> bool:
        """Whether an entry takes effect on ``day``."""
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


def _without_format(document: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a policy, without the number of its format; the default is format 1."""
    content = dict(document)
    version = content.pop("format", 1)
    if type(version) is not int or version < 1:
        raise ValueError(f"format: must be a whole number, such as {POLICY_FORMAT}")
    if version > POLICY_FORMAT:
        raise ValueError(
            f"format: the policy is written in format {version}, and this program knows formats up"
            f" to {POLICY_FORMAT}: upgrade the program"
        )
    return content


def _stores(raw: Any) -> dict[str, StoreListing]:
    stores = {}
    for store_id, listing in sorted(table(raw, "stores").items()):
        where = f"stores.{validated(_StoreName, {'store_id': store_id}, 'stores').store_id}"
        known = table(listing, where, StoreListing.model_fields)
        stores[store_id] = validated(StoreListing, known, where)
    return stores


def _entries(raw: Any) -> list[_Entry]:
    entries = sorted(map(_entry, tables(raw, "policy")), key=lambda e: e.effective_from)
    if not entries or len({e.effective_from for e in entries}) < len(entries):
        raise ValueError("policy: each [[policy]] needs its own effective_from")
    return entries


def _entry(raw: Any) -> _Entry:
    per_store, chain_wide = Rules.model_fields, ChainRules.model_fields
    raw = table(raw, "policy", (*per_store, *chain_wide, "effective_from", "override"))
    overrides = tables(raw.get("override", []), "policy.override")
    values = {
        **_only(raw, ["effective_from"]),
        "rules": _only(raw, per_store),
        "chain_rules": _only(raw, chain_wide),
        "overrides": tuple(map(_override, overrides)),
    }
    return validated(_Entry, values, "policy")


def _override(raw: Any) -> _Override:
    per_store = Rules.model_fields
    raw = table(raw, "policy.override", (*per_store, "stores"))
    values = _only(raw, ["stores"]) | {"rules": _only(raw, per_store)}
    return validated(_Override, values, "policy.override")


def _only(raw: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name in names}
