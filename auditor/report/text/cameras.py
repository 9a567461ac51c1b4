"""What is said of a camera that sees otherwise than before, and what to do about it."""

from collections.abc import Callable, Mapping

from auditor.monitoring.cameras import Camera, CameraDay, Change
from auditor.monitoring.cameras.drift import WRONG_CLOCK
from auditor.report.text import words
from auditor.report.unreadable import UnreadableFrames

#: What is most often the reason where no age could be estimated.
CAUSES: Mapping[str, str] = {
    "no_frame": "there was no frame",
    "frame_unreadable": "the frame could not be read",
    "no_face": "no face was found",
    "face_unusable": "the face was too small, too blurred or not upright",
}

_ANGLE = "see whether the camera was turned, moved or zoomed, and set it back"
_LENS = "clean the lens, and see whether the camera is in focus"
_VIEW = "look at some frames: whether the camera is covered, turned away, or looks into the light"
_AGES = (
    "look at the frames first: a camera that sees otherwise shifts ages; then ask what was other "
    "about the customers; if neither explains it, tell whoever answers for the age model"
)

#: By quantity, and by cause where no age could be estimated; what the store is to be asked for.
_TODO: Mapping[str, str] = {
    "light": (
        "see whether a lamp has failed or was moved, and whether the lens is clean and uncovered"
    ),
    "face_px": _ANGLE,
    "sharpness": _LENS,
    "face_confidence": _VIEW,
    "clock": "set the camera's clock; the frames of other sales may be lost by it",
    "age": _AGES,
    "no_frame": "see whether the camera records, and whether its clock is right",
    "frame_unreadable": "see whether the recorder's disk is full and its files arrive whole",
    "no_face": _VIEW,
    "face_unusable": f"{_ANGLE}; {_LENS}",
}


def change(found: Change) -> str:
    """What changed, with its figures; a sentence."""
    days = words.counted(found.days, "day")
    return words.capitalised(f"{_SAID[found.quantity](found)} over the {days} before on record.")


def todo(camera: Camera) -> str:
    """What to do about a camera that changed; a sentence."""
    asked = dict.fromkeys(_TODO[found.cause or found.quantity] for found in camera.changes)
    return words.capitalised(f"{'; '.join(asked)}.")


_BY = {
    "named": "by the frames that name their sales",
    "pattern": "by the pattern of its frames and the till's sales",
}


def clock(camera: CameraDay) -> str:
    """What is known of a camera's clock, and what it was found by; a sentence."""
    if camera.offset_s is None or camera.spread_s is None:
        return "Its clock could not be told from the day's frames."
    off = "is with the till's"
    if abs(camera.offset_s) >= _LEAST_OFFSET:
        off = f"is {_off(camera.offset_s)}"
    spread = f"give or take {words.counted(max(1, round(camera.spread_s)), 'second')}"
    gain = f"; it {_gains(camera.drift_s)}" if abs(camera.drift_s or 0) >= _LEAST_DRIFT else ""
    return f"Its clock {off}, {spread}, {_BY[camera.basis]}{gain}."


def doubts(camera: CameraDay) -> tuple[str, ...]:
    """What was wrong with a camera's frames and what to do about it; sentences."""
    said = []
    if camera.frozen:
        said.append(
            f"It was frozen: {words.counted(camera.frozen, 'sale')} have the same picture, byte for"
            " byte, as others around them. Restart it, and see whether it records."
        )
    if camera.ambiguous:
        said.append(
            f"Not used: {words.counted(camera.ambiguous, 'frame')} that may be of several sales."
            " Let the till name the sale of each frame."
        )
    if camera.contradicting:
        said.append(
            f"Not used: {words.counted(camera.contradicting, 'frame')} that by its clock cannot be"
            " of the sale named. See whether till and camera number sales alike."
        )
    if abs(camera.offset_s or 0) >= WRONG_CLOCK:
        said.append("Set its clock.")
    return tuple(said)


def unreadable(found: UnreadableFrames) -> str:
    """How many of a camera's frames could not be read, and why; a sentence."""
    shown = found.why[:_MOST_WHY]
    rest = found.frames - sum(frames for _, frames in shown)
    parts = [(words.visible(why, 200), frames) for why, frames in shown]
    parts += [("something else" if shown else "", rest)] if rest else []
    if len(parts) == 1:
        said = parts[0][0]
    else:
        said = "; ".join(f"{why} ({frames:,})" for why, frames in parts)
    return f"{words.counted(found.frames, 'frame')} could not be read{said and f': {said}'}."


#: Reasons that are told of one camera.
_MOST_WHY = 3

#: Offsets and drifts below these are not worth a word; seconds, and seconds an hour.
_LEAST_OFFSET, _LEAST_DRIFT = 0.5, 0.5


def _gains(drift_s: float | None) -> str:
    how = "gains" if (drift_s or 0) > 0 else "loses"
    return f"{how} {words.one_decimal(abs(drift_s or 0))} seconds an hour"


def _changed(found: Change) -> str:
    """The sentence of a quantity that lies lower or higher than before."""
    lower, higher, text = _MEASURED[found.quantity]
    how = lower if found.now < found.before else higher
    return text.format(how=how, now=found.now, before=found.before)


#: By quantity: the words for less and for more, and the sentence that they stand in.
_MEASURED: Mapping[str, tuple[str, str, str]] = {
    "light": (
        *("darker", "brighter"),
        "frames are {how}: mean light {now:.0f} of 255, was {before:.0f}",
    ),
    "face_px": (
        *("smaller", "larger"),
        "faces are {how}: typically {now:.0f} px, was {before:.0f} px",
    ),
    "sharpness": (
        *("more blurred", "sharper"),
        "faces are {how}: sharpness {now:.0f}, was {before:.0f}",
    ),
    "age": (
        *("younger", "older"),
        "buyers are estimated {how}: {now:.0f} years on average, was {before:.0f}",
    ),
}


def _confidence(found: Change) -> str:
    how = "less" if found.now < found.before else "more"
    now, before = (f"{share * 100:.2f}{words.NO_BREAK}%" for share in (found.now, found.before))
    return f"faces are found with {how} certainty: typically {now}, was {before}"


def _unseen(found: Change) -> str:
    most = CAUSES.get(found.cause or "", "")
    return (
        f"no age could be estimated of {found.unseen} of {words.counted(found.sales, 'sale')}"
        f" ({words.percent(found.now)}), most often since {most}; was {words.percent(found.before)}"
    )


def _clock(found: Change) -> str:
    return f"the camera's clock is {_off(found.now)}, was {_off(found.before)}"


def _off(seconds: float) -> str:
    if abs(seconds) < 0.5:
        return "with the till's"
    how = "ahead of" if seconds > 0 else "behind"
    return f"{words.counted(round(abs(seconds)), 'second')} {how} the till's"


_SAID: Mapping[str, Callable[[Change], str]] = {
    **dict.fromkeys(_MEASURED, _changed),
    "face_confidence": _confidence,
    "unseen": _unseen,
    "clock": _clock,
}
