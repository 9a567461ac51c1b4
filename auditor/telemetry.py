"""Events: what each step of the audit did, in counts and seconds, for logs and metrics.

Each step emits one event, ``planned``, ``scored``, ``finalised``, ``completed``, ``reported`` or
``expired``: a logging record with figures, and no person in them. A log shows it as ``finalised
day=... sales=342 ...`` or as a line of JSON; Airflow's tasks send the figures in METRICS as
metrics.
"""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock
from typing import Literal

Figure = int | float | str

#: The logger of all events; its records carry ``event`` and ``figures``.
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of an event that is also a metric.

    Attributes:
        event: the event that has the figure.
        name: of the metric.
        kind: ``gauge``, a count of the day audited last; or ``timer``, seconds of a step.
        meaning: in words.
    """

    event: str
    name: str
    kind: Literal["gauge", "timer"]
    meaning: str


#: By event and figure.
METRICS: Mapping[tuple[str, str], Metric] = {
    (metric.event, figure): metric
    for figure, metric in (
        ("batches", Metric("planned", "auditor.batches", "gauge", "scoring batches of the day")),
        ("rejects", Metric("planned", "auditor.rejects", "gauge", "input rows rejected")),
        ("seconds", Metric("planned", "auditor.seconds.plan", "timer", "planning a day")),
        ("seconds", Metric("finalised", "auditor.seconds.finalise", "timer", "finalising a day")),
        ("seconds", Metric("reported", "auditor.seconds.report", "timer", "rendering a day")),
        *(
            (f"seconds_{stage}", Metric("scored", f"auditor.seconds.{stage}", "timer", meaning))
            for stage, meaning in (
                ("decode", "a batch's frames decoded; of all threads together, as the next three"),
                ("detect", "faces found in them"),
                ("align", "faces cut out"),
                ("estimate", "ages estimated"),
                ("store", "a batch's results written"),
            )
        ),
        ("stores", Metric("finalised", "auditor.stores", "gauge", "stores of the day")),
        ("sales", Metric("finalised", "auditor.sales", "gauge", "alcohol sales of the day")),
        (
            "scored",
            Metric("finalised", "auditor.scored", "gauge", "of these, with an age estimated"),
        ),
        ("flagged", Metric("finalised", "auditor.flagged", "gauge", "of the sales, flagged")),
        (
            "inconclusive",
            Metric("finalised", "auditor.inconclusive", "gauge", "of the sales, not judged"),
        ),
        *(
            (
                f"inconclusive_{reason}",
                Metric("finalised", f"auditor.inconclusive.{reason}", "gauge", f"since {words}"),
            )
            for reason, words in (
                ("snapshot_missing", "there was no frame"),
                ("snapshot_ambiguous", "the frame may have been another sale's"),
                ("snapshot_contradicts", "the frame was of another time or till"),
                ("snapshot_unreadable", "the frame could not be read"),
                ("camera_frozen", "the camera gave the same picture again and again"),
                ("no_face", "no face was found"),
                ("face_too_small", "the face was too small"),
                ("face_blurred", "the face was too blurred"),
                ("face_dark", "the face was too dark"),
                ("face_overexposed", "the face was overexposed"),
                ("face_distorted", "the face was squashed or stretched"),
                ("face_aside", "the face was turned aside"),
                ("face_turned", "the face lay on its side or stood on its head"),
                ("face_covered", "a mask or sunglasses covered the face"),
            )
        ),
        (
            "cameras_changed",
            Metric("reported", "auditor.cameras_changed", "gauge", "cameras to look at"),
        ),
    )
}


def emit(event: str, day: date, **figures: Figure) -> None:
    """Emit an event of a day's audit; figures are counts, seconds, and names of no person."""
    figures = {"day": day.isoformat(), **figures}
    text = " ".join(f"{name}={_shown(value)}" for name, value in figures.items())
    log.info("%s %s", event, text, extra={"event": event, "figures": figures})


def metrics_of(record: logging.LogRecord) -> Iterator[tuple[Metric, float]]:
    """The metrics of an event with their values; seconds for a timer."""
    for figure, value in getattr(record, "figures", {}).items():
        metric = METRICS.get((getattr(record, "event", ""), figure))
        if metric is not None:
            yield metric, float(value)


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, logger, event and figures, or the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        content = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": getattr(record, "event", None) or record.getMessage(),
            **getattr(record, "figures", {}),
        }
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False)


class Stopwatch:
    """Seconds by stage, added up over threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[name] += time.perf_counter() - start

    def taken(self) -> dict[str, Figure]:
        """The seconds of each stage since the last call, as figures of an event."""
        with self._lock:
            seconds, self._seconds = self._seconds, defaultdict(float)
        return {f"seconds_{name}": round(value, 3) for name, value in sorted(seconds.items())}


def _shown(value: Figure) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
