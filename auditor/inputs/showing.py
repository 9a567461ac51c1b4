"""What of an input may be repeated in a message, and how."""

import re
from collections.abc import Collection, Iterable

SHOWN_LENGTH = 80

#: Names of columns whose cells are never repeated: payment cards, accounts, loyalty, birth dates.
_WITHHELD = re.compile(
    r"card|karte|\bpan\b|pan_|_pan|iban|\bbic\b|account|konto|loyal|treue|kunden|customer|member"
    r"|birth|geburt|\bdob\b",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)", re.ASCII)
#: Instead of such a cell.
WITHHELD = "(withheld)"
_DIGITS = 4  # of a word, from which it is not shown
_MASK = "[number withheld]"


def shown(text: str) -> str:
    """A text for a message: shortened, control characters escaped, card numbers withheld."""
    some = _LONG_NUMBER.sub(_masked, text[: 4 * SHOWN_LENGTH])
    escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in some[: SHOWN_LENGTH + 1])
    return escaped if len(escaped) <= SHOWN_LENGTH else escaped[: SHOWN_LENGTH - 1] + "…"


def is_withheld(column: str) -> bool:
    """Whether the cells of a column of this name are never repeated."""
    return _WITHHELD.search(column) is not None


def shown_word(
    text: str, columns: Iterable[str], personal: Collection[str], *, kept: bool = False
) -> str:
    """A till's word that nothing explains, for a message.

    Nothing is shown of one that may tell of a person: from columns that are ``personal`` or never
    repeated, or with four digits or more, as a date or a number of anything has. A word that is
    ``kept`` as a category or another name stands in the tables anyway, digits and all.
    """
    withheld = any(name in personal or is_withheld(name) for name in columns)
    withheld |= not kept and sum(map(str.isdigit, text)) >= _DIGITS
    return WITHHELD if withheld else shown(text)


def _masked(found: re.Match[str]) -> str:
    """The mask, where the digits pass the check of card numbers (Luhn), else the text."""
    digits = [int(c) for c in reversed(found[0]) if c.isdigit()]
    total = sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return _MASK if total % 10 == 0 else found[0]
