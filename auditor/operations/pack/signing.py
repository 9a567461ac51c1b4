"""Signatures of a manifest: by its hash alone, a shared secret (HMAC) or a key pair (Ed25519)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Literal, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from auditor.errors import ConfigurationError

Algorithm = Literal["sha256", "hmac-sha256", "ed25519"]

_LEAST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature of a manifest's bytes; without a key, only their ``sha256``.

    ``key_id`` identifies the key; ``value`` and ``public_key`` are in base64.
    """

    algorithm: Algorithm
    sha256: str
    key_id: str | None = None
    value: str | None = None
    public_key: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signs, or checks signatures: of a key pair, or a secret."""

    public: Ed25519PublicKey | None = None
    private: Ed25519PrivateKey | None = None
    secret: bytes = field(default=b"", repr=False)

    @classmethod
    def parse(cls, content: bytes, *, origin: str) -> Self:
        """A key from the bytes of its file.

        Args:
            content: an Ed25519 key in PEM, private to sign or public to check; or any other 32
                bytes or more, as a secret. A line break at the end does not count.
            origin: names the key in errors, which hold nothing of its content.

        Raises:
            ConfigurationError: a PEM of another kind, one with a password, or a short secret.
        """
        secret = content.rstrip(b"\r\n")
        if not secret.lstrip().startswith(b"-----BEGIN"):
            if len(secret) < _LEAST_SECRET:
                raise ConfigurationError(
                    f"{origin}: a secret needs at least {_LEAST_SECRET} bytes, such as"
                    " `openssl rand -hex 32` makes"
                )
            return cls(secret=secret)
        try:
            if b"PRIVATE KEY" in secret:
                private = load_pem_private_key(secret, None)
                if isinstance(private, Ed25519PrivateKey):
                    return cls(private.public_key(), private)
            public = load_pem_public_key(secret)
            if isinstance(public, Ed25519PublicKey):
                return cls(public)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            pass  # its text could hold parts of the key
        raise ConfigurationError(
            f"{origin}: not an Ed25519 key in PEM without a password, such as"
            " `openssl genpkey -algorithm ed25519` makes"
        )

    def sign(self, content: bytes) -> Signature:
        """Sign ``content``.

        Raises:
            ConfigurationError: this is a public key.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if self.secret:
            value = hmac.digest(self.secret, content, hashlib.sha256)
            return Signature("hmac-sha256", sha256, self.key_id, _base64(value))
        if self.private is None:
            raise ConfigurationError("a public key cannot sign: give the private one")
        public = _base64(_raw(self.private.public_key()))
        return Signature(
            "ed25519", sha256, self.key_id, _base64(self.private.sign(content)), public
        )

    @property
    def key_id(self) -> str:
        """An identifier of the key that reveals nothing of a secret."""
        if self.public is not None:
            return hashlib.sha256(_raw(self.public)).hexdigest()[:16]
        return hmac.digest(self.secret, b"key id", hashlib.sha256).hex()[:16]

    def verifies(self, signature: Signature, content: bytes) -> bool:
        """Whether the key made a signature of ``content``.

        Raises:
            ValueError: the signature is not base64.
        """
        value = base64.b64decode(signature.value or "")
        if signature.algorithm == "hmac-sha256":
            made = hmac.digest(self.secret, content, hashlib.sha256)
            return bool(self.secret) and hmac.compare_digest(made, value)
        try:
            if self.public is not None:
                self.public.verify(value, content)
        except InvalidSignature:
            return False
        return self.public is not None


def sign_without_key(content: bytes) -> Signature:
    """Sign with the hash alone: it shows damage, but anybody can make a new hash."""
    return Signature("sha256", hashlib.sha256(content).hexdigest())


def signature_problem(signature: Signature, content: bytes, key: Key | None) -> str | None:
    """What is wrong with a signature of a manifest's bytes; None if it is valid.

    Without a key, an Ed25519 signature is checked with the key that it names itself, which a forger
    may have made, and an HMAC is not checked.
    """
    if hashlib.sha256(content).hexdigest() != signature.sha256:
        return "the manifest is not the one that was signed"
    if signature.algorithm == "sha256":
        return "the pack is not signed with a key, and one was given to check with" if key else None
    if key is None and signature.algorithm == "hmac-sha256":
        return None
    try:
        holds = (key or _own_key(signature)).verifies(signature, content)
    except ValueError:  # of base64, or of the key's bytes
        holds = False
    if holds:
        return None
    named = f", which is {signature.key_id}," if key is None else f" {key.key_id}"
    return f"the signature does not fit the key{named} and the manifest"


def _own_key(signature: Signature) -> Key:
    raw = base64.b64decode(signature.public_key or "")
    return Key(Ed25519PublicKey.from_public_bytes(raw))


def _raw(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
