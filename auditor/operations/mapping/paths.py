"""Guesses the pattern of files' paths: where day, store and till stand in them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath

from auditor.mapping.patterns import compiled
from auditor.operations.mapping.path_days import Days, as_day, days_in

_ANY = "\0"  # stands for any text until the pattern is written
_CLOCK = re.compile(r"[T_\-.]?(?P<clock>\d{6}|\d{4}|\d\d-\d\d-\d\d|\d\d_\d\d_\d\d)(?!\d)")
#: A time of day that stands apart from its day, and one in seconds or milliseconds since 1970.
_HOUR, _SIXTIETH = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
_APART = re.compile(
    rf"(?<!\d){_HOUR}{_SIXTIETH}{_SIXTIETH}(?!\d)|(?<![A-Za-z\d]){_HOUR}{_SIXTIETH}(?!\d)|"
    rf"(?<!\d){_HOUR}(?P<sign>[-_]){_SIXTIETH}(?:(?P=sign){_SIXTIETH})?(?![-_]?\d)"
)
_EPOCH = re.compile(r"(?<!\d)1\d{9}(?P<rest>\d{3})?(?!\d)")
_STORE = (
    r"store|shop|branch|outlet|site|loc|filiale|fil|markt|laden|magasin|mag|tienda|winkel|filiaal|"
    r"negozio|pdv|loja|butikk?|myymala|sklep|prodejna"
)
_TILL = (
    r"till|pos|reg|register|lane|terminal|term|kasse|caisse|caja|kassa|cassa|caixa|kasa|pokladna|"
    r"cam|camera"
)
_KEYED = re.compile(
    rf"(?P<key>{_STORE}|{_TILL})(?P<sign>=|[-_]?)(?P<id>[A-Za-z]?\d[A-Za-z\d]*|(?<==)\w+)",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?P<letters>[A-Za-z]{1,4})(?P<number>\d{1,6})")
_PIECE = re.compile(r"[^_\-./ =]+|[_\-./ =]")


@dataclass
class PathGuess:
    """A pattern, and what of it is not certain.

    Attributes:
        epoch: the unit of a time that counts from 1970.
        holds_days: the first and last day that such a file seems to hold, from the one it names.
    """

    pattern: str
    remarks: list[str] = field(default_factory=list)
    epoch: str = ""
    holds_days: tuple[int, int] = (0, 0)


def guess_pattern(  # noqa: PLR0913  # what is known of the files
    paths: Sequence[str],
    *,
    days: Collection[date] = (),
    swapped: Collection[date] = (),
    stores: Collection[str] = (),
    tills: Collection[str] = (),
    frames: bool = False,
    anywhere: bool = False,
) -> PathGuess:
    """The pattern of paths of one kind of file, relative to the address.

    Args:
        paths: as PurePosixPath writes them.
        days: the days of their sales.
        swapped: what these would be with day and month the other way round.
        stores: the stores that their columns name.
        tills: the tills.
        frames: whether these are frames, whose paths name the time.
        anywhere: whether the address is not known, so that the files may lie in folders below it.
    """
    words = _Words(frozenset(stores), frozenset(tills))
    guess = _pattern_of(paths[0], (frozenset(days), frozenset(swapped)), words, frames=frames)
    if "{day" not in guess.pattern and "{time" not in guess.pattern:
        guess.remarks.append("no day stands in its name, so it is read for every day")
    rest = [path for path in paths if compiled(guess.pattern).match(path) is None]
    if rest:
        wider = _widened(guess.pattern, paths)
        if wider is None:
            suffix = _literal(PurePosixPath(paths[0]).suffix)
            guess.remarks.append("their names have little in common")
            wider = f"**/*{suffix}" if len({PurePosixPath(p).suffix for p in paths}) == 1 else "**"
        guess.pattern = wider
    if frames:
        _name_folders(guess, paths[0])
    if anywhere and not guess.pattern.startswith("**"):
        guess.pattern = f"**/{guess.pattern}"
    return guess


def _name_folders(guess: PathGuess, path: str) -> None:
    """Take folders whose names differ, or are numbers, for the store and then for the till."""
    pieces, names = guess.pattern.split("/"), path.split("/")
    for what in ("store", "till"):
        if f"{{{what}}}" in guess.pattern or "*" not in pieces[:-1] or "**" in pieces:
            continue
        at = pieces.index("*")
        if len(pieces) == len(names):
            guess.remarks.append(f"{names[at]} in its path is taken for the {what}")
        pieces[at] = f"{{{what}}}"
    guess.pattern = "/".join(pieces)


def _pattern_of(path: str, days: Days, words: "_Words", *, frames: bool) -> PathGuess:
    guess = PathGuess("", words.remarks)
    named = days_in(path, days)
    tokens, others = [], named[:-1]
    if named:
        tokens.append(_day_token(path, named, words, frames=frames))
        guess.holds_days = _held(path, named, days[0])
    if frames and not any(token.startswith("{time") for *_, token in tokens):
        tokens += _time_tokens(path, tokens, guess)
    end = 0
    for start, until, token in sorted(tokens):
        guess.pattern += words.as_pattern(_without(path, end, start, others)) + token
        end = until
    guess.pattern += words.as_pattern(_without(path, end, len(path), others))
    return guess


def _held(
    path: str, named: Sequence[tuple[int, int, str, str]], days: frozenset[date]
) -> tuple[int, int]:
    """The days that a file holds, from the one that is meant in its path.

    They are those of its sales; if that is none of them, all days that the path names as well. What
    is rung up after midnight is no sign.
    """
    *others, meant = (as_day(path[start:end], form) for start, end, form, _ in named)
    if meant is None or not days:
        return 0, 0
    held = days if meant in days else days.union(day for day in others if day is not None)
    first, last = ((end(held) - meant).days for end in (min, max))
    return min(first, 0), last if last > 1 else 0


def _day_token(
    path: str, named: Sequence[tuple[int, int, str, str]], words: "_Words", *, frames: bool
) -> tuple[int, int, str]:
    """The placeholder of the day that is meant, with the time behind it, and where both stand."""
    *others, (start, end, form, other) = named
    if other:
        words.remarks.append(f"the day in its name may be {other} as well")
    token = "{day}" if form in ("%Y-%m-%d", "%Y%m%d") else f"{{day:{form}}}"
    clock = _CLOCK.match(path, end)
    if clock and not any(end <= at < clock.end() for at, *_ in others):
        between = _literal(path[end : clock.start("clock")])
        if frames:
            token = f"{{time:{form}{between}{_clock_format(clock['clock'])}}}"
        else:
            token = f"{token if between else f'{{day:{form}}}'}{between}*"
        end = clock.end()
    return start, end, token


def _time_tokens(
    path: str, tokens: Sequence[tuple[int, int, str]], guess: PathGuess
) -> list[tuple[int, int, str]]:
    """The placeholder of a time that stands apart from the day in a frame's name, if one does."""
    begin = path.rfind("/") + 1

    def free(match: re.Match[str]) -> bool:
        return not any(match.start() < end and start < match.end() for start, end, _ in tokens)

    for epoch in filter(free, _EPOCH.finditer(path, begin)):
        guess.epoch = "milliseconds" if epoch["rest"] else "seconds"
        return [(*epoch.span(), "{time}")]
    clocks = [match for match in _APART.finditer(path, begin) if free(match)] if tokens else []
    for clock in sorted(clocks, key=lambda match: (-len(match[0]), -match.start()))[:1]:
        guess.remarks.append(f"{clock[0]} in its name is taken for the time of day")
        return [(*clock.span(), f"{{time:{_clock_format(clock[0])}}}")]
    return []


def _clock_format(text: str) -> str:
    letters = iter(("%H", "%M", "%S"))
    return re.sub(r"\d\d", lambda _: next(letters), text)


def _without(path: str, start: int, end: int, others: Sequence[tuple[int, int, str, str]]) -> str:
    """A part of a path, with days that are not meant left open."""
    part = path[start:end]
    for at, until, *_ in sorted(others, reverse=True):
        if start <= at and until <= end:
            part = f"{part[: at - start]}{_ANY}{part[until - start :]}"
    return part


class _Words:
    """Turns parts of a path into a pattern, with each placeholder once."""

    def __init__(self, stores: frozenset[str], tills: frozenset[str]) -> None:
        self._known = {"store": stores, "till": tills}
        self._free = ["store", "till"]
        self.remarks: list[str] = []

    def as_pattern(self, text: str) -> str:
        """Placeholders for store and till, and asterisks for numbers that are neither."""
        found, end = "", 0
        for keyed in _KEYED.finditer(text):
            what = "store" if re.fullmatch(_STORE, keyed["key"], re.IGNORECASE) else "till"
            inside = keyed.start() > end and text[keyed.start() - 1].isalpha()
            if what not in self._free or inside:
                continue
            found += self._plain(text[end : keyed.start()])
            found += f"{_literal(keyed['key'] + keyed['sign'])}{{{what}}}"
            self._free.remove(what)
            end = keyed.end()
        return found + self._plain(text[end:])

    def _plain(self, text: str) -> str:
        pieces = _PIECE.findall(text)
        suffix = len(pieces) - 1 if pieces[-2:-1] == ["."] else -1
        return "".join(
            _literal(piece) if at == suffix else self._word(piece)
            for at, piece in enumerate(pieces)
        )

    def _word(self, piece: str) -> str:
        for what in self._free:
            if piece in self._known[what]:
                return self._taken(what)
        if code := _CODE.fullmatch(piece):
            for what in self._free:
                if code["number"] in self._known[what]:
                    return f"{code['letters']}{self._taken(what)}"
        unknown = [what for what in self._free if not self._known[what]]
        if code and len(code["number"]) > 1 and unknown:
            self.remarks.append(f"{piece} in its name is taken for the {unknown[0]}")
            return self._taken(unknown[0])
        return "*" if piece.isdigit() else _literal(piece)

    def _taken(self, what: str) -> str:
        self._free.remove(what)
        return f"{{{what}}}"


def _literal(text: str) -> str:
    """Text as a pattern: what stands for something else becomes any one character."""
    return re.sub(r"[*?{}]", "?", text).replace(_ANY, "*")


def _widened(pattern: str, paths: Sequence[str]) -> str | None:
    """The pattern with asterisks for the words by which the paths differ; None if none fits."""
    pieces = re.findall(r"\{[^{}]*\}|[^_\-./ {}]+|[_\-./ ]", pattern)
    for piece in (p for p in pieces if len(p) > 1 and "{" not in p):
        if not all(piece in path for path in paths):
            pattern = pattern.replace(piece, "*", 1)
    return pattern if all(compiled(pattern).match(path) for path in paths) else None
