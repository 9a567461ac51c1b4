"""What is not certain about columns that nothing is taken from: they may tell what a sale was."""

from collections.abc import Iterator, Sequence

from auditor.operations.mapping.fitness import may_tell_of_person
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.names import (
    is_of_staff,
    is_private,
    likeness,
    tells_void,
    words_of,
)
from auditor.operations.mapping.traits import Traits
from auditor.operations.mapping.words import (
    check_word,
    gives_back,
    is_code,
    line_word,
    state_word,
)

_TELLS = {"id_check": check_word, "line_type": line_word, "transaction_state": state_word}
_MOST_CODES = 15  # distinct texts
_LONGEST = 24  # characters
_KNOWN = 0.5  # share of texts with a meaning, from which a column may be one of ours
_ALIKE = 0.8  # likeness of a name that is enough without any
_SHOWN = 4
_SHORT = 5  # characters of a code
#: Words in the names of columns of codes; and those of codes that say nothing of a line.
_CODES = frozenset(
    (
        *("code", "codes", "type", "kind", "rec", "record", "qualifier", "indicator", "typ", "kz"),
        *(
            "kennzeichen",
            "schlussel",
            "tipo",
            "codigo",
            "codice",
            "kod",
            "tyyppi",
            "koodi",
            "retailtypecode",
        ),
    )
)
_OF_OTHERS = frozenset(
    (
        *("tax", "vat", "mwst", "steuer", "tva", "iva", "btw", "moms", "currency", "wahrung"),
        *("country", "unit", "uom", "language", "reason", "product", "item", "artikel", "store"),
    )
)
#: By the state that the name of a flag says, what it tells.
_TOLD = {
    "training": "that a receipt was rung up in training",
    "suspended": "that a receipt was put aside",
    "voided": "that a line or a receipt was voided",
    "cancelled": "that a line or a receipt was voided",
}
#: Columns of the buyer's age, and words of names that hold how much or how often.
_OF_AGE = ("birth_date", "id_check", "required_age")
_MEASURES = frozenset(
    (
        *("amount", "total", "sum", "price", "policy", "tax", "days", "quantity", "count"),
        *("rate", "fee", "method", "reference", "original", "betrag", "summe", "montant"),
    )
)


def told_by(name: str) -> str:
    """What the name of a column says that it tells of a sale; empty if it says nothing of it."""
    words = words_of(name)
    if is_private(name) or not _MEASURES.isdisjoint(words):
        return ""
    if tells_void(name):
        return _TOLD["voided"]
    if is_of_staff(name):
        return ""
    if gives_back(name):
        return "that an article was given back"
    if any(likeness(name, role) >= _ALIKE for role in _OF_AGE):
        return "of the buyer's age, or of a check of it"
    state = state_word("yes", " ".join(words))
    return _TOLD.get(state.word, "") if state else ""


def unread_to_look_at(found: Found, unread: Sequence[str]) -> Iterator[str]:
    """What to ask about columns that may tell of voids, checks, ages, types of lines or states.

    Nothing is asked about columns that concern a customer, a payment or who works at the till.
    """
    for name in unread:
        if is_private(name):
            continue
        if told := told_by(name):
            yield f"{name} is not read: does it tell {told}?"
        elif roles := _may_be(name, found.traits[name]):
            texts = [text for text in found.traits[name].texts if not may_tell_of_person(text)]
            codes = ", ".join(texts[:_SHOWN])
            yield f"{name} is not read, and its values look like codes ({codes}): {roles}?"
        elif _is_code(name, found.traits[name]):
            count = found.traits[name].distinct
            values = "1 value" if count == 1 else f"{count} values"
            yield f"{name} has {values} and is not read: does it say the type or state of a line?"


def _is_code(name: str, own: Traits) -> bool:
    """Whether a column is called a code or type, of nothing else, and has few and short values."""
    words = set(words_of(name))
    if is_of_staff(name) or not words & _CODES or words & _OF_OTHERS:
        return False
    short = all(len(text) <= _SHORT and text.isalnum() for text in own.texts)
    return 0 < own.distinct <= _MOST_CODES and short


def _may_be(name: str, own: Traits) -> str:
    """Which of our columns the few short words of one may be, the likeliest first."""
    texts = own.texts
    if is_of_staff(name) or own.flag or not 0 < own.distinct <= _MOST_CODES:
        return ""
    if own.times is not None or max(map(len, texts)) > _LONGEST:
        return ""
    known = {
        # A single letter may be anything, so it is none of the words that are known.
        role: sum(not is_code(text) and find(text) is not None for text in texts) / len(texts)
        for role, find in _TELLS.items()
    }
    roles = [
        role
        for role, share in sorted(known.items(), key=lambda each: -each[1])
        if share >= _KNOWN or likeness(name, role) >= _ALIKE
    ]
    return " or ".join(roles)
