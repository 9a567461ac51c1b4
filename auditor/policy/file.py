"""Loads the policy, or another file of the configuration, from its URL."""

from auditor.errors import ConfigurationError, StorageError
from auditor.policy.policy import Policy
from auditor.storage.addresses import without_credentials
from auditor.storage.place import OutsideError, Place


def load_policy(url: str | None) -> Policy:
    """The policy at ``url``, or the built-in defaults.

    Raises:
        ConfigurationError: it cannot be read, or is not a valid policy.
        StorageError: the storage failed.
    """
    if url is None:
        return Policy()
    return Policy.from_toml(read_configuration(url, "policy"), origin=url)


def read_configuration(url: str, what: str) -> bytes:
    """The bytes of a file of the configuration; ``what`` names it in errors.

    Raises:
        ConfigurationError: it cannot be read.
        StorageError: the storage failed.
    """
    folder, _, name = str(without_credentials(url)).rpartition("/")
    try:
        return Place(folder or ".").read(name)
    except StorageError:
        raise
    except (OSError, OutsideError) as error:
        raise ConfigurationError(f"cannot read the {what} {url}: {error}") from error
