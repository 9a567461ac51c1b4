"""The lines of a transaction of a POSLog: what each says by itself and as one of them."""

import re
from collections.abc import Iterator
from decimal import Decimal

from auditor.inputs.formats.poslog_checks import check_of
from auditor.inputs.formats.poslog_elements import UNREAD, says_state
from auditor.inputs.formats.poslog_voids import GIVING_BACK, NO_QUANTITY, Fields, mark_voids
from auditor.mapping import YES, says_no

#: Kinds of lines, in lower case; tills write both Pickup and PickUp.
_NEW_ORDERS = frozenset(("customerorderforpickup", "customerorderfordelivery"))
_ORDERS = _NEW_ORDERS | {"previouscustomerorder", "previouslayaway"}
_SOLD = frozenset(("sale", "saleforpickup", "salefordelivery")) | _ORDERS
_ITEMS = _SOLD | GIVING_BACK
#: Kinds that may name an article and do not sell it.
_SELL_NOTHING = frozenset(
    (
        *("placedorder", "layaway", "discount", "loyaltyreward", "pricemodification", "tender"),
        *("itemnotfound", "itemrestriction"),
    )
)
#: What a line of an order is that hands nothing over.
PLACED_ORDER = "PlacedOrder"
#: The type of a transaction that voids another, whatever its till calls it.
POST_VOID = "PostVoidTransaction"
_ORDERING = "CustomerOrderTransaction"
_TAKING_OFF = ("Discount", "LoyaltyReward")
_FINEST = Decimal("1e-9")  # more decimals than prices and weights have together
#: What an order's own word says of its goods; the first that occurs decides.
_ORDER_ACTIONS = (
    *(("await", False), ("ready", False), ("incomplete", False), ("cancel", False)),
    *(("place", False), ("new", False), ("open", False), ("reserv", False), ("pend", False)),
    *(("deposit", False), ("payment", False)),
    *(("pick", True), ("collect", True), ("deliver", True), ("complete", True), ("fulfil", True)),
)
_OWN = ("resum", "retriev", "recall", "suspend")  # reasons to be the same sale
_STATES = re.compile("void|cancel|suspend|train", re.IGNORECASE)
#: Kinds of lines that void the one that they name.
_VOID_LINE = re.compile("(?:line|item|sale)*void(?:ed)?(?:line|item|sale)*")
#: Reasons of a link that voids, without blanks and signs. One that replaces what was voided sells.
_VOIDS = re.compile("(?:transaction|sale|post)*void(?:s|ed|ing)?(?:transaction|sale)*")


def receipt_lines(whole: Fields, lines: list[Fields], links: list[Fields]) -> Iterator[Fields]:
    """A transaction's lines, each with what holds for all of them.

    Args:
        whole: what the transaction says of itself.
        lines: its lines in their order; none of a transaction that only notes an event.
        links: the other transactions that it names.
    """
    whole = _linked(whole, links)
    if "status" in whole:  # some write a qualified name, such as dtv:Cancelled
        whole["status"] = whole["status"].rpartition(":")[2]
    unread = whole.pop(UNREAD, "")
    if unread and not _STATES.search(whole.get("status", "")):
        whole["status"] = ", ".join(filter(None, (whole.get("status"), unread)))
    begin = whole.get("begin") or whole.get("end") or whole.get("receipt_time", "")
    end = whole.get("end") or begin
    paid = any(line.get("line_type") == "Tender" for line in lines)
    for line in lines:
        if _kind(line) in _ORDERS and not _is_handed_over(
            line, whole, continued=paid or bool(links)
        ):
            line["line_type"] = PLACED_ORDER
        _conclude(line)
        line["time"] = (
            line.get("line_end")
            or line.get("line_begin")
            or (end if line.get("line_type") == "Tender" else begin)
        )
    # Where everything is given back, a discount lessens what is given back: it adds.
    kinds = {_kind(line) for line in lines}
    if not kinds & GIVING_BACK or kinds & _SOLD:
        for line in lines:
            if line.get("line_type") in _TAKING_OFF:
                _negate(line, "amount")
    if any(line["void"] == "true" for line in lines):
        mark_voids(line for line in lines if _is_article(line))
    yield from (whole | line for line in lines)
    if not lines:
        kind = whole.get("transaction_type", "")
        says_all = kind in ("RetailTransaction", POST_VOID)
        event = kind if says_all else whole.get("event", kind)
        yield {"quantity": "0", "amount": "0"} | whole | {"line_type": event, "time": begin}


def _linked(whole: Fields, links: list[Fields]) -> Fields:
    """What a transaction says, with the link that matters and what it resumes or voids."""
    link = next(iter(sorted(links, key=lambda link: not _is_own(link))), {})
    whole = whole | link
    voids = _is_post_void(whole) or _is_void(link)
    if voids:
        whole["transaction_type"] = POST_VOID
    if "link_sequence" in whole and (voids or _is_own(link)):
        whole["resumes"] = whole["link_sequence"]
    return whole


def _is_post_void(whole: Fields) -> bool:
    """Whether a transaction voids another: PostVoidTransaction, or ControlTransaction/PostVoid."""
    kind = whole.get("transaction_type", "")
    said = whole.get("event", "") if kind == "ControlTransaction" else kind
    return "void" in said.casefold()


def _is_own(link: Fields) -> bool:
    reason = link.get("link_reason", "").casefold()
    return any(word in reason for word in _OWN) or _is_void(link)


def _is_void(link: Fields) -> bool:
    reason = re.sub(r"[\W_]+", "", link.get("link_reason", "").casefold())
    return bool(_VOIDS.fullmatch(reason))


def _kind(line: Fields) -> str:
    return line.get("line_type", "").lower()


def _is_article(line: Fields) -> bool:
    """Whether a line sells or gives back an article; if nobody knows its kind, by what it has."""
    kind = _kind(line)
    if kind in _ITEMS or (_VOID_LINE.fullmatch(kind) and "voids_line" in line):
        return True
    named = "item_id" in line or "pos_item_id" in line
    prices = ("amount", "actual_price", "regular_price")
    return named and kind not in _SELL_NOTHING and any(name in line for name in prices)


def _is_handed_over(line: Fields, whole: Fields, *, continued: bool) -> bool:
    """Whether the goods of an order's line are handed over in this transaction.

    Its own word decides. Without one, a line that completes an earlier order hands over; a new one
    does in a retail transaction that is ``continued``: paid, or linked to another.
    """
    said = line.get("order_action", "").lower()
    for word, handed_over in _ORDER_ACTIONS:
        if word in said:
            return handed_over
    if _kind(line) not in _NEW_ORDERS:
        return True
    return continued and whole.get("transaction_type") != _ORDERING


def _conclude(line: Fields) -> None:
    kind = _kind(line)
    line["check"] = check_of(line)
    line["void"] = _void(line)
    if _is_article(line):
        line["article"] = "true"
        if "quantity" not in line:
            line |= {"quantity": "1", NO_QUANTITY: "true"}
        line.setdefault("item_id", line.get("pos_item_id", ""))
        line.setdefault("amount", _priced(line))
    else:
        line.setdefault("quantity", "0")
        line.setdefault("amount", "0")
    if kind in GIVING_BACK:
        _negate(line, "quantity", "amount")


def _void(line: Fields) -> str:
    """Whether a line is void; what nobody knows to say so, or not, stays as it is."""
    flags = [line.get(name, "") for name in ("void", "line_cancel")]
    if any(flag.casefold() in YES for flag in flags):
        return "true"
    if _VOID_LINE.fullmatch(_kind(line)):
        return "true" if "voids_line" in line else f"{line['line_type']} of no line"
    action = line.get("order_action", "")
    if _kind(line) not in _ORDERS and says_state("", action):
        return f"Action={action}"
    unknown = [flag for flag in flags if flag and not says_no(flag)]
    return next(iter([*unknown, *filter(None, [line.pop(UNREAD, "")])]), "false")


def _negate(line: Fields, *names: str) -> None:
    """Make numbers negative, whichever sign they are written with."""
    for name in names:
        value = line.get(name, "")
        if value and not value.startswith("-"):
            line[name] = f"-{value.removeprefix('+')}"


def _priced(line: Fields) -> str:
    """What an article without an amount costs; its price as it stands if no number comes of it."""
    price = line.get("actual_price") or line.get("regular_price", "0")
    try:
        amount = (Decimal(price) * Decimal(line["quantity"])).quantize(_FINEST)
    except ArithmeticError:
        return price
    return f"{amount.normalize():f}"
