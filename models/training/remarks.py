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

    level: str  # "act" or "watch"
    title: str
    found: str
    do: str


def remarks(summary: Summary) -> list[Remark]:
    """What there is to do, and what to know; what is as it should be is only on the page."""
    rules = (_faults, _copies, _heaping, _label_width, _ages, _people)
    made = [remark for rule in rules for remark in rule(summary)]
    return sorted(made, key=lambda remark: remark.level)  # "act" before "watch"


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
    if not faults:
        return
    total = sum(faults.values())
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
    parts = list(summary.heaping_by_source.items())
    if len(parts) != 1:  # one source is the whole set
        parts.append(("The whole set", summary.heaping))
    for where, heaping in parts:
        index, rounded, margin = heaping.whipple, heaping.rounded, heaping.whipple_margin
        if index is None or rounded is None or margin is None or index < 105:
            continue
        found = (
            f"Whipple's index is {index:.0f} ± {margin:.0f} ({heaping.quality}; 100 is none, 500 "
            f"all), Myers's {heaping.myers or 0:.1f} (0 is none, 90 all)."
        )
        if index - margin < 100:
            title, level = f"{where}: too few ages to tell whether they heap", "watch"
            found += " So much can be chance."
        else:
            title, level = f"{where}: ages heap on 0 and 5", "act" if index >= 125 else "watch"
            found += f" As if {rounded:.0%} of the labels had been rounded to the nearest 5."
        yield Remark(
            level,
            title,
            found,
            "Train on label distributions rather than on one class a year, and judge the model by "
            "bands of age rather than at single years.",
        )


def _label_width(summary: Summary) -> Iterator[Remark]:
    copies, advice = summary.copies, f"Use label distributions of width {label_width(summary):.1f}"
    if copies.mean_difference is None or copies.same_age is None or copies.pairs < _FEW_PAIRS:
        yield Remark(
            "watch",
            "How well the labels are known cannot be told",
            f"There are {copies.pairs} near-duplicate pairs; {_FEW_PAIRS} are needed to compare "
            "labels of one photograph.",
            f"{advice} years.",
        )
        return
    yield Remark(
        "act" if copies.mean_difference > 1 else "watch",
        f"Labels of one photograph differ by {copies.mean_difference:.1f} years on average",
        f"Of {copies.pairs:,} near-duplicate pairs {copies.same_age:.0%} carry the same age. Where "
        "the copies are typical of the set, no model can have a mean absolute error under "
        f"{copies.mean_difference / 2:.1f} years on it.",
        f"{advice} years, and a loss that forgives outliers.",
    )


def _ages(summary: Summary) -> Iterator[Remark]:
    ratio, bands = weight_ratio(summary), summary.bands
    # Bands that hold nothing at all cannot be learnt, whatever the weights.
    thin = [name for name, count in bands.items() if count < _LEAST_OF_BAND]
    if thin or ratio > 1.5:
        most = max(bands, key=lambda name: bands[name])
        yield Remark(
            "act" if thin else "watch",
            "Some ages are rare",
            f"The most pictures are of ages {most} ({bands[most]:,})."
            + (f" Fewer than {_LEAST_OF_BAND} each: {', '.join(thin)}." if thin else ""),
            "Draw pictures with a weight of 1 / sqrt(number of its age): the rarest band then "
            f"counts up to {ratio:.1f} times as much as the most frequent one, and not "
            f"{ratio**2:.0f} times.",
        )
    decided = sum(bands[band_name(band)] for band in ((14, 17), (18, 24)))
    if (share := decided / len(summary.labelled)) < 0.15:
        yield Remark(
            "watch",
            f"{share:.0%} of the pictures are of the ages where the audit decides",
            f"{decided:,} people are 14 to 24 years old: there an error turns a sale's outcome.",
            "Report the figures of this band by itself; weight it up if they are worse.",
        )


def _people(summary: Summary) -> Iterator[Remark]:
    for what in ("sex", "group", "source"):
        counts = summary.counts(what)
        least = _RARE_SHARE * len(summary.labelled)
        rare = [n for n, count in counts.items() if n != "not known" and count < least]
        if set(counts) == {"not known"}:
            yield Remark(
                "watch",
                f"The {what} of nobody is known",
                f"The set does not say of any picture what {what} it is of.",
                f"Differences by {what} cannot be measured on this set.",
            )
        elif rare:
            listed = (f"{n} {c / len(summary.labelled):.1%}" for n, c in counts.items())
            yield Remark(
                "watch",
                f"By {what}: {', '.join(rare)} under {_RARE_SHARE:.0%}",
                f"{', '.join(listed)}.",
                f"Measure errors by {what}; with few pictures, expect wide intervals.",
            )
