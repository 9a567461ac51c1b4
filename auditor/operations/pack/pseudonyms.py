"""Pseudonyms of people in a pack: the same for a person in every pack, and not reversible.

The key (32 bytes, HMAC-SHA-256) is made with the first pack and stays with the results, readable by
their owner only. A regulator can follow a person over the weeks, and the chain can find out who it
is. Deleting the key cuts the link between all earlier packs and the people in them.
"""

import base64
import hashlib
import hmac
import secrets

from auditor.errors import ContractError
from auditor.storage.place import Place

KEY = "keys/pseudonyms.key"
_KEY_BYTES = 32


class Pseudonyms:
    """Gives people pseudonyms, or leaves them their own names."""

    def __init__(self, key: bytes | None) -> None:
        """Use a key; None keeps every name as it is."""
        self._key = key

    def name(self, role: str, *parts: str | None) -> str | None:
        """A person's name in the pack; None if there is no person.

        Args:
            role: ``cashier`` or ``officer``; a person with both has two pseudonyms.
            parts: what identifies the person, the name last; None if there is no person.
        """
        if parts[-1] is None:
            return None
        if self._key is None:
            return parts[-1]
        identity = "\x1f".join([role, *map(str, parts)])
        digest = hmac.digest(self._key, identity.encode(), hashlib.sha256)
        return f"{role}-{base64.b32encode(digest)[:12].decode().lower()}"


def pseudonyms_of(out: Place) -> Pseudonyms:
    """The pseudonyms that belong to the results at ``out``; the key is made if there is none.

    Raises:
        ContractError: the key is damaged.
    """
    if not out.exists(KEY):
        out.write(KEY, secrets.token_bytes(_KEY_BYTES))
    key = out.read(KEY)
    if len(key) != _KEY_BYTES:
        raise ContractError(f"{out}{KEY} is not a key of {_KEY_BYTES} bytes: restore or remove it")
    return Pseudonyms(key)
