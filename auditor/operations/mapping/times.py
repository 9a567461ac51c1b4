"""Guesses how dates and times are written: the format that fits all the texts of a column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from auditor.mapping.formats import TimeFormat, time_format

_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y"),
    *("%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d. %b %Y"),
    *("%d. %m. %Y", "%d. %m. %y"),
    *("%b %d, %Y", "%b %d %Y", "%d/%b/%Y", "%d%m%Y"),
)
_CLOCKS = (
    *("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S,%f", "%I:%M:%S %p", "%I:%M %p"),
    *("%I:%M:%S%p", "%I:%M%p", "%H.%M.%S", "%H.%M", "%Hh%M", "%H%M%S", "%H%M"),
)
_BETWEEN = (" ", "T", ", ", " - ", "")
_ZONES = ("", "%z", " %z")
_SWAPPED = {"%d/%m": "%m/%d", "%d-%m": "%m-%d"}
#: What is read without a format: ISO 8601, with or without an offset.
_PLAIN = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?"
)
#: As a workbook's times of day come: in seconds, with a fraction where there is one.
_PLAIN_CLOCK = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,9})?")
_PLAIN_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]00:00(:00(\.0+)?)?)?")
_MIDNIGHT = re.compile(r"(.*\d)([T ]00:00(?::00(?:\.0+)?)?)")
_EPOCHS = {10: "seconds", 13: "milliseconds", 16: "microseconds"}
_MOST = 0.9  # of the texts have to fit: a few may be broken
_EPOCH = re.compile(r"1\d{9}(\d{3}(\d{3})?)?(\.\d+)?")


@dataclass(frozen=True)
class Written:
    """How the times of a column are written."""

    form: str = ""  # the format; empty for what is read without one
    has_date: bool = True
    has_clock: bool = True
    epoch: str = ""  # the unit, where they count from 1970
    other: str = ""  # another format that fits as well
    share: float = 1.0  # of the texts that fit
    midnight: str = ""  # what stands behind each date instead of a time

    @property
    def short_year(self) -> bool:
        """Whether its years have two digits."""
        return "%y" in self.form

    @property
    def is_certain(self) -> bool:
        """Whether nothing but dates and times is written so: 1815 and 12.30 may be numbers."""
        plain = not self.form or self.has_date or ":" in self.form or "h" in self.form
        return plain and not self.epoch and self.form not in {"%Y%m%d", "%d%m%Y"}


def how_written(texts: Sequence[str]) -> Written | None:
    """How the texts of a column are written, if they are dates or times; None if they are not."""
    texts = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if not texts or not any(map(str.isdigit, texts[0])):
        return None
    if (share := _share(_PLAIN, texts)) > _MOST:
        if _share(_MIDNIGHT, texts) < 1:
            return Written(share=share)
        # A workbook's dates are times at midnight.
        return Written(has_clock=False, midnight=_MIDNIGHT.fullmatch(texts[0])[2])  # type: ignore[index]  # it fits
    if (share := _share(_PLAIN_DATE, texts)) > _MOST:
        return Written(has_clock=False, share=share)
    if _share(_EPOCH, texts) == 1:
        lengths = {len(text.partition(".")[0]) for text in texts}
        if len(lengths) == 1:
            return Written(epoch=_EPOCHS[lengths.pop()])
    return _by_formats(texts)


def day_of(texts: Sequence[str], form: str) -> list[date]:
    """The dates that texts name in a format, or in ISO 8601; those that are none are left out."""
    found = []
    iso = pa.array(texts, pa.string())
    if form:
        iso = time_format(form).to_iso(iso, date_only=True)
    for text in iso.to_pylist():
        try:
            found.append(date.fromisoformat(text[:10]))
        except ValueError:
            continue
    return found


def decided_by(written: Written, texts: Sequence[str], days: Sequence[date]) -> Written:
    """The format, decided by the days that are known to be meant, where two formats fit."""
    if not written.other or not days:
        return written
    hits = [
        sum(day in days for day in day_of(texts, form)) for form in (written.form, written.other)
    ]
    if hits[0] == hits[1]:
        return written
    better = written.form if hits[0] > hits[1] else written.other
    return replace(written, form=better, other="")


def month_first(written: Written) -> Written:
    """The same with the month first, where both orders fit."""
    if not written.other:
        return written
    return replace(written, form=written.other, other=written.form)


def _share(pattern: re.Pattern[str], texts: Sequence[str]) -> float:
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts)


def _by_formats(texts: Sequence[str]) -> Written | None:
    best: Written | None = None
    for form in _candidates(texts[0]):
        share, possible = _fit(form, texts)
        share *= possible
        if share > _MOST and (best is None or share > best.share):
            compiled = time_format(form)
            best = Written(form, compiled.has_date, compiled.has_clock, share=share)
    if best is None:
        is_clock = _share(_PLAIN_CLOCK, texts) > _MOST
        return Written("%H:%M:%S", has_date=False) if is_clock else None
    for first, second in _SWAPPED.items():
        if best.form.startswith(first):
            other = best.form.replace(first, second, 1)
            share, possible = _fit(other, texts)
            if share * possible >= best.share:
                return replace(best, other=other)
    return best


def _candidates(text: str) -> list[str]:
    forms = []
    for day in _DATES:
        compiled = time_format(day)
        found = re.match(compiled.pattern, text)
        if found is None:
            continue
        rest = text[found.end() :]
        if not rest:
            forms.append(day)
        for between in _BETWEEN:
            if rest.startswith(between) and rest:
                clock = rest.removeprefix(between)
                forms += [
                    f"{day}{between}{form}" for form in _with_zones(_CLOCKS) if _fits(form, clock)
                ]
    # 02.01.90 is a date before it is a time: few columns of times have minutes up to 12 only.
    return forms + [form for form in _with_zones(_CLOCKS) if _fits(form, text)]


def _with_zones(clocks: Sequence[str]) -> list[str]:
    return [f"{clock}{zone}" for clock in clocks for zone in _ZONES]


def _fits(form: str, text: str) -> bool:
    return re.fullmatch(time_format(form).pattern, text) is not None


def _fit(form: str, texts: Sequence[str]) -> tuple[float, float]:
    """The share of the texts that fit a format, and of these that name a day and time there is."""
    compiled = time_format(form)
    fitting = [text for text in texts if re.fullmatch(compiled.pattern, text)]
    if not fitting:
        return 0.0, 0.0
    return len(fitting) / len(texts), _possible(compiled, fitting) / len(fitting)


def _possible(form: TimeFormat, texts: Sequence[str]) -> int:
    day = form.has_date
    iso = form.to_iso(pa.array(texts, pa.string()), date_only=True) if day else pa.array(texts)
    good = 0
    for text, found in zip(texts, iso.to_pylist(), strict=True):
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        try:
            right = not day or 1900 <= date.fromisoformat(found).year <= 2099
        except ValueError:
            right = False
        good += right and (day or _is_clock(form, text, numbers))
    return good


def _is_clock(form: TimeFormat, text: str, numbers: Sequence[int]) -> bool:
    if len(numbers) > 1:
        return numbers[0] <= 24 and numbers[1] <= 59 and (len(numbers) < 3 or numbers[2] <= 60)
    digits = re.match(r"\d+", text)
    if digits is None or "H" not in form.parts:
        return False
    return int(digits[0][:2]) <= 23 and int(digits[0][2:4] or 0) <= 59
