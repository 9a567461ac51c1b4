"""What is said of a camera that sees otherwise than before, and what to do about it."""

from collections.abc import Callable, Mapping

from auditor.monitoring.cameras import Camera, Change
from auditor.report.text import words

#: What is most often the reason where no age could be estimated.
CAUSES: Mapping[str, str] = {
    "no_frame": "there was no frame",
    "frame_unreadable": "the frame could not be read",
    "no_face": "no face was found",
    "face_unusable": "the face was too small or too blurred",
}

_LIGHT = "see whether a lamp has failed or was moved, and whether the lens is clean and uncovered"
_ANGLE = "see whether the camera was turned, moved or zoomed, and set it back"
_LENS = "clean the lens, and see whether the camera is in focus"
_CLOCK = "set the camera's clock; the frames of other sales may be lost by it"
_VIEW = "look at some frames: whether the camera is covered, turned away, or looks into the light"
_RECORDER = "see whether the camera records, and whether its clock is right"
_FILES = "see whether the recorder's disk is full and its files arrive whole"
_AGES = (
    "look at the frames first: a camera that sees otherwise shifts ages; then ask what was other "
    "about the customers; if neither explains it, tell whoever answers for the age model"
)

#: By quantity, and by cause where no age could be estimated; what the store is to be asked for.
_TODO: Mapping[str, str] = {
    "light": _LIGHT,
    "face_px": _ANGLE,
    "sharpness": _LENS,
    "face_confidence": _VIEW,
    "clock": _CLOCK,
    "age": _AGES,
    "no_frame": _RECORDER,
    "frame_unreadable": _FILES,
    "no_face": _VIEW,
    "face_unusable": f"{_ANGLE}; {_LENS}",
}


def change(found: Change) -> str:
    """What changed, with its figures; a sentence."""
    before = f"{words.counted(found.days, 'day')} before on record"
    return _sentence(f"{_SAID[found.quantity](found)} over the {before}")


def todo(camera: Camera) -> str:
    """What to do about a camera that changed; a sentence."""
    asked = dict.fromkeys(_TODO[found.cause or found.quantity] for found in camera.changes)
    return _sentence("; ".join(asked))


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."


def _light(found: Change) -> str:
    how = "darker" if found.now < found.before else "brighter"
    return f"frames are {how}: mean light {found.now:.0f} of 255, was {found.before:.0f}"


def _size(found: Change) -> str:
    how = "smaller" if found.now < found.before else "larger"
    return f"faces are {how}: typically {found.now:.0f} px, was {found.before:.0f} px"


def _sharpness(found: Change) -> str:
    how = "more blurred" if found.now < found.before else "sharper"
    return f"faces are {how}: sharpness {found.now:.0f}, was {found.before:.0f}"


def _confidence(found: Change) -> str:
    how = "less" if found.now < found.before else "more"
    now, before = (f"{share * 100:.2f}{words.NO_BREAK}%" for share in (found.now, found.before))
    return f"faces are found with {how} certainty: typically {now}, was {before}"


def _unseen(found: Change) -> str:
    share = words.percent(found.now)
    most = CAUSES.get(found.cause or "", "")
    return (
        f"no age could be estimated of {found.unseen} of {words.counted(found.sales, 'sale')}"
        f" ({share}), most often since {most}; was {words.percent(found.before)}"
    )


def _clock(found: Change) -> str:
    return f"the camera's clock is {_off(found.now)}, was {_off(found.before)}"


def _off(seconds: float) -> str:
    if abs(seconds) < 0.5:
        return "with the till's"
    how = "ahead of" if seconds > 0 else "behind"
    return f"{words.counted(round(abs(seconds)), 'second')} {how} the till's"


def _age(found: Change) -> str:
    how = "younger" if found.now < found.before else "older"
    return f"buyers are estimated {how}: {found.now:.0f} years on average, was {found.before:.0f}"


_SAID: Mapping[str, Callable[[Change], str]] = {
    "light": _light,
    "face_px": _size,
    "sharpness": _sharpness,
    "face_confidence": _confidence,
    "unseen": _unseen,
    "clock": _clock,
    "age": _age,
}
