"""The values that text columns may hold, in the order in which pages show them."""

#: What the till recorded of the ID check, strongest evidence first.
ID_CHECKS = (
    "id_scanned",
    "dob_entered",
    "id_viewed",
    "dob_on_file",
    "looks_over",
    "refused",
    "prompt_suppressed",
    "none",
    "not_recorded",
)

#: Outcomes of an alcohol sale; each sale has exactly one.
OUTCOMES = ("flagged", "id_checked", "over_threshold", "refused", "inconclusive")

#: The reason of a flag that rests on the till's record alone: the recorded birth date makes the
#: buyer younger than the legal age. The reason of any other flag is the state of the ID check.
RECORDED_UNDERAGE = "recorded_underage"

#: Why no age could be estimated.
INCONCLUSIVE_REASONS = (
    "snapshot_missing",
    "snapshot_unreadable",
    "no_face",
    "face_too_small",
    "face_blurred",
)

#: What a person can conclude from looking at a sale.
REVIEW_RESULTS = (
    "check_made",  # the picture or another record shows that ID was asked for
    "no_check_seen",  # nothing shows a check: to be taken up with the store
    "looks_older",  # to a person the buyer clearly looks over the challenge age
    "cannot_tell",  # picture and record do not say
)

#: An earlier decision is withdrawn.
REOPENED = "reopened"

#: A remark that does not change the status of the case.
NOTE = "note"

#: What a person can record about a sale. None is a verdict on anybody.
DECISIONS = (
    *REVIEW_RESULTS,
    "followed_up",  # discussed with the people concerned
    REOPENED,
    NOTE,
)

#: The rules that judge how well ID is checked.
QUALITY_RULES = (
    "sentinel_birth_date",
    "round_birth_date",
    "round_birth_year",
    "one_birth_date",
    "birth_date_against_face",
    "fast_check",
    "judged_by_eye",
)

#: The measurements by which a camera is compared with its own past.
CAMERA_QUANTITIES = ("light", "face_px", "sharpness", "face_confidence", "unseen", "clock", "age")
