"""Loads the policy from its URL."""

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
    folder, _, name = str(without_credentials(url)).rpartition("/")
    try:
        content = Place(folder or ".").read(name)
    except StorageError:
        raise
    except (OSError, OutsideError) as error:
        raise ConfigurationError(f"cannot read the policy {url}: {error}") from error
    return Policy.from_toml(content, origin=url)
