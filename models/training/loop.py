"""The training run: ``compile`` and ``fit``, the same code on TensorFlow, JAX and PyTorch."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.errors import AuditorError
from auditor.faces import backend
from models.training import batches, checkpoint, curves, losses, networks
from models.training.checkpoint import Progress
from models.training.config import Experiment, Optimiser, Schedule

keras = backend.keras()
ops = keras.ops
Callback: Any = keras.callbacks.Callback

CHECKPOINT = "checkpoint.npz"

# Settings of the learning rate in an epoch, and the most steps between two.
_SETTINGS_AN_EPOCH, _MOST_STEPS = 20, 10
_NO_END = 1_000_000  # epochs of a run that ends by the clock


@dataclass(frozen=True, eq=False)
class Part:
    """Pictures and their ages."""

    pixels: NDArray[np.uint8]  # shape (n, side, side, 3)
    ages: NDArray[np.float64]  # years


@dataclass(frozen=True, eq=False)
class Trained:
    """What a run ends with."""

    network: Any  # with the moving average of the weights, if there is one
    progress: Progress


def train(
    experiment: Experiment,
    parts: tuple[Part, Part],
    folder: Path,
    run: dict[str, str],
    *,
    resume: bool = False,
) -> Trained:
    """Train on the first part and validate on the second, from the checkpoint if to ``resume``.

    Args:
        experiment: the settings.
        parts: to train on, and to validate with.
        folder: gets the checkpoint and the learning curves.
        run: what tells this run from others, see ``Progress``.
        resume: go on from the checkpoint.

    Raises:
        AuditorError: the loss is no number any more; the last checkpoint is kept.
        ConfigurationError: weights or a checkpoint that do not fit.
    """
    keras.utils.set_random_seed(experiment.seed)
    keras.config.set_dtype_policy(experiment.precision)
    try:
        network = networks.build(experiment)
        networks.centre(network, float(parts[0].ages.mean()))
        model = networks.for_training(network, experiment)
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(
        optimizer=optimiser(experiment.optimiser, model.trainable_variables),
        loss=losses.loss_of(experiment),
        metrics=[keras.metrics.MeanMetricWrapper(losses.absolute_error, name="mae")],
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)
    progress = Progress(run)
    if resume:
        progress = checkpoint.restore(folder / CHECKPOINT, model, run)
    stream = batches.Stream(parts[0].pixels, parts[0].ages, experiment, progress.epoch)
    schedule = experiment.schedule
    if not (schedule.minutes and progress.seconds >= schedule.minutes * 60):
        model.fit(
            stream,
            steps_per_epoch=stream.steps,
            initial_epoch=progress.epoch,
            epochs=schedule.epochs or _NO_END,
            callbacks=[_Run(experiment, progress, parts, folder, stream)],
            shuffle=False,
        )
    else:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    return Trained(network, progress)


def optimiser(settings: Optimiser, variables: list[Any]) -> Any:
    """The optimiser; vectors (biases, normalisation) do not decay."""
    common = {
        "learning_rate": settings.learning_rate,
        "weight_decay": settings.weight_decay or None,
        "global_clipnorm": settings.clip_norm,
        "use_ema": settings.ema > 0,
        "ema_momentum": settings.ema,
    }
    if settings.name == "sgd":
        made = keras.optimizers.SGD(momentum=0.9, nesterov=True, **common)
    else:
        made = keras.optimizers.AdamW(**common | {"weight_decay": settings.weight_decay})
    if settings.weight_decay:
        made.exclude_from_weight_decay([each for each in variables if len(each.shape) < 2])
    return made


def learning_rate(peak: float, schedule: Schedule, done: float) -> float:
    """The learning rate after a share ``done`` of the run."""
    if done < schedule.warm_up:
        # Not from nothing: the first steps count.
        return peak * max(done / schedule.warm_up, 0.01)
    falling = min((done - schedule.warm_up) / (1 - schedule.warm_up), 1.0)
    return peak * (1 + math.cos(math.pi * falling)) / 2


class _Run(Callback):
    """Sets the learning rate, validates, keeps the curve and the checkpoint."""

    def __init__(
        self,
        experiment: Experiment,
        progress: Progress,
        parts: tuple[Part, Part],
        folder: Path,
        stream: batches.Stream,
    ) -> None:
        super().__init__()
        self._experiment, self._progress, self._parts = experiment, progress, parts
        self._folder, self._steps, self._size = folder, stream.steps, stream.size
        self._started = self._saved = time.monotonic()
        self._epoch_started, self._shown = 0.0, 0
        self._rate = 0.0

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        self._started = time.monotonic() - self._progress.seconds
        self._saved = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._epoch_started, self._shown = time.monotonic(), 0

    # Not on_train_batch_end: with one, Keras waits for the loss of every step before the next.
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._shown += self._size
        if batch % max(1, min(self._steps // _SETTINGS_AN_EPOCH, _MOST_STEPS)):
            return
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # JAX keeps the optimiser's variables out of it till then
        schedule = self._experiment.schedule
        if schedule.minutes:
            done = (time.monotonic() - self._started) / (schedule.minutes * 60)
        else:
            steps = self._progress.epoch * self._steps + batch
            done = steps / ((schedule.epochs or 1) * self._steps)
        self._rate = learning_rate(self._experiment.optimiser.learning_rate, schedule, done)
        self.model.optimizer.learning_rate = self._rate
        if done >= 1:
            self.model.stop_training = True  # after this step

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.monotonic() - self._epoch_started
        row = {
            "epoch": epoch + 1,
            "learning_rate": self._rate,
            "loss": float(logs["loss"]),
            "mae": float(logs["mae"]),
            "images_per_second": self._shown / seconds,
        }
        if not math.isfinite(row["loss"]):
            raise AuditorError(
                f"the loss of epoch {epoch + 1} is no number: lower the learning rate or set "
                "clip_norm, and go on from the last checkpoint with --resume"
            )
        schedule = self._experiment.schedule
        last = self.model.stop_training or epoch + 1 == schedule.epochs
        if last or (epoch + 1) % schedule.validate_every == 0:
            row |= self._validated()
        self._progress.epoch = epoch + 1
        self._progress.seconds = time.monotonic() - self._started
        self._progress.curve.append(row | {"minutes": self._progress.seconds / 60})
        curves.write(self._progress.curve, self._folder)
        if last or time.monotonic() - self._saved >= schedule.checkpoint_minutes * 60:
            checkpoint.save(self._folder / CHECKPOINT, self.model, self._progress)
            self._saved = time.monotonic()

    def _validated(self) -> dict[str, float]:
        validation, experiment = self._parts[1], self._experiment
        labels = validation.ages.astype(np.float32)
        inputs: dict[str, Any] = {"pixels": validation.pixels}
        if experiment.augmentation.mixup:  # nothing is blended outside training
            inputs |= {"partner": np.zeros(len(labels), np.int32), "share": np.ones_like(labels)}
        found = self.model.evaluate(
            inputs,
            np.stack([labels, labels, np.ones_like(labels)], axis=1),
            batch_size=experiment.batches.size,
            callbacks=[keras.callbacks.SwapEMAWeights()] if experiment.optimiser.ema else [],
            verbose=0,
            return_dict=True,
        )
        return {f"val_{name}": found[name] for name in ("loss", "mae")}
