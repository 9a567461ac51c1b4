"""TensorFlow and Keras, imported when first used (it takes 11 s) with their logging silenced."""

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from auditor.errors import ConfigurationError

_SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # By itself on only where a processor has AVX-512; elsewhere, training takes four times as long.
    "TF_ENABLE_ONEDNN_OPTS": "1",
}

# What TensorFlow's native code says on being loaded, whatever TF_CPP_MIN_LOG_LEVEL is.
_BANNERS = (b"WARNING: All log messages before absl", b"I0000 ")


def tensorflow() -> Any:
    """The module ``tensorflow``."""
    return _module("tensorflow")


def keras() -> Any:
    """The module ``keras``, on the backend that KERAS_BACKEND names."""
    return _module("keras")


def _module(name: str) -> Any:
    if name not in sys.modules:
        for setting, value in _SETTINGS.items():
            os.environ.setdefault(setting, value)
        try:
            with _without_banners():
                importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in {name, "tensorflow"}:
                raise
            raise ConfigurationError(
                f"{error.name} is not installed; the runtime 'tensorflow' and training need it: "
                "pip install 'auditor[train]'"
            ) from error
    return sys.modules[name]


@contextlib.contextmanager
def _without_banners() -> Iterator[None]:
    """Keep what native code writes to standard error, and pass it on without the banners."""
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
            kept.seek(0)
            for line in kept:
                if not line.startswith(_BANNERS):
                    os.write(2, line)
