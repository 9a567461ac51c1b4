"""What a till did about the buyer's age, by the age restrictions of a line of a POSLog."""

import re
from functools import lru_cache

from auditor.inputs.formats.poslog_voids import Fields
from auditor.mapping import YES, says_no

#: Between what several elements say.
_AND = ", "
_FLAGS = ("training", "cancel", "suspend", "void", "line_cancel")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST_METHOD = 80  # letters
_ENOUGH = 4096  # letters of methods that contradict each other
#: Methods of entry that read a card.
_SCANS = ("scanned", "msr")

_PROOF = "id|identity|idcard|photoid|dob|dateofbirth|birthdate|birthday|passport|drivers?licen[cs]e"
_WITH = (
    "(?:id|identity|card|photo|dob|date|of|birth|day|passport|drivers?|licen[cs]e|age|document|"
    "by|from|with|cashier|operator|customers?)*"
)
#: What a method says, by its letters and digits; the first that fits decides. Counts only what is
#: known to: a word that fits nothing is not guessed at.
_METHODS = {
    "unsure": re.compile(r"(?:no|not|non|never|un|in)(?:refus|denied|declin|reject).*"),
    "refused": re.compile(".*(?:refus|denied|declin|reject).*"),
    "unverified": re.compile(
        r"none|(?:not?|non|without|un)(?:id|proof|checked|scanned|verified|seen|viewed|required)|"
        r"unable.*|.*(?:skip|cancel|fail|abort|timeout|timedout|bypass|underage|invalid|expired).*"
    ),
    "looks_over": re.compile(r"(?:(?:looks?|appears?|obviously|clearly)over|looksolder)\d*"),
    "scanned": re.compile(f"{_WITH}(?:scan|scanned|swipe|swiped|msr){_WITH}"),
    "verified": re.compile(
        f"(?:{_PROOF})+|{_WITH}(?:visual|view|viewed|seen|shown|check|checked|verified|confirmed|"
        f"inspected|keyed|entered){_WITH}"
    ),
    "approved": re.compile("approved|accepted|passed|ok|success|successful|completed?"),
}


def note(fields: Fields, column: str, value: str) -> None:
    """Note what one more element or attribute says.

    The first counts; of a flag, the first that does not say no, and of the method, every one.
    """
    before = fields.get(column)
    if before is None or (column in _FLAGS and says_no(before)):
        fields[column] = value
    elif column in ("check_method", "check_verified") and len(before) < _ENOUGH:
        said = (*before.split(_AND), *value.split(_AND))
        fields[column] = _AND.join(dict.fromkeys(said))


def add_restriction(line: Fields, restriction: Fields) -> None:
    """Add an age restriction to what its line says.

    Of several, the highest age and the latest birth date count. Birth dates that are not written
    alike stay side by side, so that the cell is rejected.
    """
    for column, value in restriction.items():
        before = line.get(column, value)
        if column == "required_age":
            line[column] = max(before, value, key=_years)
        elif column == "birth_date" and before != value:
            alike = _ISO_DATE.match(before) and _ISO_DATE.match(value)
            line[column] = max(before, value) if alike else before + _AND + value
        else:
            note(line, column, value)


def _years(text: str) -> float:
    """An age; what is none goes before, so that its row is rejected."""
    return int(text) if text.isdecimal() else float("inf")


def check_of(line: Fields) -> str:
    """What the till did about the buyer's age, in a word of docs/formats.md; empty if nothing.

    What the till says in a word that nobody knows, or in two that contradict each other, stays as
    it is.
    """
    if not line.get("required_age", "").strip("0"):  # 0 where an article asks for no age
        line.pop("required_age", None)
    asked = ("required_age", "birth_date", "check_verified", "check_method")
    # The method of entry of an article's line is that of the article.
    alone = line.get("line_type") == "AgeRestriction"
    if not alone and not any(name in line for name in asked):
        return ""
    method, verified = line.get("check_method", ""), line.get("check_verified", "")
    said = _said_of_all(method)
    if says_no(verified) and said != "refused":
        return "unverified"
    if said in ("refused", "unverified", "looks_over"):
        return said
    if said == "unsure":
        return method
    if verified and verified.casefold() not in YES:
        return verified
    found = {
        "scanned": said == "scanned" or (alone and line.get("entry_method", "").lower() in _SCANS),
        "birth_date": "birth_date" in line,
        "verified": bool(verified) or said == "verified",
        method: said == "approved",  # the sale could go on, but why?
    }
    return next((word for word, holds in found.items() if holds), "asked")


def _said_of_all(methods: str) -> str:
    """What methods say together: one of ``_METHODS``, or empty without any."""
    said = {_said(each) for each in methods.split(_AND) if each}
    if "refused" in said:
        return "refused"
    if len(said) > 1:
        said.discard("approved")
    if said == {"scanned", "verified"}:
        return "scanned"
    return "unsure" if len(said) > 1 else "".join(said)


@lru_cache(maxsize=1000)
def _said(method: str) -> str:
    """What a method says: one of ``_METHODS``."""
    letters = re.sub(r"[\W_]+", "", method.casefold())
    if len(letters) > _LONGEST_METHOD:
        return "unsure"
    fitting = (word for word, pattern in _METHODS.items() if pattern.fullmatch(letters))
    return next(fitting, "unsure")
