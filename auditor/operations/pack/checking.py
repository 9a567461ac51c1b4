"""Checks that a pack is unchanged: its files by the manifest, the manifest by its signature."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from auditor.errors import SourceError
from auditor.operations.pack.archive import unpacked
from auditor.operations.pack.manifest import MANIFEST, SIGNATURE, Manifest
from auditor.operations.pack.signing import Key, Signature, signature_problem

_Part = TypeVar("_Part", Manifest, Signature)


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of checking a pack: its problems (none: it is unchanged), and who signed it."""

    week: str
    files: int
    sha256: str  # of the manifest
    problems: tuple[str, ...]
    signed: str  # in words


def verify(url: str, key: Key | None = None) -> Verification:
    """Check a pack, its zip or its folder; ``key``, public or secret, checks the signature.

    Raises:
        SourceError: it cannot be read, or has no manifest or signature.
    """
    files = unpacked(url)
    for name in (MANIFEST, SIGNATURE):
        if name not in files:
            raise SourceError(f"{url} is no pack: it has no {name}")
    content = files[MANIFEST]
    manifest = _read(Manifest, content, MANIFEST)
    signature = _read(Signature, files[SIGNATURE], SIGNATURE)
    problems = _changes(manifest, files)
    if wrong := signature_problem(signature, content, key):
        problems.append(wrong)
    sha256 = hashlib.sha256(content).hexdigest()
    signed = _signed(signature, checked=key is not None)
    return Verification(manifest.week, len(manifest.files), sha256, tuple(problems), signed)


def _read(kind: type[_Part], content: bytes, name: str) -> _Part:
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise SourceError(
            f"{name} is not one of a pack ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        ) from error


def _changes(manifest: Manifest, files: Mapping[str, bytes]) -> list[str]:
    named = {file.path: file for file in manifest.files}
    problems = []
    for path in sorted(named.keys() | files.keys() - {MANIFEST, SIGNATURE}):
        if path not in files:
            problems.append(f"{path} is missing")
        elif path not in named:
            problems.append(f"{path} was added")
        elif hashlib.sha256(files[path]).hexdigest() != named[path].sha256:
            problems.append(f"{path} was changed")
    return problems


def _signed(signature: Signature, *, checked: bool) -> str:
    if signature.algorithm == "sha256":
        return "by its hash alone: compare the manifest's with the one that you were told"
    if checked:
        return f"with the key {signature.key_id} ({signature.algorithm})"
    if signature.algorithm == "ed25519":
        return f"with the key {signature.key_id}, which it names itself: give yours with --key"
    return f"with the secret {signature.key_id}, unchecked: give it with --key"
