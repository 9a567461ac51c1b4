"""What a reading of a day leaves unclear although its rows were read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.monitoring.completeness.categories import unknown_categories
from auditor.policy import Rules
from auditor.report.text import words
from auditor.report.text.completeness import NAME_ARTICLES, NAME_IT
from auditor.sales.camera_tills import unknown_till
from auditor.sales.drinks import hints_at_alcohol, says_alcohol_free
from auditor.sales.goods import folded_name, named_categories
from auditor.sales.line_types import of_type
from auditor.storage.place import OutsideError, Place

_FRAMES = 20  # of an index that are looked for


@dataclass(frozen=True)
class Unclear:
    """Something that was not understood.

    Attributes:
        what: in words.
        rows: how many rows it concerns, if that is known.
        example: a file, row and column, or a value.
        harmless: whether it may stay so.
    """

    what: str
    rows: int | None = None
    example: str = ""
    harmless: bool = False


def unclear_categories(counts: pa.Table, rules: Mapping[str, Rules]) -> list[Unclear]:
    """Categories of CATEGORY_COUNTS that the policy does not name, and that may be alcohol.

    That is, those with ID checks that a run would report, and those that sound like alcohol, or
    with articles that do.
    """
    lines, checks = Counter[str](), Counter[str]()
    articles = dict[str, str]()
    for each in unknown_categories(counts, (), rules):
        checks[each.category or ""] += each.checked
        if each.sounding:
            articles.setdefault(each.category or "", each.example or "")
    named = {store_id: named_categories(own) for store_id, own in rules.items()}
    for row in counts.to_pylist():
        name = row["category"] or ""
        if not row["alcohol"] and folded_name(name) not in named[row["store_id"]]:
            lines[name] += row["lines"]
    found = []
    for name, count in lines.items():
        if checks[name] or hints_at_alcohol(name):
            on = "1 line" if checks[name] == 1 else f"{checks[name]} lines"
            why = f"has ID checks on {on}" if checks[name] else "sounds like alcohol"
            what = f"a category that is no alcohol to the policy {why}; {NAME_IT}"
            found.append(Unclear(what, count, name))
        elif name in articles:
            what = f"articles that are no alcohol to the policy sound like it; {NAME_ARTICLES}"
            found.append(Unclear(what, count, f"{name or 'no category'}: {articles[name]}"))
    return found


def alcohol_free(lines: pa.Table, alcohol: Flags) -> list[Unclear]:
    """Articles that are alcohol to the policy, and whose names say that they have none.

    ``alcohol`` says which of the TILL_LINES are alcohol.
    """
    sold = Counter(lines["description"].filter(pa.array(alcohol)).drop_null().to_pylist())
    free = [name for name, _ in sold.most_common() if says_alcohol_free(name)]
    if not free:
        return []
    what = (
        "articles in categories of alcohol that say they have none; if so, name them in the "
        "policy's alcohol_free_names, such as '*alcohol-free*', or in its alcohol_free_skus"
    )
    return [Unclear(what, sum(sold[name] for name in free), words.some(free), harmless=True)]


def silent_checks(lines: pa.Table) -> list[Unclear]:
    """Lines of TILL_LINES of the type ``id_check`` that say nothing of how the check ended.

    A birth date or a required age says something, and so does a word of the till for "not checked".
    """
    nothing = pc.equal(lines["id_check"].fill_null("not_recorded"), "not_recorded")
    for name in ("birth_date", "required_age"):
        nothing = pc.and_(nothing, pc.is_null(lines[name]))
    silent = lines.filter(pc.and_(nothing, pa.array(of_type(lines, "id_check"))))
    if not silent.num_rows:
        return []
    first = silent.slice(0, 1).to_pylist()[0]
    what = (
        "lines of type id_check that say neither how the check ended, nor a birth date or required "
        "age: map the column that says how the check ended to id_check"
    )
    return [Unclear(what, silent.num_rows, f"{first['source']}, row {first['row']}")]


def unknown_tills(index: pa.Table, lines: pa.Table) -> Iterator[Unclear]:
    """Tills that frames name and that no line of their store has: those frames fit no sale."""
    of_lines, of_frames = (
        Counter(zip(table["store_id"].to_pylist(), table["till_id"].to_pylist(), strict=True))
        for table in (lines, index)
    )
    tills = defaultdict[str, set[str]](set)
    for store_id, till in of_lines:
        tills[store_id].add(till)
    for (store_id, till), count in of_frames.items():
        if till is not None and tills[store_id] and till not in tills[store_id]:
            there = unknown_till(till, tills[store_id])
            what = "frames of a till that the export lacks"
            yield Unclear(what, count, f"till {till} of store {store_id}: {there}")


def missing_frames(snapshots: Place, index: pa.Table) -> Iterator[Unclear]:
    """Frames of a SNAPSHOT_INDEX that are not there, of some that are looked for."""
    paths = index["path"].drop_null().unique().to_pylist()
    some = paths[:: -(-len(paths) // _FRAMES) or 1]
    missing = [path for path in some if not _is_there(snapshots, path)]
    if missing:
        what = (
            f"frames that an index names and that are not there, of {len(some)} looked for; paths "
            "are relative to the address: if they are relative to the index's own folder, join it"
        )
        yield Unclear(what, len(missing), missing[0])


def _is_there(snapshots: Place, path: str) -> bool:
    try:
        return snapshots.exists(path)
    except OutsideError:
        return False
