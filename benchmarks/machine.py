"""The machine that figures were measured on, and a stopwatch."""

import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auditor.faces.engines import on_openvino

PACKAGES = ("openvino", "tensorflow-cpu", "keras", "mtcnn", "numpy")


def described() -> dict[str, Any]:
    """Processor, its vector instructions, cores, Python and the packages that compute."""
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


def seconds(work: Callable[[], Any]) -> float:
    """Wall-clock seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
