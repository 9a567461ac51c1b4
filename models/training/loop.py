"""The training run: ``compile`` and ``fit``, the same code on TensorFlow, JAX and PyTorch."""

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import AuditorError
from auditor.faces import backend
from models.training import batches, checkpoint, curves, losses, networks
from models.training.checkpoint import Progress
from models.training.clock import Clock
from models.training.config import Experiment, Optimiser, Schedule
from models.training.parts import Part

keras = backend.keras()
ops = keras.ops
Callback: Any = keras.callbacks.Callback

CHECKPOINT = "checkpoint.npz"

# Settings of the learning rate in an epoch, and the most steps between two.
_SETTINGS_AN_EPOCH, _MOST_STEPS = 20, 10
_NO_END = 1_000_000  # epochs of a run that ends by the clock


@dataclass(frozen=True, eq=False)
class Trained:
    """What a run ends with."""

    network: Any  # with the moving average of the weights, if there is one
    progress: Progress


def train(  # noqa: PLR0913  # each is given once, by the command
    experiment: Experiment,
    parts: tuple[Part, Part],
    folder: Path,
    run: dict[str, str],
    *,
    resume: bool = False,
    until: datetime | None = None,
) -> Trained:
    """Train on the first part and validate on the second, from the checkpoint if to ``resume``.

    Args:
        experiment: the settings.
        parts: to train on, and to validate with.
        folder: gets the checkpoint and the learning curves.
        run: what tells this run from others, see ``Progress``.
        resume: go on from the checkpoint.
        until: when it ends at the latest, with its zone.

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
        loss=losses.loss_of(experiment, taught=parts[0].taught is not None),
        metrics=[keras.metrics.MeanMetricWrapper(losses.absolute_error, name="mae")],
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)
    progress = Progress(run)
    if resume:
        progress = checkpoint.restore(folder / CHECKPOINT, model, run)
    stream = batches.Stream(parts[0], experiment, progress.epoch)
    schedule, clock = experiment.schedule, Clock(progress.seconds, until)
    if clock.done(schedule.minutes) < 1:
        observer = _Run(
            experiment=experiment,
            progress=progress,
            parts=parts,
            folder=folder,
            stream=stream,
            clock=clock,
        )
        model.fit(
            stream,
            steps_per_epoch=stream.steps,
            initial_epoch=progress.epoch,
            epochs=schedule.epochs or _NO_END,
            callbacks=[observer],
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

    def __init__(  # noqa: PLR0913  # what a run consists of
        self,
        *,
        experiment: Experiment,
        progress: Progress,
        parts: tuple[Part, Part],
        folder: Path,
        stream: batches.Stream,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._experiment, self._progress, self._parts = experiment, progress, parts
        self._folder, self._steps, self._size = folder, stream.steps, stream.size
        self._clock, self._saved = clock, clock.seconds
        self._epoch_started, self._shown = 0.0, 0
        self._rate = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._epoch_started, self._shown = self._clock.look(), 0

    # Not on_train_batch_end: with one, Keras waits for the loss of every step before the next.
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._shown += self._size
        self._clock.look()
        if batch % max(1, min(self._steps // _SETTINGS_AN_EPOCH, _MOST_STEPS)):
            return
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # JAX keeps the optimiser's variables out of it till then
        schedule = self._experiment.schedule
        done = self._clock.done(schedule.minutes)
        if schedule.epochs:
            steps = self._progress.epoch * self._steps + batch
            done = max(done, steps / (schedule.epochs * self._steps))
        self._rate = learning_rate(self._experiment.optimiser.learning_rate, schedule, done)
        self.model.optimizer.learning_rate = self._rate
        if done >= 1:
            self.model.stop_training = True  # after this step

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = self._clock.look() - self._epoch_started
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
        self._progress.seconds = self._clock.look()
        self._progress.curve.append(row | {"minutes": self._progress.seconds / 60})
        curves.write(self._progress.curve, self._folder)
        if last or self._clock.seconds - self._saved >= schedule.checkpoint_minutes * 60:
            checkpoint.save(self._folder / CHECKPOINT, self.model, self._progress)
            self._saved = self._clock.look()

    def _validated(self) -> dict[str, float]:
        validation, experiment = self._parts[1], self._experiment
        labels = validation.ages.astype(np.float32)
        inputs: dict[str, Any] = {"pixels": validation.pixels}
        if experiment.augmentation.mixup:  # nothing is blended outside training
            inputs |= {"partner": np.zeros(len(labels), np.int32), "share": np.ones_like(labels)}
        predicted = self.model.predict(
            inputs,
            batch_size=experiment.batches.size,
            callbacks=[keras.callbacks.SwapEMAWeights()] if experiment.optimiser.ema else [],
            verbose=0,
        )
        target = np.stack([labels, labels, np.ones_like(labels)], axis=1)
        errors = ops.convert_to_numpy(losses.absolute_error(target, predicted))
        loss = ops.convert_to_numpy(losses.loss_of(experiment, taught=False)(target, predicted))
        found = {"val_loss": float(loss.mean()), "val_mae": float(errors.mean())}
        if validation.sources is not None:
            for source in np.unique(validation.sources):
                of_source = errors[validation.sources == source]
                found[f"val_mae_{source}"] = float(of_source.mean())
        return found
