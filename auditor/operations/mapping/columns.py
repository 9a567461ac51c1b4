"""Drafts where each of our columns comes from, for one kind of file."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from auditor.operations.mapping.amounts import draft_amount, draft_quantity
from auditor.operations.mapping.draft import Drafted, Value, toml_value
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.frame_paths import frame_path
from auditor.operations.mapping.matching import suits
from auditor.operations.mapping.names import is_of_staff, is_private, likeness
from auditor.operations.mapping.states import draft_line_type, draft_state
from auditor.operations.mapping.values import (
    Article,
    drafted_categories,
    drafted_store,
    drafted_words,
)
from auditor.operations.mapping.words import check_word
from auditor.tables import NO_CHECK

_REQUIRED = {
    "transaction_id": "the number of the receipt",
    "store_id": "the store",
    "till_id": "the till",
    "sold_at": "date and time of the sale",
    "sku": "the article's number",
    "quantity": "how many",
    "amount": "the price of the line",
    "id_check": "what the till recorded of the ID check",
    "snapshot_id": "the frame's number",
    "captured_at": "when the frame was taken",
    "path": "where the frame lies",
}
_NO_NAMES = (
    "no column was found: without the articles' names nothing shows alcohol in other categories"
)
_GOOD = 0.6  # share of words in a column of words
_MOST_CHOICES = 6
_LONGEST_TIME = 6  # digits of hours, minutes and seconds


def draft_sales(found: Found) -> Iterator[Drafted]:
    """Our columns of a till export."""
    yield _plain(found, "transaction_id")
    yield _place(found, "store_id")
    yield _place(found, "till_id")
    yield from _optional(found, "cashier_id") or [Drafted("cashier_id", None)]
    yield _time(found, "sold_at")
    yield _article(found)
    yield from _optional(found, "description") or [Drafted("description", None, _NO_NAMES)]
    yield _category(found)
    for quantity in _optional(found, "quantity") or [
        Drafted("quantity", {"constant": "1"}, "no column was found: one article a line?")
    ]:
        yield draft_quantity(found, quantity)
    yield draft_amount(found, _plain(found, "amount"))
    yield _id_check(found)
    yield from _optional(found, "id_check_at", "id_check_by", "birth_date")
    yield from draft_line_type(found)
    yield from draft_state(found)
    yield from _optional(found, "business_date", "resumes", "required_age")


def draft_snapshots(found: Found) -> Iterator[Drafted]:
    """Our columns of a snapshot index."""
    frame = frame_path(found, _plain(found, "path"))
    snapshot = _plain(found, "snapshot_id")
    if snapshot.source is None and (path := frame.source):
        snapshot = Drafted("snapshot_id", path, "there is no number: the path is taken for it")
    yield snapshot
    yield _place(found, "store_id")
    yield _place(found, "till_id")
    yield _time(found, "captured_at")
    yield from _optional(found, "transaction_id")
    yield frame


def used_columns(drafted: Drafted) -> Iterator[str]:
    """The file's columns that a draft reads."""
    yield from _columns_in(drafted.source)


def _columns_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(name := value.get("column"), str):
            yield name
        value = [inner for key, inner in value.items() if key in ("join", "first_of")]
    if isinstance(value, list | tuple):
        for inner in value:
            yield from [inner] if isinstance(inner, str) else _columns_in(inner)


def _plain(found: Found, role: str) -> Drafted:
    if role in found.matches:
        return Drafted(role, found.source(role), found.unsure(role))
    return _missing(found, role)


def _optional(found: Found, *roles: str) -> list[Drafted]:
    return [_plain(found, role) for role in roles if role in found.matches]


def _missing(found: Found, role: str) -> Drafted:
    return Drafted(
        role, None, f"no column was found for {_REQUIRED[role]}", choices=_choices(found, role)
    )


def _choices(found: Found, role: str) -> tuple[str, ...]:
    """The columns that are not matched yet, and could be meant."""
    taken = {match.column for match in found.matches.values()}
    free = [
        name
        for name, own in found.traits.items()
        if name not in taken
        and own.distinct
        and not is_private(name)
        and not (is_of_staff(name) and role in ("sku", "category"))
        and suits(role, own)
        and (role not in ("category", "id_check") or (own.words > _GOOD and own.times is None))
    ]
    return tuple(toml_value(name) for name in free[:_MOST_CHOICES])


def _place(found: Found, role: str) -> Drafted:
    what = role.removesuffix("_id")
    if role in found.matches:
        match = found.matches[role]
        if role == "store_id":
            drafted = drafted_store(match.column, found.traits[match.column])
            return replace(drafted, check=found.unsure(role))
        return _plain(found, role)
    if f"{{{what}}}" in found.path.pattern:
        return Drafted(role, {"path": what})
    example = toml_value({"constant": "S001" if what == "store" else "01"})
    missing = _missing(found, role)
    check, choices = f"{missing.check}; name one, or a constant", (*missing.choices[:4], example)
    return replace(missing, check=check, choices=choices)


def _time(found: Found, role: str) -> Drafted:
    if role in found.matches:
        return _plain(found, role)
    if not {"sale_date", "sale_time"} <= found.matches.keys():
        drafted = _missing(found, role)
        if "sale_date" in found.matches:
            name = found.matches["sale_date"].column
            check = f"{name} has the day only: which column has the time?"
            choices = _numbers_as_times(found, name)
            return replace(drafted, check=check, choices=choices or drafted.choices)
        return drafted
    date, clock = (found.matches[part].column for part in ("sale_date", "sale_time"))
    day, hour = found.times[date], found.times[clock]
    source: dict[str, Any] = {"join": [date, clock]}
    if day.form or day.midnight or hour.form not in ("%H:%M", "%H:%M:%S"):
        form = day.form or "%Y-%m-%d"
        source["time"] = f"{form}{day.midnight} {hour.form}"
    checks = [found.unsure(part) for part in ("sale_date", "sale_time")]
    return Drafted(role, source, "; ".join(check for check in checks if check))


def _numbers_as_times(found: Found, date: str) -> tuple[str, ...]:
    """What could stand for a time beside the date: numbers such as 91502, or seconds of the day."""
    day = found.times[date]
    form = f"{day.form or '%Y-%m-%d'}{day.midnight}"
    choices: list[dict[str, Any]] = []
    for name, own in found.traits.items():
        if likeness(name, "sale_time") < _GOOD or own.whole < 1 or own.length > _LONGEST_TIME:
            continue
        if all(len(text) <= _LONGEST_TIME - 2 for text in own.texts):
            choices.append({"join": [date, name], "time": f"{form} %H%M"})
        choices.append({"join": [date, name], "time": f"{form} %H%M%S"})
        seconds = {"column": name, "epoch": "seconds of day"}
        choices.append({"join": [date, seconds], "time": f"{form} %H:%M:%S"})
    return tuple(map(toml_value, choices[:_MOST_CHOICES]))


def _article(found: Found) -> Drafted:
    match, name = found.matches.get("sku"), found.matches.get("description")
    if match is None:
        if name is None:
            return _missing(found, "sku")
        return Drafted(
            "sku", {"column": name.column}, "there is no article number: its name is taken"
        )
    if found.traits[match.column].filled < 1 and name is not None:
        source = {"first_of": [match.column, name.column]}
        return Drafted("sku", source, f"{match.column} has gaps: there the name is taken")
    return _plain(found, "sku")


def _category(found: Found) -> Drafted:
    match, name = found.matches.get("category"), found.matches.get("description")
    if match is None:
        choices = _choices(found, "category")
        if name is not None:
            values = {"*beer*": "beer", "*wine*": "wine"}
            choices = (toml_value({"column": name.column, "values": values}), *choices)
        return Drafted(
            "category",
            None,
            "no column was found: without one, alcohol has to be in the policy's alcohol_skus",
            choices=choices,
        )
    categories = found.sample.columns[match.column]
    articles = map(Article, categories, found.texts("description"), _checked(found))
    drafted = drafted_categories(match.column, found.traits[match.column], list(articles))
    check = "; ".join(said for said in (found.unsure("category"), drafted.check) if said)
    return replace(drafted, check=check)


def _checked(found: Found) -> Iterator[bool]:
    """Of each line, whether the till says that an ID was asked for."""
    match = found.matches.get("id_check")
    column = match.column if match else ""
    for text in found.texts("id_check"):
        meaning = check_word(text, column)
        yield meaning is not None and meaning.word not in NO_CHECK


def _id_check(found: Found) -> Drafted:
    if match := found.matches.get("id_check"):
        drafted = drafted_words("id_check", match.column, found.traits[match.column])
        checks = (found.unsure("id_check"), drafted.check)
        return replace(drafted, check="; ".join(check for check in checks if check))
    if match := found.matches.get("birth_date"):
        values = (
            Value("?*", "dob_entered", "was the birth date keyed in?"),
            Value("", "none"),
        )
        return Drafted("id_check", {"column": match.column}, values=values)
    return Drafted(
        "id_check",
        {"constant": "not_recorded"},
        "no column was found: does the till record ID checks anywhere?",
        choices=_choices(found, "id_check"),
    )
