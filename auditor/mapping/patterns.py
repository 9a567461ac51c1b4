"""Patterns of file paths: which files are meant, and what their names say.

``*`` stands for any characters within a name, ``?`` for one, ``**`` for any folders. ``{store}``,
``{till}`` and ``{transaction}`` stand for themselves, ``{day}`` for a date (2026-03-27 or
20260327), ``{day:%d%m%Y}`` and ``{time:%Y%m%d_%H%M%S}`` for one in that format, ``{time}`` for a
number since 1970. Case is ignored.
"""

import re
from collections.abc import Mapping
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from auditor.mapping.formats import TimeFormat, time_format
from auditor.policy import STORE_ID_PATTERN

PLACEHOLDERS = ("day", "store", "till", "time", "transaction")

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\{(\w*)(?::([^{}]*))?\}|[{}]")
_WILD = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
_NAMES = {
    "store": STORE_ID_PATTERN,  # as long as fits
    "till": r"[^/]+?",
    "transaction": r"[^/]+?",
}
_NUMBER = r"(?<!\d)\d{9,17}(?!\d)"  # since 1970
_DAYS = ("%Y-%m-%d", "%Y%m%d")


class Pattern:
    """A pattern of the paths of files below an address."""

    def __init__(self, text: str) -> None:
        """Compile it.

        Raises:
            ValueError: completing "must be ...", for a placeholder that is unknown, stands twice
                or has a format that says too little.
        """
        self.text = text
        _check_once(text)
        self._formats: dict[str, tuple[TimeFormat, ...]] = {}
        self._time = ""  # the format of {time}
        self.placeholders: list[str] = []
        pattern, end = "", 0
        for token in _TOKEN.finditer(text):
            pattern += re.escape(text[end : token.start()])
            end = token.end()
            pattern += _WILD.get(token[0]) or self._placeholder(token[1], token[2])
        if self._time and not self._formats["time"][0].has_date and "day" not in self.placeholders:
            raise ValueError("a path whose {time} has a date, or that has a {day} too")
        self._pattern = re.compile(pattern + re.escape(text[end:]), re.IGNORECASE)
        whole = text[: match.start()] if (match := _TOKEN.search(text)) else text
        #: The folder below which all its files lie; empty for the address itself.
        self.folder = whole.rpartition("/")[0]

    @property
    def counts_time(self) -> bool:
        """Whether the time of a path is a number since 1970."""
        return "time" in self.placeholders and not self._time

    def match(self, path: str) -> dict[str, str] | None:
        """What a path says, by placeholder, as it stands there; None if it does not fit."""
        found = self._pattern.fullmatch(path)
        return None if found is None else found.groupdict()

    def iso(self, name: str, texts: pa.Array) -> pa.Array:
        """What the paths say of ``day`` or ``time``, in ISO 8601."""
        for form in self._formats[name]:
            texts = form.to_iso(texts, date_only=name == "day")
        return texts

    def joined_time(self, values: Mapping[str, pa.Array]) -> pa.Array:
        """The time of each path; its date is that of ``day`` where the time has none.

        A number since 1970 stays one.
        """
        texts = values["time"]
        if self.counts_time:
            return texts
        if not self._formats["time"][0].has_date:
            texts = pc.binary_join_element_wise(self.iso("day", values["day"]), texts, " ")
            return time_format(f"%Y-%m-%d {self._time}").to_iso(texts)
        return self.iso("time", texts)

    def _placeholder(self, name: str | None, form: str | None) -> str:
        if name not in PLACEHOLDERS or name in self.placeholders:
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise ValueError(f"a path with the placeholders {known}, each at most once")
        self.placeholders.append(name)
        if name in _NAMES:
            return f"(?P<{name}>{_NAMES[name]})"
        if name == "time" and not form:
            return rf"(?P<time>{_NUMBER})"
        formats = tuple(map(time_format, (form,) if form else _DAYS))
        if name == "time":
            if not formats[0].has_clock:
                raise ValueError("a path whose {time} has an hour, such as {time:%Y%m%d_%H%M%S}")
            self._time = form or ""
        elif not all(each.has_date for each in formats):
            raise ValueError("a path whose {day} has a whole date, such as {day:%d%m%Y}")
        self._formats[name] = formats
        return f"(?P<{name}>{'|'.join(f'(?:{each.pattern})' for each in formats)})"


def _check_once(text: str) -> None:
    """Check that day and time stand in one placeholder each; else name the form that works."""
    for name in ("day", "time"):
        part = re.compile(rf"\{{{name}:([^{{}}]*)\}}")
        found = list(part.finditer(text))
        if len(found) < 2:
            continue
        whole = part.sub(r"\1", text[found[0].start() : found[-1].end()])
        if _TOKEN.search(whole) is None:
            raise ValueError(f"a path with one {{{name}}}, here {{{name}:{whole}}}")


@cache
def compiled(text: str) -> Pattern:
    """The pattern of a text; errors as of :class:`Pattern`."""
    return Pattern(text)
