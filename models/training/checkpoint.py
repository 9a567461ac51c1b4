"""All that a run needs to go on as if it had never stopped, in one file, replaced at once."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import ConfigurationError
from auditor.faces import backend

_PROGRESS = "progress"


@dataclass
class Progress:
    """How far a run is."""

    run: dict[str, str]  # hashes of settings and data, which stay when it is taken up again
    epoch: int = 0  # epochs done
    seconds: float = 0.0  # spent in training, earlier parts of the run included
    curve: list[dict[str, float]] = field(default_factory=list)  # a row an epoch


def save(path: Path, model: Any, progress: Progress) -> None:
    """Write weights, their moving average, the optimiser's and the generators' state, progress."""
    convert = backend.keras().ops.convert_to_numpy
    arrays = {name: convert(variable.value) for name, variable in _variables(model).items()}
    arrays[_PROGRESS] = np.array(json.dumps(asdict(progress)))
    temporary = path.with_name(f"{path.name}.part")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def restore(path: Path, model: Any, run: dict[str, str]) -> Progress:
    """Put a run back to where its checkpoint was written.

    The model is compiled, with its optimiser built; ``run`` is what ``Progress.run`` has to be.

    Raises:
        ConfigurationError: it cannot be read, or is of another experiment or other data.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        progress = Progress(**json.loads(str(arrays.pop(_PROGRESS))))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"cannot read the checkpoint {path}: {error}") from error
    other = [name for name in run if progress.run.get(name) != run[name]]
    if other:
        raise ConfigurationError(
            f"{path} is of another run: its {' and '.join(other)} differ; name another folder"
        )
    variables = _variables(model)
    if set(arrays) != set(variables):
        raise ConfigurationError(f"{path} does not hold the variables of this network")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return progress


def _variables(model: Any) -> dict[str, Any]:
    groups = {"model": model.variables, "optimiser": model.optimizer.variables}
    return {
        f"{group}/{number:04d}": variable
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }
