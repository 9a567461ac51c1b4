"""The settings that days were audited with, as they are kept beside the results."""

import json
from typing import TypeVar

from auditor.errors import ConfigurationError, ContractError
from auditor.mapping import Mapping
from auditor.policy import Policy
from auditor.storage.layout import mapping_path, policy_path
from auditor.storage.place import Place

_Settings = TypeVar("_Settings", Policy, Mapping)


def kept_policy(out: Place, sha256: str) -> Policy:
    """The policy of a hash, which a report was rendered with.

    Raises:
        ContractError: it cannot be read, or was changed.
    """
    return _kept(out, Policy, policy_path(sha256), sha256)


def kept_mapping(out: Place, sha256: str) -> Mapping:
    """The mapping of a hash, which a day was audited with; errors as for :func:`kept_policy`."""
    return _kept(out, Mapping, mapping_path(sha256), sha256)


def _kept(out: Place, kind: type[_Settings], path: str, sha256: str) -> _Settings:
    try:
        settings = kind(json.loads(out.read(path)), origin=path)
    except (FileNotFoundError, ValueError, ConfigurationError) as error:
        raise ContractError(
            f"{out}{path}, by which a day was audited, cannot be read: {error}"
        ) from error
    if settings.sha256 != sha256:
        raise ContractError(f"{out}{path}, by which a day was audited, was changed")
    return settings
