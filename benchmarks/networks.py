"""The age network on every runtime, as shares of what the cores can do."""

import functools
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.faces import backend, engines
from auditor.faces.engines import on_openvino, resnet50
from auditor.faces.engines.on_tensorflow import assign_weights, build_network
from auditor.faces.model import Card, folder
from auditor.policy import ChainRules
from benchmarks import machine, onnx_network
from benchmarks.machine import multiply_adds, seconds
from models.training import quantise
from models.training.labelled import scaled

CROPS, _ONE_BY_ONE = 256, 32


def measured(repeats: int, log: Callable[[str], None]) -> dict[str, Any]:
    """Crops a second of each runtime, in turn in each repeat."""
    side = Card.read(ChainRules().model).input_size
    pixels = np.random.default_rng(1).integers(0, 256, (CROPS, side, side, 3), np.uint8)
    golden = np.load(folder(ChainRules().model) / "golden.npz")["crops"]
    crops = np.stack([scaled(crop, side) for crop in golden])
    contestants = _contestants(side, np.concatenate([crops, crops[:, :, ::-1]]))
    for call, count in contestants.values():
        call(pixels[:count])
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(repeats):
        for name, (call, count) in contestants.items():
            rates[name].append(count / seconds(functools.partial(call, pixels[:count])))
        log(f"repeat {number + 1} of {repeats}")
    return {
        "side": side,
        "multiply_adds": multiply_adds(resnet50.build(_weights(), side)),
        "peaks": machine.peaks(),
        "crops_a_second": rates,
    }


def _contestants(side: int, pictures: NDArray[np.uint8]) -> dict[str, tuple[Any, int]]:
    weights = _weights()
    network = build_network(side)
    assign_weights(network, weights)
    tensorflow = backend.tensorflow()
    graph = tensorflow.function(lambda x: network(x, training=False))
    plain = onnx_network.float32(weights, side)
    runs = {
        name: onnx_network.session(each)
        for name, each in (("float32", plain), ("int8", onnx_network.int8(plain, pictures)))
    }
    content = quantise.quantised(weights, side, pictures, pictures[:1], mirrored=False)
    with np.load(io.BytesIO(content)) as arrays:
        eight_bits = resnet50.quantised(arrays["graph"].tobytes(), arrays["constants"].tobytes())
    return {
        "Keras predict, one by one": (
            lambda x: [network.predict(each[None], verbose=0) for each in x],
            _ONE_BY_ONE,
        ),
        "Keras predict, batches of 32": (lambda x: network.predict(x, 32, verbose=0), CROPS),
        "tf.function, batches of 32": (
            _in_parts(lambda x: graph(tensorflow.constant(x)).numpy()),
            CROPS,
        ),
        **{
            f"ONNX Runtime, {name}": (_in_parts(functools.partial(_run, run)), CROPS)
            for name, run in runs.items()
        },
        "OpenVINO, float32": (_on_all_cores(engines.age_network("openvino", weights, side)), CROPS),
        "OpenVINO, int8": (_on_all_cores(eight_bits), CROPS),
    }


def _run(session: Any, x: NDArray[np.uint8]) -> Any:
    return session.run(None, {"pixels": x})


def _in_parts(call: Callable[[NDArray[np.uint8]], Any]) -> Callable[[NDArray[np.uint8]], Any]:
    return lambda x: [call(x[start : start + 32]) for start in range(0, len(x), 32)]


def _on_all_cores(network: engines.Network) -> Callable[[NDArray[np.uint8]], Any]:
    """As the audit's workers do: a call a core."""

    def call(x: NDArray[np.uint8]) -> list[Any]:
        with ThreadPoolExecutor(on_openvino.cores()) as pool:
            return list(pool.map(network, np.array_split(x, max(1, len(x) // 32))))

    return call


def _weights() -> dict[str, Any]:
    with np.load(folder(ChainRules().model) / "weights.npz") as arrays:
        return dict(arrays)
