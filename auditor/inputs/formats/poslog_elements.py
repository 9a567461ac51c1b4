"""Where each column of a POSLog stands: a path of elements, or of elements and an attribute.

Names are compared without namespace prefix and case, so that both POSLog 6 and the dialect of NCR's
ACS are covered; ``*`` is any element, and one with ``[@NAME=VALUE]`` has an attribute that says so,
in any case. What no path leads to is never read: no card, no account, no
loyalty member, no name and no signature leaves the file. Only a flag elsewhere that may say that
something was voided, cancelled, suspended or for training is passed on, to be noted.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from auditor.mapping import says_no

#: Of a transaction, below ``Transaction``.
OF_TRANSACTION = {
    **{
        f"{place}{flag}": column
        for place in ("@", "", "*/@", "*/")
        for flag, column in (
            *(("CancelFlag", "cancel"), ("TrainingModeFlag", "training")),
            ("SuspendFlag", "suspend"),
        )
    },
    "RetailStoreID": "store",
    "BusinessUnit/UnitID": "store",
    "WorkstationID": "workstation",
    "SequenceNumber": "sequence",
    "OperatorID": "operator",
    "BusinessDayDate": "business_day",
    "BeginDateTime": "begin",
    "EndDateTime": "end",
    "*/ReceiptDateTime": "receipt_time",
    "@TransactionStatus": "status",
    "TransactionStatus": "status",
    "*/TransactionStatus": "status",
    "*/@TransactionStatus": "status",
    # Of a post-void that names what it voids without a link.
    "*/RetailStoreID": "link_store",
    "*/WorkstationID": "link_workstation",
    "*/SequenceNumber": "link_sequence",
    "*/BusinessDayDate": "link_business_day",
    "*/*/TransactionCount": "quantity",
    "*/*/TotalNetSalesAmount": "amount",
}

#: Of a link to another transaction, below ``TransactionLink``.
OF_LINK = {
    "@ReasonCode": "link_reason",
    "ReasonCode": "link_reason",
    "RetailStoreID": "link_store",
    "BusinessUnit/UnitID": "link_store",
    "WorkstationID": "link_workstation",
    "SequenceNumber": "link_sequence",
    "BusinessDayDate": "link_business_day",
}

#: Of an age restriction, below ``AgeRestriction``.
OF_CHECK = {
    "": "required_age",
    "AgeRestrictionCode": "required_age",
    "MinimumAge": "required_age",
    "RequiredAge": "required_age",
    "@Birthdate": "birth_date",
    "Birthdate": "birth_date",
    "DateOfBirth": "birth_date",
    "@Verified": "check_verified",
    "Verified": "check_verified",
    "ApprovalMethod": "check_method",
    "@ApprovalMethod": "check_method",
    "Disposition": "check_method",
    "ApproverID": "approver",
    "OperatorID": "approver",
}

#: Where a line says which other line of its transaction it concerns: by its number alone, or by an
#: element or an attribute that holds it.
_LINKS = tuple(
    f"{place}{link}{number}"
    for place in ("", "*/")
    for link in ("ItemLink", "LineItemLink")
    for number in (
        *("", "/SequenceNumber", "/LineItemSequenceNumber", "/LineItem/SequenceNumber"),
        *("/@SequenceNumber", "/@LineItemSequenceNumber"),
    )
)

#: Of a line, below ``LineItem``; ``*`` is what kind of line it is: Sale, Return, Tender, ...
OF_LINE = {
    **{
        f"{place}{flag}": column
        for place in ("@", "", "*/@", "*/")
        for flag, column in (("VoidFlag", "void"), ("CancelFlag", "line_cancel"))
    },
    "@EntryMethod": "entry_method",
    "SequenceNumber": "line",
    "BeginDateTime": "line_begin",
    "EndDateTime": "line_end",
    "OperatorBypassApproval/ApproverID": "approver",
    "*/@ItemType": "item_type",
    "*/@Action": "order_action",
    "*/@Status": "order_action",
    "*/@TenderType": "tender_type",
    "*/ItemID": "item_id",
    "*/POSIdentity/POSItemID": "pos_item_id",
    "*/MerchandiseHierarchy": "category",
    "*/MerchandiseHierarchy[@Level=Department]": "department",
    "*/Description": "description",
    "*/ItemDescription": "description",
    "*/Quantity": "quantity",
    "*/RegularSalesUnitPrice": "regular_price",
    "*/ActualSalesUnitPrice": "actual_price",
    "*/ExtendedAmount": "amount",
    "*/Amount": "amount",
    "*/ExtendedRewardAmount": "amount",
    "*/OperatorBypassApproval/ApproverID": "approver",
    **dict.fromkeys(_LINKS, "voids_line"),
}

#: Columns that the reader concludes from others.
CONCLUDED = ("transaction_type", "line_type", "article", "time", "check", "resumes")

#: Every column that a POSLog has.
COLUMNS = tuple(
    dict.fromkeys(
        (
            *(*OF_TRANSACTION.values(), *OF_LINK.values(), *OF_LINE.values(), *OF_CHECK.values()),
            *CONCLUDED,
        )
    )
)

#: Elements of a line that do not say what kind of line it is.
OF_EVERY_LINE = frozenset(
    (
        *("SequenceNumber", "BeginDateTime", "EndDateTime", "ItemLink", "LineItemLink"),
        "OperatorBypassApproval",
    )
)

#: Elements of a transaction without lines that do not say what happened.
OF_EVERY_EVENT = frozenset(
    ("ReasonCode", "ReceiptDateTime", "TransactionCount", "TransactionLink", "TransactionStatus")
)


#: In the place of a column: a flag that no path leads to, with its value.
UNREAD = "unread_flag"
_STATE = "(?:post)?(?:void|cancell?|suspend|train)(?:ed|ing)?(?:mode)?"
_FLAG = re.compile(
    f"(?:is|was|has){_STATE}(?:flag|indicator)?|{_STATE}(?:flag|indicator)", re.IGNORECASE
)
_WORD = re.compile(_STATE, re.IGNORECASE)


@lru_cache(maxsize=1000)
def is_flag(name: str) -> bool:
    """Whether an element of this name says that something was voided, cancelled and the like."""
    return bool(_FLAG.fullmatch(name))


@lru_cache(maxsize=10_000)
def says_state(name: str, value: str) -> bool:
    """Whether an attribute says that something was voided, cancelled and the like."""
    if is_flag(name) or _WORD.fullmatch(name):
        return not says_no(value)
    return bool(_WORD.fullmatch(local_name(value)))


#: Names of elements that are remembered; more are looked up each time.
_MOST_NAMES = 10_000


@dataclass(slots=True)
class Element:
    """An element that is looked at: its column, its attributes', and its own elements by name."""

    column: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    elements: dict[str, "Element"] = field(default_factory=dict)
    variants: dict[tuple[str, str], str] = field(default_factory=dict)  # columns by an attribute
    starts: str = ""  # what begins with it: "transaction", "line", "link" or "check"
    kinds: bool = False  # whether the names of the elements in it say of what kind it is
    _known: dict[str, "Element | None"] = field(default_factory=dict)

    def below(self, name: str) -> "Element | None":
        """The element of this name in it, if that is looked at."""
        try:
            return self._known[name]
        except KeyError:
            local = local_name(name)
            found = self.elements.get(local.lower())
            found = found or (_UNREAD if is_flag(local) else self.elements.get("*"))
            if len(self._known) < _MOST_NAMES:
                self._known[name] = found
            return found

    def add(self, path: str, column: str) -> None:
        """Add the column at the end of a path."""
        name, _, rest = path.partition("/")
        if not name:
            self.column = column
        elif name.startswith("@"):
            self.attributes[name[1:].lower()] = column
        else:
            name, _, condition = name.partition("[@")
            element = self.elements.setdefault(name.lower(), Element())
            if condition:
                attribute, _, value = condition.removesuffix("]").lower().partition("=")
                element.variants[attribute, value] = column
            else:
                element.add(rest, column)

    def columns(self, attributes: dict[str, str]) -> list[str]:
        """The columns that its text is of, where it has these attributes."""
        columns = [] if self.column is None else [self.column]
        if self.variants:
            said = {(local_name(k).lower(), v.strip().lower()) for k, v in attributes.items()}
            columns += [column for each, column in self.variants.items() if each in said]
        return columns


_UNREAD = Element(column=UNREAD)


def local_name(name: str) -> str:
    """A name without its namespace prefix."""
    return name.rpartition(":")[2]


def outermost() -> Element:
    """What is around a file's outermost element, with all that is looked at in it."""
    transaction = Element(starts="transaction", kinds=True)
    line, link = Element(starts="line", kinds=True), Element(starts="link")
    check = Element(starts="check")
    for element, paths in (
        *((transaction, OF_TRANSACTION), (line, OF_LINE), (link, OF_LINK)),
        (check, OF_CHECK),
    ):
        for path, column in paths.items():
            element.add(path, column)
    line.elements["agerestriction"] = line.elements["*"].elements["agerestriction"] = check
    kind = transaction.elements["*"]
    kind.kinds = True
    kind.elements |= {"lineitem": line, "transactionlink": link}
    kind.elements["*"].elements["transactionlink"] = link  # of ControlTransaction/PostVoid
    around = Element(elements={"transaction": transaction})
    around.elements["*"] = around
    return around
