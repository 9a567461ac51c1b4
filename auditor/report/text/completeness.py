"""What speaks for sales that the audit does not see, in words that claim no more than it does."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from auditor.monitoring.completeness import (
    Completeness,
    Gap,
    MissingNumbers,
    SilentTills,
    TotalsDiffer,
    UnknownCategory,
)
from auditor.report.text import words

#: What the policy has to be told, wherever a category that it does not know is named.
NAME_IT = (
    "if it is alcohol, name it in the policy's alcohol_categories, otherwise, once and for all, in"
    " other_categories"
)

#: The same of articles in a category that need not be alcohol as a whole.
NAME_ARTICLES = (
    "if they are alcohol, give them a category that is in alcohol_categories, or name their numbers"
    " in the policy's alcohol_skus, otherwise, once and for all, the category in other_categories"
    " or the numbers in alcohol_free_skus"
)

#: What to do about what may make a day's result unreliable, by the kind of note.
REMEDIES = {
    "alcohol_returned": "if the till writes sales with a minus, set divide = -1 for quantity and"
    " amount in the mapping; if it was given back there, give its lines the line_type return",
    "typed_returns": "see that only lines that give something back have the line_type return",
    "missing_file": "get the file and run the day again, or give the entry optional = true if the"
    " tills do not write one every day",
    "unmatched_frames": "correct the pattern",
    "left_out_frames": "correct the pattern, or add an entry for them",
}

_WHY = {
    "nothing_sold": "no line of the export is alcohol by the policy",
    "checked": "the till asked for an age, and nothing else explains it",
    "sounds_so": "its name sounds like alcohol",
    "new": "in no export of the days before",
}


def why(found: UnknownCategory) -> str:
    """Why a category is named."""
    if found.kind == "articles":
        return f"{words.integer(found.sounding)} of its lines sound like alcohol{_example(found)}"
    return _WHY[found.kind]


def category(found: UnknownCategory) -> str:
    """A category with its counts: ``“Wein” (12 lines, 3 with an ID check)``."""
    name = f"“{words.visible(found.category, 60)}”" if found.category else "no category"
    checked = f", {words.integer(found.checked)} with an ID check" if found.checked else ""
    return f"{name} ({words.counted(found.lines, 'line')}{checked})"


def unaudited(found: Completeness) -> list[str]:
    """What speaks for alcohol that the policy does not know, a clause each; ``NAME_IT`` helps."""
    sentences = []
    if nothing := found.nothing_sold:
        stores = list(dict.fromkeys(c.store_id for c in nothing))
        sentences.append(
            f"no line of the till export of {words.some(stores)} is alcohol by the policy, and"
            f" it has {_categories(nothing)}"
        )
    if checked := [c for c in found.categories if c.kind == "checked"]:
        sentences += _checked(checked)
    if sounding := [c for c in found.categories if c.kind == "sounds_so"]:
        sentences.append(
            f"the policy does not name {_categories(sounding)}, and the name sounds like alcohol"
        )
    return sentences


def unaudited_articles(found: Completeness) -> list[str]:
    """What speaks for alcohol in categories that hold anything; ``NAME_ARTICLES`` helps."""
    sounding = _together(c for c in found.categories if c.kind == "articles")
    if not sounding:
        return []
    where = [
        f"{words.integer(c.sounding)} of {words.counted(c.lines, 'line')} "
        f"{f'in “{words.visible(c.category, 60)}”' if c.category else 'without a category'}"
        f"{_example(c)}"
        for c in sounding
    ]
    return [f"articles that the policy does not name sound like alcohol: {words.some(where)}"]


def signs(found: Completeness, day: date) -> list[str]:
    """A short text for each other sign, for the health check: no transaction is named."""
    texts = []
    new = [c for c in found.categories if c.kind == "new"]
    if new:
        texts.append(f"categories that no export had before: {_categories(new)}")
    if found.numbers:
        lacking = sum(n.missing for n in found.numbers)
        texts.append(
            f"{words.counted(lacking, 'transaction number')} missing at"
            f" {words.some([_till_of(n) for n in found.numbers])}"
        )
    texts += [silent(each, day) for each in found.silent[:_NAMED]]
    if more := len(found.silent) - _NAMED:
        texts += [f"{more} more silences"] if more > 0 else []
    if found.totals:
        named = words.some([f"till {t.till_id} of {t.store_id}" for t in found.totals])
        texts.append(f"totals of the till's own that differ from its lines: {named}")
    return texts


def silent(found: SilentTills, day: date, *, with_store: bool = True) -> str:
    """Which tills were silent when, and what was usual."""
    hours = f"from {found.from_hour:02}:00 to {found.to_hour:02}:00"
    names = [words.visible(till, 40) for till in found.tills]
    who = "all tills" if found.all_tills else f"till{'s'[: len(names) > 1]} {words.some(names)}"
    of = f" of {found.store_id}" if with_store else ""
    before = words.counted(found.weeks, words.weekday(day))
    return (
        f"{who}{of} without a transaction {hours}, when the {before} before it had"
        f" {words.expected_count(found.expected)} on average"
    )


def gap(found: Gap) -> str:
    """Where numbers lack, by the transactions around them; times in the zone that they have."""
    return (
        f"{words.integer(found.missing)} between {words.visible(found.after, 40)}"
        f" ({found.after_at:%H:%M}) and {words.visible(found.before, 40)}"
        f" ({found.before_at:%H:%M})"
    )


def usual_numbers(found: MissingNumbers) -> str:
    """How many numbers lacked before."""
    if found.usual is None:
        return "no earlier day to compare with"
    return f"{words.expected_count(found.usual)} by the days before"


def usual_totals(found: TotalsDiffer) -> str:
    """By how much the totals differed before."""
    if found.usual_transactions is None or found.usual_turnover is None:
        return "no earlier day to compare with"
    return (
        f"at most {words.integer(found.usual_transactions)} and {found.usual_turnover:,.2f}"
        " on the days before"
    )


def input_note(kind: str, column: str | None, values: Sequence[str], rows: int) -> str:
    """What was noticed of the inputs, in a sentence."""
    named = f"“{words.visible(column, 60)}”" if column else "a column"
    seen = words.some([f"“{words.visible(value, 60)}”" for value in values])
    of_rows = f" in {words.counted(rows, 'row')}" if rows else ""
    said = {
        "unmapped_value": f"Values of {named} that the mapping does not name: {seen}{of_rows}.",
        "missing_column": f"The mapping reads {named}, which a file lacks{of_rows}.",
        "left_out": f"The mapping leaves {words.counted(rows, 'row')} out.",
        "lost_zeros": f"Numbers in {named} have different widths{of_rows}: leading zeros may have"
        " been lost on the way.",
        "empty_export": f"Till exports with a header and no rows: {seen}.",
        "unread_sheet": f"Sheets of Excel workbooks that nobody read: {seen}.",
        "local_time": f"Times without an offset{of_rows}, and the policy sets no time zone: they"
        " were read as UTC. Set time_zone in the policy.",
        "unlisted_store": f"Stores that the policy does not list, audited by its rules for all"
        f" stores: {seen}; list them under [stores], or correct their names.",
        "alcohol_returned": f"Alcohol was given back in {words.counted(rows, 'transaction')} of"
        f" {seen}, more than it was sold in:"
        f" {REMEDIES['typed_returns' if column else 'alcohol_returned']}.",
        "missing_file": f"The day has no file of these entries of the mapping: {seen};"
        f" {REMEDIES['missing_file']}.",
        "unmatched_frames": f"The pattern of frames {named} fits none of"
        f" {words.counted(rows, 'picture')}, such as {seen}; {REMEDIES['unmatched_frames']}.",
        "left_out_frames": f"The pattern of frames {named} leaves most pictures out:"
        f" {words.integer(rows)}, such as {seen}; {REMEDIES['left_out_frames']}.",
    }.get(kind)
    if said is not None:
        return said
    label = words.visible(kind.replace("_", " "))
    return f"{label.capitalize()}: {named}{f', {seen}' if values else ''}{of_rows}."


def unread_columns(columns: Iterable[str]) -> str:
    """The columns of the inputs that nothing reads, in one sentence."""
    return f"Columns that nobody read: {words.some([words.visible(c, 60) for c in columns])}."


#: Silences named in the health check.
_NAMED = 3


def _categories(found: Iterable[UnknownCategory]) -> str:
    return words.some([category(each) for each in _together(found)])


def _together(found: Iterable[UnknownCategory]) -> list[UnknownCategory]:
    """The categories of one or several stores, each once, those with most checks first."""
    together: dict[str, UnknownCategory] = {}
    for each in found:
        name = (each.category or "").casefold()
        before = together.get(name)
        together[name] = (
            replace(
                before,
                lines=before.lines + each.lines,
                checked=before.checked + each.checked,
                sounding=before.sounding + each.sounding,
            )
            if before
            else each
        )
    return sorted(together.values(), key=lambda c: (-c.checked, -c.lines, c.category or ""))


def _example(found: UnknownCategory) -> str:
    return f" (such as “{words.visible(found.example, 60)}”)" if found.example else ""


def _checked(found: Sequence[UnknownCategory]) -> list[str]:
    """Of categories with ID checks, a clause on those with a name, and one on those without."""
    named, nameless = [c for c in found if c.category], [c for c in found if not c.category]
    clauses = [f"the policy does not name {_categories(named)}"] if named else []
    if nameless:
        lines = words.counted(sum(c.lines for c in nameless), "line")
        checked = words.integer(sum(c.checked for c in nameless))
        clauses.append(f"{lines} without a category, {checked} with an ID check")
    return clauses


def _till_of(found: MissingNumbers) -> str:
    store = found.store_id
    return store if found.till_id is None else f"till {words.visible(found.till_id, 40)} of {store}"
