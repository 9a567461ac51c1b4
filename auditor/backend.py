"""TensorFlow and Keras, imported when first used (it takes 11 s) and told to keep quiet."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

_SETTINGS = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

# What TensorFlow's native code says at its first operation, whatever TF_CPP_MIN_LOG_LEVEL is.
_BANNERS = (b"WARNING: All log messages before absl", b"I0000 ")


def tensorflow() -> Any:
    """The module ``tensorflow``."""
    _set()
    import tensorflow as tf

    return tf


def keras() -> Any:
    """The module ``keras``, on the backend that KERAS_BACKEND names."""
    _set()
    import keras

    return keras


def mtcnn() -> Any:
    """The module ``mtcnn``, which imports TensorFlow."""
    _set()
    import mtcnn

    return mtcnn


@contextlib.contextmanager
def without_banners() -> Iterator[None]:
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


def _set() -> None:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
