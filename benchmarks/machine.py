"""What the machine is, and the most that its cores can multiply: what figures are shares of."""

import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from auditor.faces.engines import on_openvino

PACKAGES = ("openvino", "tensorflow-cpu", "keras", "onnxruntime", "mtcnn", "numpy")

_SIDE = 1024  # of the matrices: three of them fit the second-level cache


def described() -> dict[str, Any]:
    """Processor, cores, memory and the packages that compute."""
    cpu = (
        Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    )
    names = [line.partition(":")[2].strip() for line in cpu.splitlines() if "model name" in line]
    flags = {flag for line in cpu.splitlines() if line.startswith("flags") for flag in line.split()}
    wide = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if flag in flags]
    return {
        "processor": names[0] if names else platform.processor(),
        "instructions": wide,
        "cores": on_openvino.cores(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def peaks(cores: int | None = None) -> dict[str, float]:
    """Multiply-adds a second of so many cores (of all) on matrices, measured: float32 and int8."""
    cores = cores or on_openvino.cores()
    return {
        "float32": _rate(_product(quantised=False), cores),
        "int8": _rate(_product(quantised=True), cores),
    }


def multiply_adds(network: Any) -> int:
    """Of an ``openvino.Model`` for one row of its input, counted from its graph."""
    total = 0
    for op in network.get_ops():
        if op.get_type_name() == "Convolution":
            kernel, out = op.input(1).get_shape(), op.output(0).get_shape()
            total += int(np.prod(kernel)) * int(np.prod(out[2:]))
        elif op.get_type_name() == "MatMul":
            total += int(np.prod(op.input(1).get_shape()))
    return total


def seconds(work: Callable[[], Any]) -> float:
    """Wall-clock of a piece of work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _rate(network: Any, cores: int) -> float:
    compiled = on_openvino.Compiled(network)
    left = np.random.default_rng(1).random((_SIDE, _SIDE), np.float32)

    def calls() -> None:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(lambda _: compiled(left), range(4 * cores)))

    calls()
    return 4 * cores * _SIDE**3 / min(seconds(calls) for _ in range(5))


def _product(*, quantised: bool) -> Any:
    """A matrix product; quantised as NNCF marks it, so that OpenVINO computes it in int8."""
    op = on_openvino.opset()
    given = op.parameter([_SIDE, _SIDE], np.float32)
    weights = np.random.default_rng(2).random((_SIDE, _SIDE), np.float32)
    left, right = given, op.constant(weights)
    if quantised:
        ends = [op.constant(np.float32(end)) for end in (0, 1, 0, 1)]
        left = op.fake_quantize(given, *ends, 256)
        signed = [op.constant(np.float32(end)) for end in (-1, 127 / 128, -1, 127 / 128)]
        right = op.fake_quantize(right, *signed, 256)
    # The sum of a row is all that leaves the call: copying a matrix out would be timed too.
    product = op.reduce_sum(op.matmul(left, right, False, False), op.constant([1]))
    return on_openvino.module().Model([product], [given], "product")
