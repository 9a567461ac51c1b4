"""What a mapping may say: one entry per kind of file, and where each column comes from."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from auditor.mapping.formats import time_format
from auditor.mapping.numbers import NumberFormat
from auditor.mapping.patterns import Pattern, compiled
from auditor.policy.rules import Strict, TimeZone
from auditor.tables import ID_CHECKS, LINE_TYPES, LINES_WITHOUT_ARTICLE, TRANSACTION_STATES

#: The columns that hold one of a few words, and these words.
WORDS = {
    "id_check": ID_CHECKS,
    "line_type": LINE_TYPES,
    "transaction_state": TRANSACTION_STATES,
}
NUMBERS = ("quantity", "amount")
#: The columns that a line without an article may leave empty.
_OF_AN_ARTICLE = ("sku", *NUMBERS)
#: The columns that say who somebody is, or when they were born.
_PERSONAL = ("cashier_id", "id_check_by", "birth_date")
#: By column, whether its times are dates only.
TIMES = {
    "sold_at": False,
    "id_check_at": False,
    "captured_at": False,
    "birth_date": True,
    "business_date": True,
    "resumes_date": True,
}

#: By key of a file's dialect, the formats that it is for.
_FORMATS_OF = {
    "delimiter": ("csv",),
    "quote": ("csv",),
    "skip_lines": ("csv", "xlsx"),
    "header": ("csv", "xlsx"),
    "encoding": ("csv", "jsonl"),
    "records": ("jsonl",),
    "fill_down": ("csv", "xlsx", "parquet", "jsonl"),
    "leave_out": ("csv", "xlsx", "parquet", "jsonl", "sqlite", "sql"),
    "sheet": ("xlsx",),
    "table": ("sqlite",),
    "query": ("sqlite", "sql"),
    "database": ("sql",),
    "password_env": ("sql",),
    "connection": ("sql",),
}


def _checked_format(text: str) -> str:
    time_format(text)
    return text


def _checked_pattern(text: str) -> str:
    compiled(text)
    return text


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
        "".encode(name).decode(name)
    except (LookupError, UnicodeError) as error:
        raise ValueError('an encoding that Python knows, such as "cp1252"') from error
    return name


def _ascii_sign(text: str) -> str:
    if len(text) != 1 or not text.isascii() or text in "\r\n":
        raise ValueError("one character of ASCII")
    return text


def _one_or_several(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _not_zero(number: int) -> int:
    if number == 0:
        raise ValueError("any whole number but 0")
    return number


_Text = Annotated[str, Field(min_length=1, max_length=1000)]
_Variable = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$", examples=["TILL_PASSWORD"])]
_Sign = Annotated[str, AfterValidator(_ascii_sign)]
_Strptime = Annotated[_Text, AfterValidator(_checked_format), Field(examples=["%d.%m.%Y %H:%M"])]
_PathPattern = Annotated[_Text, AfterValidator(_checked_pattern), Field(examples=["*_{day}.csv"])]
_Format = Literal["csv", "jsonl", "xlsx", "parquet", "poslog", "sqlite", "sql"]
_Epoch = Literal["seconds", "milliseconds", "microseconds", "excel", "seconds of day"]
#: The columns that a placeholder in the pattern names by itself.
_FROM_PATH: dict[str, "_Placeholder"] = {
    "store_id": "store",
    "till_id": "till",
    "transaction_id": "transaction",
}
_Placeholder = Literal["day", "store", "till", "time", "transaction"]


class Source(Strict):
    """Where the text of a column comes from, and how it is turned into ours.

    Exactly one of ``column``, ``constant``, ``path``, ``join`` and ``first_of`` is given.
    """

    column: _Text | None = None  # the file's column
    constant: str | None = None
    path: _Placeholder | None = None  # what the file's path says
    join: tuple["Source", ...] = ()  # several, with ``separator`` between them
    separator: str = " "
    first_of: tuple["Source", ...] = ()  # the first that is not empty
    values: dict[str, str] = Field(default={}, examples=[{"ID ok": "id_viewed"}])
    otherwise: str | None = None  # what a value becomes that ``values`` does not name
    time: _Strptime | None = None
    date: _Strptime | None = None
    epoch: _Epoch | None = None
    divide: Annotated[int, Field(ge=-1_000_000, le=1_000_000), AfterValidator(_not_zero)] = 1
    each: bool = False  # whether an amount is the price of one

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = ("column", "constant", "path", "join", "first_of")
        given = [name for name in origins if getattr(self, name) not in (None, ())]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(origins)}, not {len(given)}")
        if self.otherwise is not None and not self.values:
            raise ValueError("otherwise needs values: it says what all others become")
        for name in ("divide", "each"):
            if getattr(self, name) != type(self).model_fields[name].default and not self.column:
                raise ValueError(f"{name} needs column")
        if sum(form is not None for form in (self.time, self.date, self.epoch)) > 1:
            raise ValueError("give one of time, date and epoch")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns that it needs."""
        inside = [name for source in self.join for name in source.columns]
        return (self.column, *inside) if self.column else tuple(inside)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """The file's columns that it uses where they are there."""
        parts = [(*s.columns, *s.alternatives) for s in self.first_of]
        parts += [s.alternatives for s in self.join]
        return tuple(name for part in parts for name in part)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """All columns of the file that it may use."""
        return (*self.columns, *self.alternatives)

    @property
    def placeholders(self) -> set[str]:
        """What it needs to know from the path."""
        inside = [source.placeholders for source in (*self.join, *self.first_of)]
        return ({self.path} if self.path else set()).union(*inside)


_Days = Annotated[int, Field(ge=-400, le=400)]


class Entry(Strict):
    """One kind of file: which files, how they are written, and where each column comes from."""

    files: _PathPattern | None = None
    frames: _PathPattern | None = None  # of frames that have no index
    ignore: bool = False  # whether such files are no export at all
    optional: bool = False  # whether a day may have no such file
    #: The first and the last day that a file may hold, counted from the one that its path names.
    holds_days: Annotated[tuple[_Days, _Days], Field(examples=[[-30, 0]])] = (0, 0)
    format: _Format | None = None
    encoding: Annotated[_Text, AfterValidator(_known_encoding)] | None = None
    delimiter: _Sign = ","
    quote: _Sign | Literal[""] = '"'
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    header: Annotated[tuple[_Text, ...], Field(examples=[["number", "time"]])] = ()
    sheet: _Text | None = None
    records: Annotated[
        tuple[_Text, ...], BeforeValidator(_one_or_several), Field(examples=[["items", "checks"]])
    ] = ()
    table: _Text | None = None
    query: Annotated[str, Field(min_length=1, max_length=20_000)] | None = None
    database: _Text | None = None
    password_env: _Variable | None = None
    connection: _Variable | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'", "’"] = ""  # noqa: RUF001  # as the Swiss write it
    currency: Annotated[str, Field(max_length=10)] = ""
    time_zone: TimeZone | None = None
    fill_down: tuple[_Text, ...] = ()  # columns whose empty cells repeat the one above
    #: Rows that are no lines, such as totals: by column, what its cell holds in them.
    leave_out: dict[_Text, tuple[str, ...]] = Field(default={}, examples=[{"PLU": ["Total*", ""]}])
    key: tuple[Literal["store", "till", "number", "time"], ...] = (
        *("store", "till", "number", "time"),
    )
    columns: dict[str, Source] = Field(default={})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_origin()
        if self.holds_days[0] > self.holds_days[1]:
            raise ValueError("holds_days: the first day comes after the last")
        if self.holds_days != (0, 0) and not (self.files and "day" in self.pattern.placeholders):
            raise ValueError("holds_days needs files with a {day} to count from")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must differ")
        if self.format is not None:
            for name, formats in _FORMATS_OF.items():
                if name in self.model_fields_set and self.format not in formats:
                    raise ValueError(f"{name} is for the format {' or '.join(formats)}")
        if {"number", "store"} - set(self.key):
            raise ValueError('key must have "store" and "number"')
        for column, source in self.columns.items():
            if unknown := source.placeholders - set(self.pattern.placeholders):
                raise ValueError(
                    f"columns.{column}: the pattern has no {{{min(unknown)}}} that path could name"
                )
        return self

    def _check_origin(self) -> None:
        """Check that it says where its rows come from, in one way only."""
        if self.format == "sql":
            if self.files or self.frames or not self.query:
                raise ValueError("format sql needs query, and neither files nor frames")
            if (self.database is None) == (self.connection is None):
                raise ValueError("format sql needs either database or connection")
            if self.password_env and self.connection:
                raise ValueError("password_env is for database: a connection has its own password")
        elif (self.files is None) == (self.frames is None):
            raise ValueError("give either files or frames: the pattern of the paths")
        if self.optional and not self.files:
            raise ValueError("optional needs files: it says that a day may have none of them")
        if self.format == "sqlite" and (self.table is None) == (self.query is None):
            raise ValueError("format sqlite needs either table or query")

    @property
    def pattern(self) -> Pattern:
        """The pattern of its files."""
        return compiled(self.files or self.frames or "")

    def source(self, column: str) -> Source:
        """Where a column comes from: as given, else the path, else the column of its name."""
        if column in self.columns:
            return self.columns[column]
        placeholder = _FROM_PATH.get(column)
        if placeholder in self.pattern.placeholders:
            return Source(path=placeholder)
        own = Source(column=column)
        line_type = self.columns.get("line_type")
        if column in _OF_AN_ARTICLE and line_type and line_type.constant in LINES_WITHOUT_ARTICLE:
            # No line of such a file has an article, so that the file need not have the column.
            return Source(first_of=(own, Source(constant="")))
        return own

    @property
    def personal(self) -> frozenset[str]:
        """The file's columns that say who somebody is, or when they were born."""
        return frozenset(name for ours in _PERSONAL for name in self.source(ours).all_columns)

    @property
    def numbers(self) -> NumberFormat:
        """How its numbers are written."""
        return NumberFormat(self.decimal, self.thousands, self.currency)
