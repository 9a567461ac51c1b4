"""The plan of a day: the file by which each step knows what there is to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter, ValidationError

from auditor.errors import ContractError, OvertakenError, SourceError
from auditor.pipeline.batches import Batch, Kind
from auditor.pipeline.day import workspace
from auditor.storage.place import Place
from auditor.tables import EXPORTED

#: The daily tables that are known once the day is planned.
PLANNED = (*EXPORTED, "camera_days", "input_notes")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a day consists of. Its paths are relative to OUT."""

    day: date
    id: str  # the same for runs whose steps write the same, and for no others
    batches: tuple[Batch, ...]  # in the order of their stores; ``sales`` before ``baskets``
    #: Path and SHA-256 of each export and index of the day, and of those beside it that are used.
    files: tuple[tuple[str, str], ...]
    policy_sha256: str
    mapping_sha256: str | None
    sales: int  # how many alcohol sales
    rejects: tuple[int, ...]  # the buckets of stores (storage/spool.py) that have rejected rows
    purchases: tuple[int, ...]  # the buckets that have baskets for the analysis by age group
    #: The stores whose rows may reach sales of the day before, and of the day after.
    reach: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def of_kind(self, kind: Kind) -> list[Batch]:
        """Its batches of a kind, in order."""
        return [batch for batch in self.batches if batch.kind == kind]

    @property
    def folder(self) -> str:
        """The folder of all files that belong to it."""
        return f"{workspace(self.day)}/{self.id}"

    @property
    def coverage_path(self) -> str:
        """Where the STORE_DAYS of the day are."""
        return f"{self.folder}/coverage.parquet"

    @property
    def finalised_path(self) -> str:
        """An empty file, which is there once the plan is finalised."""
        return f"{self.folder}/finalised"

    def exported_path(self, name: str) -> str:
        """Where the day's table of a name in ``PLANNED`` is."""
        return f"{self.folder}/{name}.parquet"

    def bucket_path(self, table: str, bucket: int) -> str:
        """Where the rows of a table, ``rejects`` or ``purchases``, of a bucket of stores are."""
        return f"{self.folder}/{table}-{bucket:02d}.parquet"

    @property
    def all_files(self) -> set[str]:
        """Every file that the steps of the day may have handed on."""
        return {
            self.coverage_path,
            self.finalised_path,
            *map(self.exported_path, PLANNED),
            *(path for batch in self.batches for path in batch.files),
            *(self.bucket_path("rejects", bucket) for bucket in self.rejects),
            *(self.bucket_path("purchases", bucket) for bucket in self.purchases),
        }

    def to_json(self) -> bytes:
        """It as it is stored; the same plan gives the same bytes."""
        return _PLAN.dump_json(self, indent=1)


_PLAN = TypeAdapter(Plan)


def plan_path(day: date) -> str:
    """Where the plan of a day is, relative to OUT."""
    return f"{workspace(day)}/plan.json"


def find_plan(out: Place, day: date) -> Plan | None:
    """The plan of a day; None if there is none.

    Raises:
        ContractError: it is the plan of another version of the program.
    """
    try:
        return _PLAN.validate_json(out.read(plan_path(day)))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ContractError(
            "the day was planned by another version of the program: run it from its beginning"
        ) from error


def read_plan(out: Place, day: date, batches: Sequence[Batch] = ()) -> Plan:
    """The plan of a day, for a step that works on some batches; none: of whichever plan there is.

    Raises:
        SourceError: there is no plan, and the caller knows of none.
        OvertakenError: the plan is not, or no longer, the one that the batches belong to.
        ContractError: it is the plan of another version of the program.
    """
    plan = find_plan(out, day)
    if plan is None and not batches:
        raise SourceError(f"{day} is not planned below {out}: run the day from its beginning")
    if plan is None:
        raise OvertakenError(
            f"the plan of {day} is gone from {out}: another run has finished the day meanwhile, or "
            "is planning it anew; if there is no report of it, run it again"
        )
    if any((batch.day, batch.plan_id) != (day, plan.id) for batch in batches):
        raise OvertakenError(
            f"{day} was planned anew by another run, from other files or with another policy, "
            "model or batch size: that run goes on, this one ends"
        )
    return plan
