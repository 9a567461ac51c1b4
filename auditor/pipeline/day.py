"""A day to audit, and a day that is open: its policy loaded and its folders opened once."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from auditor.errors import BusyError, ConfigurationError, NoSourceError
from auditor.faces.extra_formats import check_installed
from auditor.faces.model import Card
from auditor.mapping import Mapping, load_mapping
from auditor.policy import ChainRules, Policy, load_policy
from auditor.storage.place import Place, results_at
from auditor.storage.separation import check_apart

#: Called after each frame with the number of frames scored so far, and of all frames of the day.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A day to audit: where its inputs lie, and where its results go. Addresses are URLs."""

    day: dt.date
    sales: str
    snapshots: str
    out: str
    policy: str | None = None  # of a TOML file; None stands for the built-in defaults
    mapping: str | None = None  # of a TOML file, or a shipped one's name; None: our own columns
    stores: tuple[str, ...] = ()  # none: all
    batch_size: int = 256  # sales a scoring batch


@dataclass(frozen=True, eq=False)
class Day:
    """A job with all that its steps share."""

    job: Job
    policy: Policy
    rules: ChainRules  # in force on the day
    out: Place
    own_mapping: Mapping | None = None  # instead of the job's

    @classmethod
    def open(
        cls, job: Job, policy: Policy | None = None, own_mapping: Mapping | None = None
    ) -> Self:
        """Open a job; the caller may have loaded its policy and mapping. Nothing is written.

        Raises:
            ConfigurationError: the policy or the address of the results is wrong, or no policy is
                in force on the day.
        """
        policy = policy or load_policy(job.policy)
        rules = policy.chain_rules(job.day)
        return cls(job, policy, rules, results_at(job.out), own_mapping)

    def check(self) -> None:
        """Check before anything is written that there are inputs, and results not among them.

        Raises:
            ConfigurationError: results would lie among inputs, or the other way round; or the
                policy does not list a store of the job, or names a format of frames for which no
                decoder is installed.
            NoSourceError: there is nothing at the address of the exports or of the frames.
        """
        listed = self.policy.stores
        if unknown := [
            store_id for store_id in self.job.stores if listed and store_id not in listed
        ]:
            raise ConfigurationError(
                f"store {unknown[0]} is not in the policy, which lists {', '.join(listed)}"
            )
        check_installed(self.rules.extra_frame_formats)
        inputs = {"sales": self.sales, "snapshots": self.snapshots}
        check_apart(self.out, inputs)
        for name, place in inputs.items():
            if not place.exists(place.single_file or ""):
                raise NoSourceError(
                    f"there is nothing at {place}: check the address of --{name} and the rights to"
                    " it"
                )

    @property
    def date(self) -> dt.date:
        """The business day."""
        return self.job.day

    @cached_property
    def sales(self) -> Place:
        """The folder, or the file, of the till exports."""
        return Place(self.job.sales)

    @cached_property
    def snapshots(self) -> Place:
        """The folder of the snapshot indexes and frames."""
        return Place(self.job.snapshots)

    @cached_property
    def mapping(self) -> Mapping | None:
        """What the mapping says of the files that tills and cameras write.

        Raises:
            ConfigurationError: it cannot be read, or is not valid.
        """
        return self.own_mapping or load_mapping(self.job.mapping)

    @property
    def mapping_sha256(self) -> str | None:
        """The hash of the mapping, if there is one."""
        return self.mapping.sha256 if self.mapping else None

    @cached_property
    def model_card(self) -> Card:
        """The card of the age model that the policy names.

        Raises:
            ModelError: there is no such version, or it is damaged.
        """
        return Card.read(self.rules.model)

    def lock(self, *, shared: bool = False, wait: bool = False) -> AbstractContextManager[None]:
        """Hold the lock of the day; see :func:`day_lock`."""
        return day_lock(self.out, self.date, shared=shared, wait=wait)


@contextmanager
def day_lock(
    out: Place, day: dt.date, *, shared: bool = False, wait: bool = False
) -> Iterator[None]:
    """Hold the lock of a day, which a process that is killed loses by itself.

    Locks keep runs apart where the results lie on a file system that has locks. Object storage has
    none: there, and between the steps of a run, the plan's id shows whether the day is still the
    run's own (:func:`auditor.pipeline.plans.read_plan`). Batches of a day share the lock; ``wait``
    waits for it, however long that takes.

    Raises:
        BusyError: another run holds the lock, and ``wait`` is false.
        StorageError: nothing can be written there.
    """
    try:
        with out.lock(f"unfinished/.day={day}.lock", shared=shared, wait=wait):
            yield
    except BlockingIOError as error:
        raise BusyError(
            f"another run is at work on {day} below {out}: run it again when that one has ended "
            "(auditor run --wait waits for it)"
        ) from error


def workspace(day: dt.date) -> str:
    """The folder of what the steps of a day hand on, relative to OUT."""
    return f"unfinished/day={day.isoformat()}"


def unfinished(out: Place, day: dt.date) -> bool:
    """Whether a day was begun and is not reported yet."""
    return out.exists(workspace(day))
