"""How the report says things: labels, parts of sentences, and numbers as a person reads them."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from auditor.policy import decimals_of

NO_BREAK = "\u00a0"
#: Stands where there is nothing to say.
NOTHING = "\u2013"
_REPLACEMENT = "\ufffd"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}

#: What an outcome is called on a page; ``inconclusive`` and ``over_threshold`` never sound cleared.
OUTCOMES: Mapping[str, str] = {
    "flagged": "Flagged for a person to look at",
    "id_checked": "ID check recorded",
    "over_threshold": "Estimated at or over the challenge age",
    "refused": "Sale refused",
    "inconclusive": "Could not be judged",
}

REASONS: Mapping[str, str] = {
    "snapshot_missing": "no camera frame belongs to the sale",
    "snapshot_ambiguous": "the camera frame may be of this sale or of another",
    "snapshot_contradicts": "the camera frame names this sale, but is of another time or till",
    "snapshot_unreadable": "the camera frame could not be read",
    "camera_frozen": "the camera was frozen: it gave the same picture for one sale after another",
    "no_face": "no face was found in the frame",
    "face_too_small": "the face is too small in the frame",
    "face_blurred": "the face is too blurred or too low in contrast",
    "face_dark": "the face is too dark",
    "face_overexposed": "the face is overexposed",
    "face_distorted": "the face is squashed or stretched",
    "face_aside": "the face is turned aside",
    "face_turned": "the face lies on its side or stands on its head",
    "face_covered": "a mask or sunglasses cover the face",
}

ID_CHECKS: Mapping[str, str] = {
    "id_scanned": "ID scanned",
    "dob_entered": "date of birth keyed in",
    "id_viewed": "ID viewed by the cashier",
    "dob_on_file": "date of birth already on file",
    "looks_over": "cashier judged by looks",
    "refused": "sale refused",
    "prompt_suppressed": "age prompt suppressed",
    "none": "no ID check",
    "not_recorded": "ID checks not recorded by this till",
}

#: The end of the sentence that says why a sale is flagged.
_WHY = {
    "none": "the till recorded no ID check",
    "not_recorded": "this till keeps no record of ID checks",
}

MARKS: Mapping[str, str] = {
    "several_faces": "several faces in the frame: the estimate may be another person's",
    "matched_by_time": "frame matched by till and time, not by transaction number",
    "several_snapshots": "several frames are of this sale: the one that shows the face best was"
    " taken",
    "frames_disagree": "another frame of this sale gives another age: one of them may show another"
    " person",
    "snapshot_ambiguous": "a frame may be of this sale or of another: it was not used",
    "snapshot_contradicts": "a frame names this sale, but is of another time or till: not used",
    "camera_frozen": "the camera was frozen: its picture was not used",
    "check_out_of_time": "an ID check is on record at another time, which does not count",
    "maybe_returned": "the alcohol may have been given back: a line takes off its whole price, or"
    " nearly",
    "maybe_two_sales": "rung up on both sides of a pause in which the till may have begun to count"
    " anew: maybe two customers with one number, so no frame is used, and each part needs a check"
    " of its own",
    "mixed_id_check": "the lines carry different ID-check records: the strongest is shown",
    "amount_capped": "the basket's price is beyond what the report can hold",
}

DECISIONS: Mapping[str, str] = {
    "check_made": "a check was made after all",
    "no_check_seen": "nothing shows a check: taken up with the store",
    "looks_older": "clearly looks over the challenge age",
    "cannot_tell": "picture and record do not say",
    "followed_up": "spoken about with the people concerned",
    "reopened": "reopened",
    "note": "remarked on",
}

REJECT_STAGES: Mapping[str, str] = {"inputs": "reading", "collect": "joining sales and frames"}


def label(labels: Mapping[str, str], code: str) -> str:
    """The words for ``code``, or the code itself where none are known: nothing is hidden."""
    return labels.get(code, visible(code))


def visible(text: str, limit: int = 120) -> str:
    """Text from an input, with unprintable characters shown as such and at most ``limit`` long.

    Line breaks, control characters and direction overrides could make a cell read as something
    else than it is; each becomes U+FFFD.
    """
    shown = (c if c.isprintable() or c == NO_BREAK else _REPLACEMENT for c in text[: limit + 1])
    plain = "".join(shown)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def why_flagged(age: float, challenge_age: int, id_check: str) -> str:
    """One plain sentence on why a sale is flagged; ``age`` in years."""
    recorded = label(ID_CHECKS, id_check)
    clause = _WHY.get(
        id_check, f"the till recorded “{recorded}”, which the policy does not count as a check"
    )
    return f"Estimated at {years(age)}, under the challenge age of {challenge_age}; {clause}."


def why_recorded_underage(recorded_years: int, legal_age: int) -> str:
    """One plain sentence on a sale whose recorded birth date makes the buyer too young."""
    says = f"was {recorded_years}" if recorded_years >= 0 else "was not yet born"
    return f"By the date of birth on record the buyer {says}, under the legal age of {legal_age}."


#: Events of an ID-check trail.
SALE_COMPLETED = "Last line of the sale"
CAMERA_FRAME = "Camera frame (camera's clock)"


def till_record(id_check: str, id_check_by: str | None) -> str:
    """The event of an ID check, as the till recorded it."""
    by = f", by {visible(id_check_by)}" if id_check_by else ""
    return f"Till record: {label(ID_CHECKS, id_check)}{by}"


def other_check(id_check_by: str | None) -> str:
    """The event of an ID check at another time than the sale."""
    by = f" by {visible(id_check_by)}" if id_check_by else ""
    return f"Till record: an ID check{by} at another time, which does not count"


def cashier(cashier_id: str | None, limit: int = 120) -> str:
    """A cashier's id, or that there was no cashier, as at a self-checkout."""
    return "no cashier" if cashier_id is None else visible(cashier_id, limit)


def scanned(article: str, limit: int) -> str:
    """The event of an article's scan; its name is cut to ``limit`` characters."""
    return f"Scanned: {visible(article, limit)}"


def recorded_birth_date(years: int | None) -> str:
    """The birth date on record, as the age in years that it gives on the day of the sale."""
    says = "a day after the sale" if years is None or years < 0 else f"{years} years old that day"
    return f"Date of birth on record: {says}"


#: Items of a list that are named.
_NAMED = 10


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: ``1 sale``, ``2,100 sales``."""
    return f"{number:,}{NO_BREAK}{singular if number == 1 else plural or singular + 's'}"


def listed(items: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def capitalised(text: str) -> str:
    """A text that begins a sentence; unlike ``str.capitalize`` it leaves the rest as it is."""
    return text[:1].upper() + text[1:]


def some(items: list[str]) -> str:
    """The first of many, and how many there are beside them."""
    more = len(items) - _NAMED
    return ", ".join(items[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def integer(number: int) -> str:
    """A count with thousands separated."""
    return f"{number:,}"


def years(age: float) -> str:
    """An age in full years, rounded down as people state their age: 24.9 is under 25."""
    return str(math.floor(age))


def years_up(age: float) -> str:
    """The upper end of an interval in full years, rounded up, so that rounding never narrows it."""
    return str(math.ceil(age))


def age_of_frame(snapshot_id: str, age: float, low: float, high: float) -> str:
    """What another frame of a sale gives: ``frame F2 of this sale gives 52 years (80 % 43-58)``."""
    interval = f"80{NO_BREAK}% {years(low)}\u2013{years_up(high)}"
    return f"frame {visible(snapshot_id, 60)} of this sale gives {years(age)} years ({interval})"


def one_decimal(number: float) -> str:
    """A number with one decimal, such as a standard deviation in years."""
    return f"{number:.1f}"


def percent(share: float) -> str:
    """A share in whole percent that says 0 or 100 only where it is exactly that."""
    if 0 < share < 0.005:
        return f"<1{NO_BREAK}%"
    if 0.995 <= share < 1:
        return f">99{NO_BREAK}%"
    return f"{math.floor(share * 100 + 0.5)}{NO_BREAK}%"


def percent_exact(share: float) -> str:
    """A share with one decimal where it is small enough to need one."""
    if share == 0 or share >= 0.2:
        return percent(share)
    return f"{share * 100:.1f}{NO_BREAK}%" if share >= 0.0005 else f"<0.1{NO_BREAK}%"


def band(low: float, high: float) -> str:
    """From one share to another, as ``2.1 to 9.4 %``."""
    return f"{percent_exact(low).removesuffix(NO_BREAK + '%')} to {percent_exact(high)}"


def share_of(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent; a dash where there is no whole."""
    return percent(part / whole) if whole else NOTHING


def money(amount: Decimal, currency: str) -> str:
    """An amount with its currency's decimals, after the symbol or the ISO 4217 code."""
    sign = "\u2212" if amount < 0 else ""
    number = f"{abs(amount):,.{decimals_of(currency)}f}"
    return f"{sign}{_SYMBOLS.get(currency, currency + NO_BREAK)}{number}"


def quantity(number: Decimal) -> str:
    """A quantity without needless zeros: ``1``, ``0.75``."""
    return f"{number.normalize():f}"


def day(value: date) -> str:
    """``Friday, 27 March 2026``, whatever the machine's language."""
    return f"{_WEEKDAYS[value.weekday()]}, {short_day(value)} {value.year}"


def moment(at: datetime) -> str:
    """``27 March 2026, 12:00 UTC``; ``at`` is in UTC."""
    return f"{short_day(at.date())} {at.year}, {at:%H:%M} UTC"


def short_day(value: date) -> str:
    """``27 March``."""
    return f"{value.day} {_MONTHS[value.month - 1]}"


def brief_day(value: date) -> str:
    """``27 Mar``."""
    return f"{value.day} {_MONTHS[value.month - 1][:3]}"


def weekday(value: date) -> str:
    """``Friday``."""
    return _WEEKDAYS[value.weekday()]


def month(value: date) -> str:
    """``March 2026``."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def clock(at: datetime, business_day: date, *, seconds: bool = False) -> str:
    """A time of day as the store's clock showed it, with the date where it is not the day's."""
    text = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    return text if at.date() == business_day else f"{text} on {short_day(at.date())}"


def part_of_day(from_hour: int) -> str:
    """A part of the day by the hour at which it begins: ``from 17:00``."""
    return f"from {from_hour:02}:00"


def expected_count(number: float) -> str:
    """How many were to be expected: whole from 10 on, with one decimal below."""
    return f"{number:,.0f}" if number >= 9.95 else one_decimal(number)


def odds(probability: float) -> str:
    """A small probability as ``1 in 300``, rounded so that it never sounds rarer than it is."""
    if probability >= 0.5:
        return f"{probability:.0%}".replace("%", f"{NO_BREAK}%")
    inverse = 1 / max(probability, 1e-6)
    digits = 10 ** max(0, len(str(int(inverse))) - 2)
    if probability < 1e-6:
        return "less than 1 in 1,000,000"
    return f"1 in {int(inverse // digits * digits):,}"


def seconds_to(start: datetime, end: datetime) -> str:
    """The time from one to the other: ``95 seconds``."""
    return counted(round((end - start).total_seconds()), "second")


def short_hash(sha256: str) -> str:
    """The first 12 characters of a hash, or of each of several: enough to compare by eye."""
    return ", ".join(part.strip()[:12] for part in sha256.split(","))


def from_to(low: float, high: float) -> str:
    """From one share to another in whole percent: ``50 % to 70 %``."""
    return f"{percent(low)} to {percent(high)}"


def common_age(ages: set[int], otherwise: str) -> str:
    """The age that all stores shown have in common, in years; ``otherwise`` where they differ."""
    return str(*ages) if len(ages) == 1 else otherwise
