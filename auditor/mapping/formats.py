"""Formats of dates and times, written as for ``strptime``: text that fits becomes ISO 8601.

The parts are found by a pattern and put together anew; whether there is such a date is for the
reader of ISO 8601 to say. Text that does not fit is left as it is, so that it can be shown.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

_MONTHS = {
    name: number
    for names in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "january february march april may june july august september october november december",
        "jan feb mär apr mai jun jul aug sep okt nov dez",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jän feb mrz apr mai jun jul aug sep okt nov dez",
    )
    for number, name in enumerate(names.split(), 1)
}
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))

#: By directive, the pattern of what it stands for.
_PARTS = {
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "M": r"\d{2}",
    "S": r"\d{2}",
    "f": r"\d{1,9}",
    "p": r"[aApP]\.?[mM]\.?",
    "z": r"Z|[+-]\d{2}:?\d{2}",
    "b": rf"(?i:{_NAMES})\.?",
}
_LONG = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "R": "%H:%M", "B": "%b", "e": "%d"}
#: Digits of a part that is not separated from the next one by anything.
_PACKED = {"m": r"\d{2}", "d": r"\d{2}", "H": r"\d{2}", "I": r"\d{2}"}
#: What numbers show of the first part, of one that is not separated from the next by anything:
#: 3272026 is 27 March.
_FIRST_OF_DATE = r"\d{1,2}?"
#: Times of day as numbers, such as 502 for 00:05:02: the parts, and the pattern of each.
_CLOCKS = {
    ("H", "M"): (r"\d{0,2}?", r"\d{1,2}"),
    ("H", "M", "S"): (r"\d{0,2}?", r"\d{0,2}?", r"\d{1,2}"),
}
#: A time after the midnight that ends its day, which some tills write as 25:15.
_LATE = r"\A.{10}T(?:2[5-9]|24:(?:0[1-9]|[1-5]\d|00:(?:0[1-9]|[1-5]\d)))"
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_LAST_OF_2000S = "68"  # two-digit years from 69 on are of the twentieth century, as POSIX says


class TimeFormat:
    """A format such as ``%d.%m.%Y %H:%M``; ``parts`` are its directives' letters."""

    def __init__(self, text: str) -> None:
        """Compile it.

        Raises:
            ValueError: completing "must be ...", for a directive that is unknown or stands twice.
        """
        for letter, meaning in _LONG.items():
            text = text.replace(f"%{letter}", meaning)
        self.parts: list[str] = []
        named, plain, end = "", "", 0
        numbers = _shown_as_numbers(text)
        for found in _DIRECTIVE.finditer(text):
            literal, packed = _literal(text[end : found.start()]), 0 < end == found.start()
            end = found.end()
            letter = found[1]
            if letter == "%":
                part = inner = "%"
            elif letter not in _PARTS or letter in self.parts:
                raise ValueError(
                    f"a format of {', '.join(f'%{each}' for each in _PARTS)}, each once, such as "
                    '"%d.%m.%Y %H:%M"'
                )
            else:
                self.parts.append(letter)
                packed = packed or text[end : end + 1] == "%"
                inner = _PACKED.get(letter, _PARTS[letter]) if packed else _PARTS[letter]
                if not packed and letter in "MS" and not text[: found.start()].endswith((".", ",")):
                    loose = r"\d{1,2}"  # of columns of their own: 21:5
                else:
                    loose = numbers.get(letter, inner)
                part = f"(?P<{letter}>{loose})"
            named += literal + part
            plain += literal + (f"(?:{inner})")
        self._pattern = rf"\A{named}{_literal(text[end:])}\z"
        #: The same as a pattern without groups, to be part of another one.
        self.pattern = plain + _literal(text[end:])

    @property
    def has_date(self) -> bool:
        """Whether it names a day."""
        return bool({"Y", "y"} & set(self.parts) and {"m", "b"} & set(self.parts)) and (
            "d" in self.parts
        )

    @property
    def has_clock(self) -> bool:
        """Whether it names an hour."""
        return "H" in self.parts or {"I", "p"} <= set(self.parts)

    @property
    def lacks_half_of_day(self) -> bool:
        """Whether its hour is one of twelve, and nothing says of which half of the day."""
        return "I" in self.parts and not {"H", "p"} & set(self.parts)

    def to_iso(self, text: pa.Array, *, date_only: bool = False) -> pa.Array:
        """Each text that fits in ISO 8601; the others as they are."""
        # Names of months may have their accents apart from their letters.
        whole = pc.utf8_normalize(text, "NFC") if "b" in self.parts else text
        matches = pc.extract_regex(whole, self._pattern)
        # Unlike ``field``, this gives nulls where there is no match.
        found = dict(zip(self.parts, matches.flatten(), strict=True))
        joined = self._date(found)
        if not date_only:
            joined = pc.binary_join_element_wise(joined, self._clock(found), "T")
            joined = _hours_after_midnight(joined)
        return pc.coalesce(joined, text)

    def _date(self, found: Mapping[str, pa.Array]) -> pa.Array:
        if "Y" in self.parts:
            year = found["Y"]
        else:
            short = found["y"]
            century = pc.if_else(pc.greater(short, _LAST_OF_2000S), "19", "20")
            year = pc.binary_join_element_wise(century, short, "")
        month = _padded(found["m"]) if "m" in self.parts else _month(found["b"])
        return pc.binary_join_element_wise(year, month, _padded(found["d"]), "-")

    def _clock(self, found: Mapping[str, pa.Array]) -> pa.Array:
        if "H" in self.parts:
            hour = _padded(found["H"])
        else:
            late = pc.match_substring_regex(found["p"], "^[pP]")
            given = found["I"].cast(pa.int8())
            given = pc.if_else(pc.equal(given, 12), 0, given)
            hour = _padded(pc.add(given, pc.if_else(late, 12, 0)).cast(pa.string()))
        nothing = pc.if_else(pc.is_valid(hour), "00", None)
        minute = _padded(found["M"]) if "M" in self.parts else nothing
        second = _padded(found["S"]) if "S" in self.parts else nothing
        clock = pc.binary_join_element_wise(hour, minute, second, ":")
        if "f" in self.parts:
            clock = pc.binary_join_element_wise(clock, found["f"], ".")
        return pc.binary_join_element_wise(clock, found["z"], "") if "z" in self.parts else clock


@cache
def time_format(text: str) -> TimeFormat:
    """The compiled format of a text; errors as of :class:`TimeFormat`."""
    return TimeFormat(text)


def _literal(text: str) -> str:
    """The pattern of what stands between directives; a space stands for any number of them."""
    return r"\s+".join(re.escape(part) for part in re.split(r"\s+", text)) if text else ""


def _shown_as_numbers(text: str) -> dict[str, str]:
    """Patterns of the parts of a format that stand in numbers, whose leading zeros may be gone."""
    found: dict[str, str] = {}
    for run in re.finditer(r"(?<![%\w])(?:%[A-Za-z])+(?![%\w])", text):
        letters = tuple(run[0][1::2])
        if clock := _CLOCKS.get(letters):
            found |= zip(letters, clock, strict=True)
        elif len(letters) > 1 and letters[0] in "md" and set(letters) <= set("YmdHMS"):
            found[letters[0]] = _FIRST_OF_DATE
    return found


def _hours_after_midnight(times: pa.Array) -> pa.Array:
    """ISO 8601 in which the hours 24 to 29 of a day are those of the next; 24:00 stays."""
    late = pc.fill_null(pc.match_substring_regex(times, _LATE), fill_value=False)
    if not pc.any(late).as_py():
        return times
    texts = zip(times.to_pylist(), late.to_pylist(), strict=True)
    return pa.array([_next_day(t) if is_late else t for t, is_late in texts], pa.string())


def _next_day(text: str) -> str:
    try:
        day = date.fromisoformat(text[:10]) + timedelta(days=1)
    except (ValueError, OverflowError):  # there is no such day
        return text
    return f"{day}T{int(text[11:13]) - 24:02}{text[13:]}"


def _padded(digits: pa.Array) -> pa.Array:
    return pc.utf8_lpad(digits, 2, "0")


def _month(names: pa.Array) -> pa.Array:
    keys = pa.array(_MONTHS, pa.string())
    numbers = pa.array([f"{number:02}" for number in _MONTHS.values()])
    return numbers.take(pc.index_in(pc.utf8_lower(pc.utf8_rtrim(names, ".")), keys))
