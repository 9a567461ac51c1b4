"""A settings file that is kept with a run: read from TOML, stored as JSON, known by its hash."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from auditor.errors import ConfigurationError
from auditor.policy.checking import parsed_toml


class SettingsDocument(ABC):
    """What the policy and the mapping share; each checks the parsed document in its own way."""

    def __init__(self, document: Mapping[str, Any], *, origin: str) -> None:
        """Check and keep a parsed file, or :attr:`canonical`; ``origin`` names it in errors.

        Raises:
            ConfigurationError: naming the key, for an unknown key or an impossible value.
        """
        try:
            self._document = self._checked(document)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{origin}: {error}") from error

    @abstractmethod
    def _checked(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set what the document says; return the document to keep, or raise a ValueError."""

    @classmethod
    def from_toml(cls, content: bytes, *, origin: str) -> Self:
        """Read the bytes of a TOML file; ``origin`` names it in errors.

        Raises:
            ConfigurationError: not valid TOML, or not a valid document of this kind.
        """
        return cls(parsed_toml(content, origin=origin), origin=origin)

    @property
    def canonical(self) -> bytes:
        """The document as JSON, whatever the comments and layout of its file."""
        return json.dumps(self._document, sort_keys=True, default=str).encode()

    @property
    def sha256(self) -> str:
        """Hash of :attr:`canonical`."""
        return hashlib.sha256(self.canonical).hexdigest()
