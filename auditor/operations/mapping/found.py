"""What is known of a kind of file when its columns are drafted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.mapping.models import TIMES
from auditor.operations.mapping.matching import Match
from auditor.operations.mapping.paths import PathGuess
from auditor.operations.mapping.sampling import Sample
from auditor.operations.mapping.times import Written
from auditor.operations.mapping.traits import Traits


@dataclass(frozen=True)
class Found:
    """What is known of a kind of file when its columns are drafted."""

    sample: Sample
    traits: Mapping[str, Traits]
    matches: Mapping[str, Match]
    times: Mapping[str, Written]  # by column of the file
    path: PathGuess

    def stands_in_records(self, column: str) -> bool:
        """Whether a column is of the lines in an object's list, and not of the object."""
        records = self.sample.dialect.get("records", ())
        lists = (records,) if isinstance(records, str) else records
        return any(column.startswith(f"{name}.") for name in lists)

    def source(self, role: str) -> dict[str, Any] | None:
        """The column of a role, and how its times are written."""
        match = self.matches.get(role)
        if match is None:
            return None
        source: dict[str, Any] = {"column": match.column}
        written, is_date = self.times.get(match.column), TIMES.get(role)
        if written is not None and is_date is not None:
            if written.epoch and not is_date:
                source["epoch"] = written.epoch
            elif written.form:
                source["date" if is_date else "time"] = written.form
        return source

    def unsure(self, role: str) -> str:
        """What is not certain about the column of a role; empty if all is."""
        match = self.matches[role]
        said = [] if match.sure else [f"is {match.column} meant?"]
        written = self.times.get(match.column)
        if written is not None and written.other and role not in ("sku", "transaction_id"):
            said.append(f"day and month may be the other way round: {written.other}")
        if written is not None and role == "birth_date" and written.short_year:
            said.append("a year of two digits is taken for the last before the sale")
        return "; ".join(said)

    def texts(self, role: str) -> Sequence[str]:
        """The cells of a role's column; empty ones if there is none."""
        match = self.matches.get(role)
        return self.sample.columns[match.column] if match else [""] * self.sample.rows
