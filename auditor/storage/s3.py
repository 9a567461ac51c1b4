"""How ``s3://`` is accessed: timeouts, retries, and libraries that must not log secrets."""

import logging
import time
from collections.abc import Callable
from typing import Any

import fsspec

#: Options of s3fs and botocore; docs/operations.md says what follows from them. What fsspec is
#: configured with (FSSPEC_S3) takes precedence.
S3_OPTIONS: dict[str, Any] = {
    "use_listings_cache": False,  # a cached listing does not show what is there now
    "config_kwargs": {
        "connect_timeout": 5,
        "read_timeout": 15,  # seconds without a byte
        "retries": {"mode": "standard", "total_max_attempts": 5},
    },
}

#: Tries of s3fs, each with botocore's attempts: for answers that break off in the middle.
S3_TRIES = 2

_PAUSES_S = (0.1, 0.5, 2.0)

# At the level DEBUG these log whole requests, session tokens included.
_LOG_SECRETS = ("aiobotocore", "botocore", "boto3", "s3transfer")


def configure_s3() -> None:
    """Set the options above as fsspec's defaults, and keep secrets out of the logs."""
    given = fsspec.config.conf.setdefault("s3", {})
    requests = given.get("config_kwargs", {})
    fsspec.config.conf["s3"] = (
        S3_OPTIONS | given | {"config_kwargs": S3_OPTIONS["config_kwargs"] | requests}
    )
    for name in _LOG_SECRETS:
        logging.getLogger(name).setLevel(logging.INFO)


def retried(read: Callable[[], bytes]) -> bytes:
    """Return what ``read`` returns, and call it again where an answer breaks off.

    s3fs itself retries such an answer only once.
    """
    for pause in _PAUSES_S:
        try:
            return read()
        except Exception as error:  # of a transport that need not be installed
            if type(error).__name__ != "ClientPayloadError":
                raise
            time.sleep(pause)
    return read()
