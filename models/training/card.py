"""The card of a version: its origin, its measured quality and its known limits."""

import json
import tomllib
from pathlib import Path
from typing import Any, Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict

from auditor.errors import ConfigurationError
from auditor.faces.gates import Limits
from models.training import clarity, covered, labelled, pages, quantise, shift
from models.training.evaluation import Evaluation

#: Longer side of a face, pixels, under which the detector misses more than one in thirty, whatever
#: the network makes of those that it finds (benchmarks/recall.py).
SMALLEST_FACE = 34
_FEWEST_OF_A_BAND = 50  # faces; the error of a smaller band is left to the table


class About(BaseModel):
    """What no figure says of the pictures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str
    terms: str
    limits: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file of ``--about``.

        Raises:
            ConfigurationError: it cannot be read, or lacks an entry or has another.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            names = ", ".join(cls.model_fields)
            raise ConfigurationError(f"{path} has to say {names}, and no more: {error}") from error


def render(  # noqa: PLR0913  # one argument a part of the card
    version: str,
    run: dict[str, Any],
    about: About,
    found: Evaluation,
    *,
    changed: quantise.Loss | None,
    fitted: covered.Fitted | None,
    worse: clarity.Fitted | None,
    files: dict[str, Any],
) -> str:
    """The text of card.toml.

    Raises:
        ConfigurationError: no quality gates were found: the model is too sensitive to any damage,
            or too few pictures were made worse.
    """
    gates = limits(found.shift, fitted)
    environment = Environment(
        loader=FileSystemLoader(pages.TEMPLATES),
        autoescape=False,  # noqa: S701  # TOML, not HTML
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    # A JSON string, number or list of such is one in TOML too.
    environment.filters["toml"] = lambda value: json.dumps(value, ensure_ascii=False)
    view = found.view
    return environment.get_template("card.toml.jinja").render(
        version=version,
        command=_command(version, files),
        run=run,
        epoch_size=run["settings"]["batches"]["epoch_size"] or run["crops"]["train"],
        about=about,
        crop_size=labelled.SIDE,
        found=found,
        view=view,
        at_25=view.challenge(25),
        gates=gates,
        changed=changed,
        fitted=fitted,
        worse=worse,
        may_be_refused=covered.MAY_BE_REFUSED,
        tolerated=shift.TOLERATED,
        limits=[*_measured_limits(found), *about.limits],
        data=f"{found.data}: {about.data}",
        **files,
    )


def limits(found: shift.Shift | None, fitted: covered.Fitted | None) -> Limits:
    """What faces have to meet, but for their clarity.

    Raises:
        ConfigurationError: no quality gates were found: the model is too sensitive to any damage,
            or too few pictures were made worse.
    """
    if found is None or found.min_face_px is None or found.min_sharpness is None:
        raise ConfigurationError("no quality gates: give more --shift-faces, or train longer")
    smallest = max(found.min_face_px, SMALLEST_FACE)
    return Limits(smallest, found.min_sharpness, 0, fitted.limit if fitted else 1)


def _command(version: str, files: dict[str, Any]) -> str:
    options = [
        "--mirrored" if files["mirrored"] else "",
        f"--detail {files['detail']}" if files["detail"] else "",
        "" if "int8_sha256" in files else "--single",
        f"--coverings {files['coverings']}" if files["coverings"] else "",
        f"--worse-faces {files['worse_faces']}" if files["worse_faces"] else "",
    ]
    said = " ".join(filter(None, options))
    return f"python -m models.training.export {version} {files['weights_of'] or 'RUN'} {said}"


def _measured_limits(found: Evaluation) -> list[str]:
    view = found.view
    at_25 = view.challenge(25).false_positive_17
    limits = []
    if at_25.count:
        limits.append(
            f"It takes {at_25.value:.0%} of the {at_25.count} 17-year-olds of its validation set "
            f"for 25 or older (95 % interval: {at_25.low:.0%} to {at_25.high:.0%})."
        )
    bands = {n: f["mae"] for n, f in view.parts["age"].items()}
    sizeable = {n: mae.value for n, mae in bands.items() if mae.count >= _FEWEST_OF_A_BAND}
    if len(sizeable) > 1:
        worst, best = (end(sizeable, key=sizeable.__getitem__) for end in (max, min))
        limits.append(
            f"By age, it errs most on {worst} ({sizeable[worst]:.1f} years on average) and least "
            f"on {best} ({sizeable[best]:.1f})."
        )
    words = {"bias": ("older", "younger"), "absolute error": ("further off", "less far off")}
    limits += [
        f"Of the same age and source, faces labelled {row.name} are estimated "
        f"{abs(row.years):.1f} years {words[row.figure][row.years < 0]} than the others: more than "
        "chance explains."
        for row in found.differences
        if row.real
    ]
    return limits
