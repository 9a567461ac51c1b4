"""What a person should keep in mind about a case, and what they can do next: advice, no verdict."""

from datetime import date, timedelta

from auditor.report.text import words
from auditor.tables import RECORDED_UNDERAGE

#: Below such a probability of being under the challenge age a flag is said to be a close call.
_CLOSE_CALL = 0.65
#: Intervals wider than so many years are said to be wide.
_WIDE_YEARS = 20.0
#: Frames further from the sale than so many seconds may show the next customer.
_FAR_SECONDS = 15.0
#: Of a hundred faces of the demo, and of labelled ones, YuNet is surer than this of 99.
_SURE_FACE = 0.85
#: How near to a quality gate, as a multiple of it, a picture is called poor.
_NEAR_GATE = 1.5

_AFTER_LOOKING = {
    RECORDED_UNDERAGE: (
        "Find out whose date of birth was recorded, whether it was mistyped, and why the till let "
        "the sale go on."
    ),
    "none": (
        "Ask at the store whether ID was asked for and not recorded: a missing record is not a "
        "missing check."
    ),
    "not_recorded": (
        "Nothing follows about the cashier: this till keeps no record. Ask for it to be set up to "
        "keep one."
    ),
    "looks_over": (
        "The cashier judged by looks. If the buyer looks young to you too, a reminder of the "
        "policy may be all that is due."
    ),
    "dob_on_file": (
        "Find out whose date of birth was on file, and whether that person was the buyer."
    ),
    "prompt_suppressed": "Find out who suppressed the age prompt at this till, and why.",
}
_OTHER_RECORD = "Ask at the store what the till's record of this check stands for."


def keep_in_mind(  # noqa: PLR0913  each is one thing that can be doubtful
    *,
    p_under_challenge: float,
    challenge_age: int,
    interval_years: float,
    face_px: float | None,
    min_face_px: float,
    sharpness: float | None,
    min_sharpness: float,
    face_confidence: float | None,
    snapshot_offset_s: float | None,
) -> tuple[str, ...]:
    """What makes an estimate doubtful, a sentence each; none does not make it certain.

    ``interval_years`` is the width of the 80 % interval; below ``min_face_px`` (the face's longer
    side) and ``min_sharpness`` no age is estimated; ``snapshot_offset_s`` is the camera's time
    minus the till's.
    """
    found = []
    if p_under_challenge < _CLOSE_CALL:
        found.append(
            f"a close call: {words.percent(1 - p_under_challenge)} of such buyers are "
            f"{challenge_age} or over"
        )
    if interval_years > _WIDE_YEARS:
        found.append("a wide interval: the picture says little about the age")
    if face_px is not None and face_px < _NEAR_GATE * min_face_px:
        found.append(
            f"the face is small in the frame: {face_px:.0f} pixels; below {min_face_px:.0f} no age "
            "is estimated"
        )
    if sharpness is not None and sharpness < _NEAR_GATE * min_sharpness:
        found.append("the face is not sharp: little better than what is set aside as blurred")
    if face_confidence is not None and face_confidence < _SURE_FACE:
        found.append(f"only {words.percent(face_confidence)} sure that this is a face")
    if snapshot_offset_s is not None and abs(snapshot_offset_s) > _FAR_SECONDS:
        side = "before" if snapshot_offset_s < 0 else "after"
        found.append(
            f"the frame was taken {abs(snapshot_offset_s):.0f} seconds {side} the sale: it may "
            "show another customer"
        )
    return tuple(found)


def next_steps(
    *, reason: str, challenge_age: int, marks: tuple[str, ...], kept_until: date | None
) -> tuple[str, ...]:
    """What a person can do about a flagged sale, in order.

    ``reason`` is recorded_underage, or what the till recorded of the ID check; ``kept_until`` the
    last day on which the picture is there, None where none was kept.
    """
    steps = []
    if "several_faces" in marks:
        steps.append("Make sure which of the people in the frame is the buyer.")
    if "frames_disagree" in marks:
        steps.append("Look at the other frames of this sale: they may show another person.")
    if "matched_by_time" in marks:
        steps.append("Make sure that the frame belongs to this sale: compare the times.")
    if "maybe_returned" in marks:
        steps.append("Make sure that the alcohol was sold: look at the receipt for what came back.")
    if kept_until is None:
        steps.append("No picture was kept: judge by the record alone, or leave it undecided.")
    else:
        look = f"Look at the picture, while it is there (until {words.short_day(kept_until)})"
        if reason == RECORDED_UNDERAGE:
            steps.append(f"{look}, and compare it with the age on record.")
        else:
            ends = f"if the buyer looks {challenge_age} or over to you, this lead ends here."
            steps.append(f"{look}: {ends}")
    steps.append(_AFTER_LOOKING.get(reason, _OTHER_RECORD))
    steps.append("Write down what you decided and why, whichever way it went.")
    return tuple(steps)


def kept_until(day: date, retention_days: int) -> date:
    """The last day on which the pictures of a day's sales are there."""
    return day + timedelta(days=retention_days)
