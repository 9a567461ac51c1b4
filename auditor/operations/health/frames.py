"""The check of the frames: some of each till can be read, and show upright faces."""

import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import groupby
from operator import itemgetter

from auditor.errors import ConfigurationError, ModelError
from auditor.faces.detector import Detector
from auditor.faces.frames import MAX_BYTES, Turn
from auditor.faces.reader import FrameReader
from auditor.faces.turns import turn_of
from auditor.inputs import sample_frames
from auditor.mapping import MappingOfDay
from auditor.operations.health.access import at
from auditor.operations.health.result import HealthResult, failed, ok, warning
from auditor.policy import Policy
from auditor.report.text import words
from auditor.storage.place import OutsideError, Place, TooLargeError

#: Frames looked at of each till, and tills on a day: others on another day.
_FRAMES, _TILLS = 6, 50
#: Frames that are fetched at once.
_AT_ONCE = 8

_Turned = tuple[str, str, Turn]  # store, till, and the degrees clockwise that it needs


def check(
    url: str | None, day: date, policy: Policy | None, mapping: MappingOfDay | None
) -> HealthResult:
    """Look at some frames of some of the day's tills: are they there, and upright?"""

    def look(place: Place) -> HealthResult:
        rules = policy or Policy()
        named = sample_frames(place, day, rules, mapping, most=_FRAMES)
        chosen = sorted(named, key=functools.partial(_lot, day))[:_TILLS]
        try:
            detector = Detector()
        except (ModelError, ImportError) as error:
            return failed("frames", str(error), "install the released package again")
        try:
            reader = FrameReader(rules.chain_rules(day).extra_frame_formats)
        except ConfigurationError:  # which another check tells
            reader = FrameReader()
        read = 0
        turned: list[_Turned] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for store, till in sorted(chosen):
                own: Turn = rules.rules(day, store).camera_turns.get(till, 0)
                contents = pool.map(functools.partial(_content, place), named[store, till])
                frames = [content for content in contents if content is not None]
                read += len(frames)
                turn = turn_of(detector, frames, reader=reader)
                if turn is not None and turn != own:
                    turned.append((store, till, turn))
        said = f"{read} frames of {words.counted(len(chosen), 'till')}"
        if not read:
            return warning(
                "frames",
                "none of the frames that were looked for can be read",
                "see that the frames are where the index says, relative to the address",
            )
        if turned:
            return warning("frames", f"{said}: {'; '.join(_said(turned))}", _todo(turned))
        return ok("frames", f"{said} read; none are turned")

    return at("frames", url, look)


def _lot(day: date, key: tuple[str, str]) -> bytes:
    """Orders tills by lot, otherwise on each day."""
    return hashlib.sha256(repr((day.isoformat(), *key)).encode()).digest()


def _content(place: Place, path: str) -> bytes | None:
    try:
        return place.read(path, most=MAX_BYTES)
    except (OSError, OutsideError, TooLargeError):
        return None


def _said(turned: Sequence[_Turned]) -> Iterator[str]:
    for store, till, turn in turned:
        how = f"turned {turn} degrees clockwise" if turn else "not turned"
        yield f"faces at till {words.visible(till, 40)} of {store} are upright only if {how}"


def _todo(turned: Sequence[_Turned]) -> str:
    said = []
    for store, those in groupby(turned, itemgetter(0)):
        turns = {json.dumps(words.visible(till, 40)): turn for _, till, turn in those}
        if keys := ", ".join(f"{till} = {turn}" for till, turn in turns.items() if turn):
            said.append(f"for store {store} camera_turns = {{ {keys} }}")
        if upright := ", ".join(till for till, turn in turns.items() if not turn):
            said.append(f"for store {store} without {upright} in camera_turns")
    return f"hang the cameras upright, or write in the policy, {'; '.join(said)}"
