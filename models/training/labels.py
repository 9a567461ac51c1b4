"""The rules by which a row of a labelled set is accepted or rejected."""

from collections.abc import Sequence

import pandas as pd

#: Ages that people reach: 116 is the oldest label of the public sets, and nearly the record.
YOUNGEST, OLDEST = 0, 116

#: What a table of faults says: where the row was, which column is wrong, and how.
FAULT_COLUMNS = ("file", "row", "id", "column", "reason", "detail")

#: Every reason for a rejection, in words.
REASONS = {
    "id_missing": "the row has no id",
    "id_repeated": "the same id, age and picture again; the first is kept",
    "id_contradictory": "the same id with different ages or pictures; none is used",
    "age_missing": "no age is given",
    "age_not_a_number": "the age is not a number",
    "age_impossible": f"the age is not between {YOUNGEST} and {OLDEST} years",
    "picture_missing": "there is a label, but no picture",
    "picture_unreadable": "the picture is damaged or of an unknown format",
    "picture_unlabelled": "there is a picture, but no label",
    "name_ambiguous": "several pictures have the name that the label gives",
    "wrong_size": "the crop does not have the expected size",
    "no_face": "no face was found in the picture",
}


def faults(
    rows: pd.DataFrame, column: str, reason: str | Sequence[str], detail: str | Sequence[str] = ""
) -> pd.DataFrame:
    """Faults of ``rows``, one each, in the form of FAULT_COLUMNS; a reason for all or for each."""
    table = rows.reindex(columns=["file", "row", "id"]).reset_index(drop=True)
    table = table.assign(column=column, reason=reason, detail=detail)
    return table.astype({"row": "Int64"}).astype(
        {name: "string" for name in FAULT_COLUMNS if name != "row"}
    )


def no_faults() -> pd.DataFrame:
    """The table of a set without faults."""
    return faults(pd.DataFrame(), "", "")


def check(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part rows into those whose id and age can be used, and faults.

    Args:
        rows: with ``file``, ``row``, ``id`` and ``age``, the last two of any type. A column
            ``content``, if there is one, tells whether two rows with one id hold one picture.

    Returns:
        The good rows, with ``age`` as float64 years and their index kept; and the faults.
    """
    found = [no_faults()]
    has_id = rows["id"].notna() & (rows["id"].astype("string").str.strip() != "")
    found.append(faults(rows[~has_id], "id", "id_missing"))
    rows = rows[has_id]

    number = pd.to_numeric(rows["age"], errors="coerce").astype(float)
    text = rows["age"].astype("string")
    missing = rows["age"].isna() | (text.str.strip() == "")
    not_number = ~missing & number.isna()
    impossible = ~missing & ~not_number & ~number.between(YOUNGEST, OLDEST)
    found.append(faults(rows[missing], "age", "age_missing"))
    for mask, reason in ((not_number, "age_not_a_number"), (impossible, "age_impossible")):
        shown = [repr(value[:40]) for value in text[mask]]
        found.append(faults(rows[mask], "age", reason, shown))
    rows = rows.assign(age=number, id=rows["id"].astype("string"))
    rows = rows[~(missing | not_number | impossible)]

    told_apart = [name for name in ("age", "content") if name in rows]
    kinds = rows.drop_duplicates(["id", *told_apart])
    contradictory = rows["id"].isin(kinds.loc[kinds["id"].duplicated(), "id"])
    repeated = ~contradictory & rows["id"].duplicated()
    for mask, reason in ((contradictory, "id_contradictory"), (repeated, "id_repeated")):
        found.append(faults(rows[mask], "id", reason))
    return rows[~(contradictory | repeated)], pd.concat(found, ignore_index=True)
