"""Whose turn it is at a day: one run at a time, while its batches may be scored side by side.

Locks keep runs apart where results lie on a file system that has them. Object storage has none:
there, and between the steps of a run, a plan's id tells whether the day is still the run's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from auditor.errors import BusyError
from auditor.storage.place import Place


@contextmanager
def turn(out: Place, day: date, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Have a day to oneself; a process that is killed gives it back.

    Args:
        out: where.
        day: the business day.
        shared: with others that share it too, but with nobody who wants it alone.
        wait: until whoever has it is done, however long that takes.

    Raises:
        BusyError: another run has it, and is not to be waited for.
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
