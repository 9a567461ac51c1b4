"""Drafts the entry of a POSLog: a mapping of the program's own, and the file's categories."""

import re
from collections.abc import Iterator, Sequence

from auditor.mapping import shipped_text
from auditor.operations.mapping.draft import Draft, toml_value
from auditor.operations.mapping.paths import PathGuess
from auditor.operations.mapping.sampling import Sample
from auditor.operations.mapping.traits import traits_of
from auditor.operations.mapping.values import Article, drafted_categories, drafted_store

_NCR = re.compile(r"ncr\.com|\bacs:")
_ENTRY = "[[mapping.sales]]\n"


def draft_poslog(sample: Sample, path: PathGuess, names: Sequence[str]) -> Draft:
    """The shipped mapping of the dialect, for files whose paths fit the pattern."""
    shipped = "ncr-acs" if _NCR.search(sample.head) else "poslog-6"
    copied = shipped_text(shipped).partition(_ENTRY)[2]
    copied = re.sub(
        r"^files = .*$", f"files = {toml_value(path.pattern)}", copied, flags=re.MULTILINE
    )
    draft = Draft(
        "sales",
        {"files": path.pattern, "format": "poslog"},
        {"files": path.remarks},
        read_from=list(names),
        notes=[f"A POSLog: a copy of the mapping {shipped}, which comes with the program."],
    )
    articles = list(_articles(sample))
    categories = traits_of([article.category for article in articles])
    found = [drafted_categories("category", categories, articles)]
    found.append(drafted_store("store", traits_of(sample.columns["store"])))
    for drafted in found:
        if drafted.values or drafted.check:
            line = re.compile(rf"^{drafted.column} = .*\n", re.MULTILINE)
            copied = line.sub("", copied)
            draft.columns.append(drafted)
    draft.copied = copied
    return draft


def _articles(sample: Sample) -> Iterator[Article]:
    """What was sold; a check on a line of its own stands before the article."""
    names = ("item_id", "category", "description", "check", "sequence")
    asked = ""  # the receipt in which the last line asked for an age
    for item, category, text, check, receipt in zip(
        *(sample.columns[name] for name in names), strict=True
    ):
        if item:
            yield Article(category, text, bool(check) or asked == receipt)
        asked = receipt if check and not item else ""
