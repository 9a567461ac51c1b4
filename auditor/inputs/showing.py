"""What of an input may be repeated in a message, and how."""

import re

SHOWN_LENGTH = 80

#: Names of columns whose cells are never repeated: payment cards, accounts, loyalty, birth dates.
_WITHHELD = re.compile(
    r"card|karte|\bpan\b|pan_|_pan|iban|\bbic\b|account|konto|loyal|treue|kunden|customer|member"
    r"|birth|geburt|\bdob\b",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)", re.ASCII)
#: Instead of such a cell.
WITHHELD = "withheld"
_MASK = "[number withheld]"


def shown(text: str) -> str:
    """A text for a message: shortened, control characters escaped, card numbers withheld."""
    some = _LONG_NUMBER.sub(_masked, text[: 4 * SHOWN_LENGTH])
    escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in some[: SHOWN_LENGTH + 1])
    return escaped if len(escaped) <= SHOWN_LENGTH else escaped[: SHOWN_LENGTH - 1] + "…"


def is_withheld(column: str) -> bool:
    """Whether the cells of a column of this name are never repeated."""
    return _WITHHELD.search(column) is not None


def _masked(found: re.Match[str]) -> str:
    """The mask, where the digits pass the check of card numbers (Luhn), else the text."""
    digits = [int(c) for c in reversed(found[0]) if c.isdigit()]
    total = sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return _MASK if total % 10 == 0 else found[0]
