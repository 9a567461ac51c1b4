"""What is wrong with a policy or a mapping: the key, what is expected, and what was seen."""

import json
import tomllib
from collections.abc import Callable, Collection, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from auditor.errors import ConfigurationError

_MOST_PARTS = 100  # of a dotted name; a policy's own have two
_LONGEST_SHOWN = 60  # characters of a value that is repeated in a message

# By the prefix of pydantic's error type, first match first: what a value must be, given the
# error's context and an example.
_EXPECTED: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "int_": lambda _, example: f"a whole number, such as {example}",
    "float_": lambda _, example: f"a number, such as {example}",
    "finite_number": lambda _, example: f"a number, such as {example}",
    "bool_": lambda *_: "true or false",
    "date_": lambda *_: "a date, such as 2026-03-27",
    "frozen_set_": lambda _, example: f"a list, such as {example}",
    "dict_": lambda _, example: f"a table, such as {example}",
    "tuple_": lambda _, example: f"a list, such as {example}",
    "string_too_short": lambda *_: "a text that is not empty",  # no rule asks for more than that
    "string_too_long": lambda limits, _: f"a text of at most {limits['max_length']} characters",
    "string_": lambda *_: "a text in quotation marks",
    "literal_error": lambda choices, _: f"one of {choices['expected']}".replace("'", '"'),
    "greater_than_equal": lambda limits, _: f"at least {limits['ge']:g}",
    "greater_than": lambda limits, _: f"more than {limits['gt']:g}",
    "less_than_equal": lambda limits, _: f"at most {limits['le']:g}",
    "less_than": lambda limits, _: f"less than {limits['lt']:g}",
    "too_short": lambda *_: "a list that is not empty",
    "too_long": lambda limits, _: f"a list of at most {limits['max_length']} entries",
    "value_error": lambda context, _: str(context["error"]),
}

_Model = TypeVar("_Model", bound=BaseModel)


def parsed_toml(content: bytes, *, origin: str) -> dict[str, Any]:
    """The content of a TOML file; ``origin`` names it in errors.

    Raises:
        ConfigurationError: it is not TOML.
    """
    try:
        _refuse_deep_names(content)
        return tomllib.loads(content.decode("utf-8"))
    # Besides its own error: a number of thousands of digits, and thousands of brackets.
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{origin}: not a TOML file: {error}") from error


def nearest(word: str, known: Collection[str]) -> str:
    """Which of the known words is most like this one, as a part of a message; maybe empty."""
    by_fold = {each.casefold(): each for each in known}
    found = get_close_matches(word.casefold(), by_fold, n=1)
    return f"; the nearest is {by_fold[found[0]]}" if found else ""


def validated(model: type[_Model], values: Mapping[str, Any], where: str) -> _Model:
    """The values as a model.

    Raises:
        ValueError: each problem, with its key below ``where``.
    """
    try:
        return model(**values)
    except ValidationError as error:
        # One problem a key: where an entry of a list is wrong, its length is reported wrong too.
        first = {problem["loc"][:1]: problem for problem in reversed(error.errors())}
        problems = [_problem(model, problem, where) for problem in reversed(first.values())]
        raise ValueError("; ".join(problems)) from error


def table(value: Any, where: str, known: Collection[str] | None = None) -> Mapping[str, Any]:
    """The value as a table.

    Raises:
        ValueError: it is not a table, or has a key that is not ``known``.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: must be a table of keys and values, not {_shown(value)}")  # noqa: TRY004
    unknown = sorted(set(value).difference(known)) if known is not None else []
    if unknown and known is not None:
        key = f"{where}.{unknown[0]}" if where else unknown[0]
        known_here = f"known here: {', '.join(sorted(known))}"
        raise ValueError(f"unknown key {key}{nearest(unknown[0], known)}; {known_here}")
    return value


def tables(value: Any, where: str) -> list[Any]:
    """The value as a list of tables, which :func:`table` checks one by one.

    Raises:
        ValueError: it is not a list.
    """
    if not isinstance(value, list):
        raise ValueError(f"{where}: must be written as [[{where}]], not {_shown(value)}")  # noqa: TRY004
    return value


def _problem(model: type[BaseModel], problem: Mapping[str, Any], where: str) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if not problem["loc"]:  # of several keys together
        return f"{where}: {context['error']}"
    name, *inside = problem["loc"]
    key = f"{where}.{name}"
    if kind == "missing":
        return f"{key}: is required"
    example = _example(model.model_fields[str(name)], of_entry=bool(inside))
    expected = next(
        (say(context, example) for start, say in _EXPECTED.items() if kind.startswith(start)),
        problem["msg"],
    )
    must = "each entry must be" if inside else "must be"
    return f"{key}: {must} {expected}, not {_shown(problem['input'])}"


def _example(field: FieldInfo, *, of_entry: bool) -> str:
    example = (field.examples or [field.get_default()])[0]
    if isinstance(example, frozenset):
        example = sorted(example)
    if isinstance(example, Mapping):
        return _shown(next(iter(example.values()))) if of_entry else _table(example)
    if isinstance(example, list | tuple):
        return _shown(example[0] if of_entry else example[:2])
    return _shown(example)


def _table(value: Mapping[str, Any]) -> str:
    """A table as a policy has it in one line."""
    return f"{{ {', '.join(f'{key} = {_shown(entry)}' for key, entry in value.items())} }}"


def _shown(value: Any) -> str:
    """A value as the file has it, shortened."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        text = f"[{', '.join(_shown(each) for each in value[:_LONGEST_SHOWN])}]"
    else:
        text = json.dumps(value, default=str, ensure_ascii=not str(value).isprintable())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _refuse_deep_names(content: bytes) -> None:
    """Refuse names of very many parts (a.a.a...): reading them takes the square of their number."""
    for number, line in enumerate(content.splitlines(), 1):
        name = line if line.lstrip().startswith(b"[") else line.partition(b"=")[0]
        if name.count(b".") > _MOST_PARTS and b"," not in name:
            raise ValueError(f"line {number}: a name has more than {_MOST_PARTS} parts")
