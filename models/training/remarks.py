"""What a set's numbers mean for training, in words that are computed from them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.training.labels import REASONS
from models.training.summary import BANDS, Summary, band_name

#: Widths of label distributions worth considering, years: narrower is one class, wider hides age.
_NARROWEST, _WIDEST = 1.0, 4.0

_FEW_PAIRS = 30
_RARE_SHARE = 0.05
_LEAST_OF_BAND = 200


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know: what was found, and what to do about it."""

    level: str  # "good", "watch" or "act"
    title: str
    found: str
    do: str  # empty where nothing is to be done


def remarks(summary: Summary) -> list[Remark]:
    """All findings, what has to be acted on first."""
    made = [
        *_faults(summary),
        *_copies(summary),
        *_heaping(summary),
        *_label_width(summary),
        *_ages(summary),
        *_people(summary),
        *_pictures(summary),
    ]
    order = ("act", "watch", "good")
    return sorted(made, key=lambda remark: order.index(remark.level))


def label_width(summary: Summary) -> float:
    """Standard deviation of a label distribution that fits how well the labels are known, years.

    The larger of what the near-duplicates' labels disagree by and what Whipple's index says of
    rounding, held between 1 and 4.
    """
    copies = summary.copies
    noise = copies.label_sd if copies.label_sd is not None and copies.pairs >= _FEW_PAIRS else 0.0
    rounded = summary.heaping.rounded or 0.0
    # Rounding to the nearest 5 moves a label by 0, 1, 1, 2 or 2 years: variance 2.
    return float(np.clip(max(noise, np.sqrt(2 * rounded)), _NARROWEST, _WIDEST))


def weight_ratio(summary: Summary) -> float:
    """How much more often a picture of the rarest band is drawn with weights 1 / sqrt(count)."""
    per_year = [
        count / (min(last, 90) - first + 1)
        for (first, last), count in zip(BANDS, summary.bands.values(), strict=True)
        if count
    ]
    return float(np.sqrt(max(per_year) / min(per_year)))


def _faults(summary: Summary) -> Iterator[Remark]:
    faults = summary.labelled.fault_counts
    total = sum(faults.values())
    if not total:
        yield Remark(
            "good",
            "Every row can be used",
            f"All {len(summary.labelled):,} pictures could be read, and all labels are ages.",
            "",
        )
        return
    share = total / (total + len(summary.labelled))
    listed = "; ".join(f"{count:,} x {REASONS[reason]}" for reason, count in faults.items())
    yield Remark(
        "act" if share > 0.01 else "watch",
        f"{total:,} rows were set aside",
        f"{share:.1%} of the rows cannot be used: {listed}.",
        "They are never trained on. Correct them at their source, or live without them.",
    )


def _copies(summary: Summary) -> Iterator[Remark]:
    copies = summary.copies
    if not copies.groups:
        yield Remark(
            "good", "No near-duplicates", "No photograph was found twice.", "Split as you like."
        )
        return
    found = (
        f"{copies.crops:,} crops ({copies.crops / len(summary.labelled):.1%}) are copies of one "
        f"another, in {copies.groups:,} groups of up to {copies.largest}."
    )
    if copies.across_splits:
        yield Remark(
            "act",
            f"{copies.across_splits:,} groups of near-duplicates lie in more than one split",
            f"{found} What training has seen, validation then measures.",
            "Make a split with models.training.splits, which keeps groups together, or leave "
            "these groups out of validation.",
        )
    else:
        yield Remark(
            "watch",
            f"{copies.groups:,} groups of near-duplicates",
            found + (" No split parts them." if copies.across_splits == 0 else ""),
            "Split with models.training.splits, so that they stay together.",
        )


def _heaping(summary: Summary) -> Iterator[Remark]:
    by_source = summary.heaping_by_source
    parts = list(by_source.items())
    if len(parts) != 1:  # one source is the whole set
        parts.append(("The whole set", summary.heaping))
    for where, heaping in parts:
        index, rounded, margin = heaping.whipple, heaping.rounded, heaping.whipple_margin
        if index is None or rounded is None or margin is None:
            continue
        found = (
            f"Whipple's index is {index:.0f} ± {margin:.0f} ({heaping.quality}; 100 is none, 500 "
            f"all), Myers's {heaping.myers or 0:.1f} (0 is none, 90 all)."
        )
        if index < 105:
            yield Remark("good", f"{where}: ages do not heap", found, "")
        elif index - margin < 100:
            yield Remark(
                "watch",
                f"{where}: too few ages to tell whether they heap",
                f"{found} So much can be chance.",
                "",
            )
        else:
            yield Remark(
                "act" if index >= 125 else "watch",
                f"{where}: ages heap on 0 and 5",
                f"{found} As if {rounded:.0%} of the labels had been rounded to the nearest 5.",
                "Train on label distributions rather than on one class a year, and judge the "
                "model by bands of age rather than at single years.",
            )


def _label_width(summary: Summary) -> Iterator[Remark]:
    copies, width = summary.copies, label_width(summary)
    if copies.mean_difference is None or copies.same_age is None or copies.pairs < _FEW_PAIRS:
        yield Remark(
            "watch",
            "How well the labels are known cannot be told",
            f"There are {copies.pairs} near-duplicate pairs; {_FEW_PAIRS} are needed to compare "
            "labels of one photograph.",
            f"Use label distributions of width {width:.1f} years.",
        )
        return
    yield Remark(
        "act" if copies.mean_difference > 1 else "good",
        f"Labels of one photograph differ by {copies.mean_difference:.1f} years on average",
        f"Of {copies.pairs:,} near-duplicate pairs {copies.same_age:.0%} carry the same age. Where "
        "the copies are typical of the set, no model can have a mean absolute error under "
        f"{copies.mean_difference / 2:.1f} years on it.",
        f"Use label distributions of width {width:.1f} years, and a loss that forgives outliers.",
    )


def _ages(summary: Summary) -> Iterator[Remark]:
    ratio = weight_ratio(summary)
    bands = summary.bands
    # Bands that hold nothing at all cannot be learnt, whatever the weights.
    thin = [band_name(b) for b in BANDS if bands[band_name(b)] < _LEAST_OF_BAND]
    most = max(bands, key=lambda name: bands[name])
    decided = sum(bands[band_name(band)] for band in ((14, 17), (18, 24)))
    share = decided / len(summary.labelled)
    yield Remark(
        "act" if thin else ("watch" if ratio > 1.5 else "good"),
        "Some ages are rare" if thin or ratio > 1.5 else "Ages are balanced",
        f"The most pictures are of ages {most} ({bands[most]:,})."
        + (f" Fewer than {_LEAST_OF_BAND} each: {', '.join(thin)}." if thin else ""),
        f"Draw pictures with a weight of 1 / sqrt(number of its age): the rarest band then counts "
        f"up to {ratio:.1f} times as much as the most frequent one, and not {ratio**2:.0f} times.",
    )
    yield Remark(
        "watch" if share < 0.15 else "good",
        f"{share:.0%} of the pictures are of the ages where the audit decides",
        f"{decided:,} people are 14 to 24 years old: there an error turns a sale's outcome.",
        "Report the figures of this band by itself; weight it up if they are worse than others.",
    )


def _people(summary: Summary) -> Iterator[Remark]:
    for what in ("sex", "group", "source"):
        counts = summary.counts(what)
        if set(counts) == {"not known"}:
            yield Remark(
                "watch",
                f"The {what} of nobody is known",
                f"The set does not say of any picture what {what} it is of.",
                f"Differences by {what} cannot be measured on this set.",
            )
            continue
        known = {name: count for name, count in counts.items() if name != "not known"}
        rare = [n for n, c in known.items() if c < _RARE_SHARE * len(summary.labelled)]
        listed = ", ".join(f"{n} {c / len(summary.labelled):.1%}" for n, c in counts.items())
        yield Remark(
            "watch" if rare else "good",
            f"By {what}: {', '.join(rare)} under {_RARE_SHARE:.0%}" if rare else f"By {what}",
            f"{listed}.",
            f"Measure errors by {what}; with few pictures, expect wide intervals."
            if rare
            else f"Measure errors by {what}.",
        )


def _pictures(summary: Summary) -> Iterator[Remark]:
    spreads = {spread.name: spread for spread in summary.spreads}
    dark, sharp = spreads["brightness"], spreads["sharpness"]
    border = float((summary.measured["border"] > 0.1).mean())
    yield Remark(
        "watch",
        "How wide the pictures vary",
        f"Nine in ten are between {dark.lower:.0f} and {dark.upper:.0f} in brightness and between "
        f"{sharp.lower:.0f} and {sharp.upper:.0f} in sharpness at {summary.input_size} px; "
        f"{summary.grey:.1%} have no colour; in {border:.1%} over a tenth of the crop repeats its "
        "edge.",
        "Till cameras are dimmer and softer: train with brightness, loss of resolution and JPEG "
        "as augmentation. "
        + (
            "Greyscale should be rare there, since grey pictures are rare here."
            if summary.grey < 0.05
            else "Greyscale as augmentation keeps grey from standing for an age."
        ),
    )
