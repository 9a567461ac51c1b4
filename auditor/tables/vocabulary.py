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

#: ID checks that are none: the till says that there was none, or keeps no record.
NO_CHECK = ("none", "not_recorded")

#: What a till line is. A line that does not say is an item.
LINE_TYPES = (
    "item",  # an article sold or given back
    "return",  # an article given back, whatever the signs of quantity and amount
    "void",  # an item that was cancelled before payment
    "discount",  # takes money off, and no article back
    "id_check",  # a check of its own: no article
    "tender",  # a payment
    "control",  # a till's own totals of the day: transactions as quantity, turnover as amount
    "other",
)

#: Types of lines that name no article, so that article, quantity and amount may be empty.
LINES_WITHOUT_ARTICLE = ("discount", "id_check", "tender", "control", "other")

#: What became of a transaction. One that does not say is completed.
TRANSACTION_STATES = (
    "completed",
    "training",  # rung up for practice
    "cancelled",  # before payment
    "voided",  # after payment, by itself or by a later transaction
    "void",  # the transaction that voids another, which ``resumes`` names
    "suspended",  # put aside, to be resumed by another
)

#: What was noticed about an input that costs no row.
INPUT_NOTE_KINDS = (
    "unread_column",  # a column that nothing reads
    "unread_sheet",  # a sheet of a workbook that holds something and that nothing reads
    "missing_column",  # a column that the mapping names, and that the file lacks
    "unmapped_value",  # a value that the mapping does not name; its rule says what it became
    "unknown_category",  # a category that the policy names neither as alcohol nor otherwise
    "left_out",  # rows that the mapping leaves out
    "empty_export",  # a till export that was read and has no row
    "lost_zeros",  # numbers of differing widths: leading zeros may have been lost
    "local_time",  # times without an offset in a store whose time zone is not set
    "unlisted_store",  # a store that the policy, which lists some, does not list
    "alcohol_returned",  # alcohol given back, in such a way that it may have been sold
    "missing_file",  # an entry of the mapping of whose files the day has none
    "unmatched_frames",  # pictures, while the mapping's pattern of frames fits none at all
    "left_out_frames",  # pictures that no pattern fits, more than the patterns of frames fit
)

#: Of these, what makes a day's result unreliable until somebody has looked at it.
GRAVE_NOTES = ("alcohol_returned", "missing_file", "unmatched_frames")

#: Outcomes of an alcohol sale; each sale has exactly one.
OUTCOMES = ("flagged", "id_checked", "over_threshold", "refused", "inconclusive")

#: The reason of a flag that rests on the till's record alone: the recorded birth date makes the
#: buyer younger than the legal age. The reason of any other flag is the state of the ID check.
RECORDED_UNDERAGE = "recorded_underage"

#: Why no age could be estimated.
INCONCLUSIVE_REASONS = (
    "snapshot_missing",
    "snapshot_ambiguous",
    "snapshot_contradicts",
    "snapshot_unreadable",
    "camera_frozen",
    "no_face",
    "face_too_small",
    "face_blurred",
    "face_dark",
    "face_overexposed",
    "face_distorted",
    "face_aside",
    "face_turned",
    "face_covered",
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
    "check_out_of_time",
)

#: The measurements by which a camera is compared with its own past.
CAMERA_QUANTITIES = ("light", "face_px", "sharpness", "face_confidence", "unseen", "clock", "age")
