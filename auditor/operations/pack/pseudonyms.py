"""Names under which people stand in a pack: the same person, the same name, and no way back.

The key (32 bytes, HMAC-SHA-256) is made with the first pack and stays with the results, readable
by their owner only, so that a regulator can follow somebody over the weeks and the chain can tell
who it is. Who deletes the key cuts every pack made so far from the people in it.
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
    """Names people, or, with names asked for, leaves them their own."""

    def __init__(self, key: bytes | None) -> None:
        """Take a key; None keeps every name as it is."""
        self._key = key

    def name(self, role: str, *parts: str | None) -> str | None:
        """The name of somebody.

        Args:
            role: ``cashier`` or ``officer``: who is both is two.
            parts: what tells them apart, the name last; where that is None, there is nobody.
        """
        if parts[-1] is None:
            return None
        if self._key is None:
            return parts[-1]
        said = "\x1f".join([role, *map(str, parts)])
        digest = hmac.digest(self._key, said.encode(), hashlib.sha256)
        return f"{role}-{base64.b32encode(digest)[:12].decode().lower()}"


def of_results(out: Place) -> Pseudonyms:
    """The pseudonyms of an OUT; its key is made if there is none.

    Raises:
        ContractError: the key is damaged.
    """
    if not out.exists(KEY):
        out.write(KEY, secrets.token_bytes(_KEY_BYTES))
    key = out.read(KEY)
    if len(key) != _KEY_BYTES:
        raise ContractError(f"{out}{KEY} is not a key of {_KEY_BYTES} bytes: restore or remove it")
    return Pseudonyms(key)
