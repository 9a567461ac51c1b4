"""Training: it learns, it goes on where it stopped, and it does the same on every backend."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from auditor.errors import AuditorError, ConfigurationError
from auditor.faces import backend
from auditor.faces.alignment import TEMPLATE, TEMPLATE_SIDE
from auditor.faces.engines.on_tensorflow import assign_weights, build_network
from models.training import batches, config, labelled, loop, losses, networks, train
from models.training.config import Augmentation, Batches, Schedule
from tests.support.paths import ROOT
from tests.support.training_child import golden_ages
from tests.support.training_samples import EXPERIMENT, broken_and_resumed, part, write_crops

keras = backend.keras()
CONFIGS = Path(config.__file__).parent / "configs"
CHILD = ROOT / "tests/support/training_child.py"
TORCH = ROOT / ".torch"  # `make torch`


def weights(network: Any) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable.value) for variable in network.weights]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> loop.Trained:
    return loop.train(EXPERIMENT, (part(1), part(2)), tmp_path_factory.mktemp("run"), {})


def test_the_loss_falls(unbroken: loop.Trained) -> None:
    first, second = unbroken.progress.curve
    assert second["loss"] < first["loss"] * 0.95
    assert second["val_loss"] < first["val_loss"]
    assert unbroken.progress.epoch == 2


def test_a_resumed_run_ends_with_the_weights_of_an_unbroken_one(
    unbroken: loop.Trained, tmp_path: Path
) -> None:
    resumed = broken_and_resumed(tmp_path, {"data": "a"})
    with pytest.raises(ConfigurationError, match="its data differ"):
        loop.train(EXPERIMENT, (part(1), part(2)), tmp_path, {"data": "b"}, resume=True)
    for got, want in zip(weights(resumed.network), weights(unbroken.network), strict=True):
        assert got == pytest.approx(want, abs=1e-6)
    assert [row["epoch"] for row in resumed.progress.curve] == [1, 2]
    last = resumed.progress.curve[-1]["val_mae"]
    assert last == pytest.approx(unbroken.progress.curve[-1]["val_mae"], abs=1e-4)


@pytest.fixture(scope="module", params=["jax", "torch"])
def elsewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, np.ndarray]:
    if request.param == "torch" and not (TORCH / ".installed").exists():
        pytest.skip("torch is not there: make torch")
    out = tmp_path_factory.mktemp(request.param) / "said.npz"
    other = {"KERAS_BACKEND": request.param, "PYTHONPATH": f"{ROOT}{os.pathsep}{TORCH}"}
    other |= {"XLA_FLAGS": "--xla_backend_optimization_level=0"}  # quick
    # What is trained three times is compiled once, and in the next test run not at all.
    other |= {"JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax")}
    other |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    subprocess.run(
        [sys.executable, str(CHILD), str(out)],
        env=os.environ | other,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with np.load(out) as said:
        return dict(said) | {"wanted": request.param}


def test_backends_agree_on_the_same_weights(elsewhere: dict[str, np.ndarray]) -> None:
    assert elsewhere["backend"] == elsewhere["wanted"] != keras.backend.backend()
    assert elsewhere["ages"] == pytest.approx(golden_ages(), abs=1e-3)


def test_a_run_on_another_backend_learns_and_goes_on_too(elsewhere: dict[str, np.ndarray]) -> None:
    first, second = elsewhere["losses"]
    assert second < first * 0.95
    assert elsewhere["resumed"] == pytest.approx(elsewhere["trained"], abs=1e-5)


def test_the_command_writes_what_an_export_needs(tmp_path: Path) -> None:
    write_crops(tmp_path)
    settings = tmp_path / "settings.toml"
    settings.write_text(
        'architecture = "tiny"\ninput_size = 32\nhead = "regression"\n'
        "[schedule]\nminutes = 0.01\n[batches]\nsize = 16\n"
    )
    command = [str(settings), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(train.main, command)
    assert said.exit_code == 0, said.output
    assert "train: 64 crops, 1 set aside\n  1 x age_impossible" in said.output

    about = json.loads((tmp_path / "out/run.json").read_text())
    assert about["faults"]["train"] == {"age_impossible": 1}
    assert about["settings"]["head"] == "regression"
    assert about["minutes"] > 0
    assert (tmp_path / "out/curves.png").stat().st_size > 1000
    assert (tmp_path / "out/curves.csv").read_text().startswith("epoch,minutes,learning_rate,loss")

    learnt = np.load(tmp_path / "out" / train.LEARNT)
    assert set(learnt) == set(labelled.read(tmp_path, "train").hashes())

    again = CliRunner().invoke(train.main, command)
    assert again.exit_code == 2
    assert "--resume" in again.output
    resumed = CliRunner().invoke(train.main, [*command, "--resume"])  # its time is up
    assert resumed.exit_code == 0, resumed.output
    assert json.loads((tmp_path / "out/run.json").read_text())["epochs"] == about["epochs"]


def test_written_weights_are_read_by_the_product(unbroken: loop.Trained, tmp_path: Path) -> None:
    networks.save(unbroken.network, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as stored:
        arrays = dict(stored)
    assert arrays["conv1_conv/kernel"].dtype == np.float16
    assert arrays["conv1_bn/gamma"].dtype == np.float32
    assert "conv1_conv/bias" not in arrays
    read = networks.build(EXPERIMENT)
    assign_weights(read, arrays)
    for got, want in zip(weights(read), weights(unbroken.network), strict=True):
        assert got == pytest.approx(want, abs=1e-3, rel=1e-3)

    started = EXPERIMENT.model_copy(
        update={"weights": str(tmp_path / "weights.npz"), "head": "regression"}
    )
    other_head = networks.build(started)  # keeps the backbone, starts the head anew
    assert other_head.output_shape == (None, 1)
    assert weights(other_head)[0] == pytest.approx(weights(read)[0])
    with pytest.raises(ConfigurationError, match="cannot read"):
        networks.build(started.model_copy(update={"weights": str(tmp_path / "none.npz")}))


def test_a_new_regression_head_starts_at_the_mean_age(unbroken: loop.Trained) -> None:
    regression = networks.build(EXPERIMENT.model_copy(update={"head": "regression"}))
    networks.centre(regression, 41.5)
    assert weights(regression)[-1] == pytest.approx([41.5])
    networks.centre(regression, 20)  # no new one any more
    assert weights(regression)[-1] == pytest.approx([41.5])
    before = weights(unbroken.network)[-1]
    networks.centre(unbroken.network, 20)
    assert (weights(unbroken.network)[-1] == before).all()


def test_preprocessing_in_the_network_is_that_of_the_published_resnet50() -> None:
    seen = []

    def backbone(centred: Any) -> Any:
        seen.append(centred)
        return keras.layers.GlobalAveragePooling2D()(centred)

    network = build_network(32, backbone=backbone)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    inside = keras.ops.convert_to_numpy(keras.Model(network.input, seen[0])(pixels))
    assert inside == pytest.approx(
        keras.applications.resnet.preprocess_input(pixels.astype(np.float32)), abs=1e-4
    )


def test_losses_on_figures_done_by_hand() -> None:
    ages = np.array([[30, 30, 1], [30, 50, 0.75]], np.float32)
    assert np.asarray(losses.age(ages)) == pytest.approx([30, 35])
    wanted = np.asarray(losses.distribution(ages, 2.0))
    assert wanted.sum(axis=1) == pytest.approx([1, 1])
    assert wanted[0, 30] / wanted[0, 32] == pytest.approx(np.exp(0.5), rel=1e-4)
    assert wanted[1, 30] == pytest.approx(3 * wanted[1, 50], rel=1e-4)
    certain = np.zeros((2, 101), np.float32)
    certain[:, 40] = 1
    assert np.asarray(losses.absolute_error(ages, certain)) == pytest.approx([10, 5])
    assert np.asarray(losses.squared_error(ages, certain[:, 40:41] * 40)) == pytest.approx(
        [100, 25]
    )


def test_the_learning_rate_warms_up_and_falls() -> None:
    schedule = Schedule(minutes=10, warm_up=0.1)
    rates = [loop.learning_rate(2.0, schedule, done) for done in (0, 0.05, 0.1, 0.55, 1, 1.2)]
    assert rates == pytest.approx([0.02, 1.0, 2.0, 1.0, 0, 0])


def test_an_epoch_shows_every_picture_once_and_rare_ages_more_often_if_asked() -> None:
    ages = np.array([20.0] * 90 + [70.0] * 10)
    even = batches.sample(batches.sampling_weights(ages, 0), 100, np.random.default_rng(1))
    assert sorted(even) == list(range(100))
    drawn = batches.sample(batches.sampling_weights(ages, 1), 100, np.random.default_rng(1))
    assert (drawn >= 90).sum() > 30
    assert len(np.unique(drawn[drawn >= 90])) == 10

    experiment = EXPERIMENT.model_copy(update={"batches": Batches(size=64)})
    from_start = batches.Stream(part(1), experiment, first_epoch=0)
    later = batches.Stream(part(1), experiment, first_epoch=2)
    assert from_start.steps == 3
    for got, want in zip(later[1][0].values(), from_start[7][0].values(), strict=True):
        assert (got == want).all()
    inputs, target = from_start[0]
    assert (target[inputs["partner"], 0] == target[:, 1]).all()
    assert (target[:, 2] == inputs["share"]).all()


def test_half_of_the_faces_are_cut_the_other_way_and_favoured_ages_come_more_often() -> None:
    plain = part(1)
    other = replace(plain, realigned=255 - plain.pixels)
    settings = EXPERIMENT.model_copy(update={"batches": Batches(size=96)})
    inputs = batches.Stream(other, settings, 0)[0][0]["pixels"]
    as_they_are = batches.Stream(plain, settings, 0)[0][0]["pixels"]
    anew = (inputs == 255 - as_they_are).all(axis=(1, 2, 3))
    assert (inputs[~anew] == as_they_are[~anew]).all()
    assert 30 < anew.sum() < 66
    again = batches.Stream(other, settings, 0)[0][0]["pixels"]
    assert (again == inputs).all()

    ages = np.array([12.0, 13, 30, 31])
    weights = batches.favouring(np.full(4, 0.25), ages, (13, 30), 3)
    assert weights == pytest.approx([1 / 8, 3 / 8, 3 / 8, 1 / 8])


def test_a_teacher_is_learnt_from_beside_the_labels() -> None:
    ages = np.arange(101)
    plain = part(1)
    taught = np.exp(-0.5 * ((ages - plain.ages[:, None] - 10) / 3) ** 2)  # ten years too old
    taught = (taught / taught.sum(axis=1, keepdims=True)).astype(np.float16)
    inputs, target = batches.Stream(replace(plain, taught=taught), EXPERIMENT, 0)[0]
    share, partner = inputs["share"][:, None], inputs["partner"]
    assert target.shape == (16, 3 + 101)
    own = target[:, :1] + 10
    assert (target[:, 3:] @ ages)[:, None] == pytest.approx(
        share * own + (1 - share) * own[partner], abs=0.5
    )

    labels = EXPERIMENT.labels.model_copy(update={"l1_weight": 0.0, "teacher_weight": 0.25})
    settings = EXPERIMENT.model_copy(update={"labels": labels})
    even = np.full((16, 101), 1 / 101, np.float32)
    found = np.asarray(losses.loss_of(settings, taught=True)(target, even))
    assert found == pytest.approx(np.log(101), abs=0.01)  # all of the weight is given once
    one = np.array([[30, 30, 1, *np.eye(101)[50]]], np.float32)
    likely = np.full((1, 101), 1e-3, np.float32)
    likely[0, 50] = 0.9
    with_teacher = float(losses.loss_of(settings, taught=True)(one, likely)[0])
    assert with_teacher == pytest.approx(-0.75 * np.log(1e-3) - 0.25 * np.log(0.9), abs=0.01)


def test_a_run_ends_at_its_time_and_validates_by_source(tmp_path: Path) -> None:
    validation = replace(part(2), sources=np.array(["one", "two"] * 96))
    settings = EXPERIMENT.model_copy(update={"schedule": Schedule(minutes=60)})
    until = datetime.now(UTC) + timedelta(seconds=6)
    done = loop.train(settings, (part(1), validation), tmp_path, {}, until=until)
    assert datetime.now(UTC) > until
    assert done.progress.seconds < 60
    row = done.progress.curve[-1]
    assert row["learning_rate"] < EXPERIMENT.optimiser.learning_rate / 4
    assert row["val_mae"] == pytest.approx((row["val_mae_one"] + row["val_mae_two"]) / 2)
    header = (tmp_path / "curves.csv").read_text().splitlines()[0]
    assert header.endswith("images_per_second,val_mae_one,val_mae_two")
    epochs = done.progress.epoch
    again = loop.train(settings, (part(1), validation), tmp_path, {}, resume=True, until=until)
    assert again.progress.epoch == epochs  # its time is up


def test_the_recipe_for_strangers_runs_as_it_is_written(tmp_path: Path) -> None:
    """All its changes and both cuts, from the command, with the small network and no teacher."""
    write_crops(tmp_path)
    ids = pq.read_table(tmp_path / "train-0.parquet", columns=["id"])["id"]
    points = (TEMPLATE * 192 / TEMPLATE_SIDE + 3).ravel().tolist()
    pq.write_table(
        pa.table({"id": ids, "landmarks": [points] * len(ids)}),
        tmp_path / "yunet_landmarks.parquet",
    )
    text = (CONFIGS / "strangers_64.toml").read_text()
    for was, now in (
        ('weights = "models/age_resnet50/3/weights.npz"', 'architecture = "tiny"'),
        ('teacher = "4"', ""),
        ("minutes = 720", "epochs = 1"),
        ("checkpoint_minutes = 4", ""),
        ("validate_every = 4", ""),
        ("size = 128", "size = 16"),
        ("epoch_size = 2048", ""),
    ):
        assert text.count(was) == 1
        text = text.replace(was, now)
    (tmp_path / "settings.toml").write_text(text)
    command = [str(tmp_path / "settings.toml"), "--data", str(tmp_path)]
    command += ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    said = CliRunner().invoke(train.main, command)
    assert said.exit_code == 0, said.output
    assert json.loads((tmp_path / "out/run.json").read_text())["epochs"] == 1
    kept = {path.name.rsplit("-", 1)[0] for path in (tmp_path / "cache").iterdir()}
    assert kept == {"crops-64", "realigned-64"}


def test_a_loss_that_is_no_number_ends_the_run_before_a_checkpoint(tmp_path: Path) -> None:
    wild = EXPERIMENT.optimiser.model_copy(update={"learning_rate": 1e30, "clip_norm": None})
    plain = {"optimiser": wild, "head": "regression", "augmentation": Augmentation()}
    with pytest.raises(AuditorError, match="no number"):
        loop.train(EXPERIMENT.model_copy(update=plain), (part(1, 32), part(2, 16)), tmp_path, {})
    assert not (tmp_path / loop.CHECKPOINT).exists()


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_experiment_can_be_read_and_says_how_it_is_run(path: Path) -> None:
    config.read(path)
    assert f"models.training.train models/training/configs/{path.name}" in path.read_text()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("input_size = 64\ncolour = 1\n[schedule]\nepochs = 1", "colour"),
        ("input_size = 64\n[schedule]\nepochs = 1\nminutes = 2", "either epochs or minutes"),
        ("input_size = 60\n[schedule]\nepochs = 1", "input_size"),
        ("input_size = ", "cannot read"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        config.read(path)
