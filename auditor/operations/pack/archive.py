"""The files of a pack: zipped with reproducible bytes, read back, and attached by the chain."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import ConfigurationError, SourceError
from auditor.storage.place import OutsideError, Place

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100600 << 16

# First bytes of pictures, and of archives that could hold some: JPEG, PNG, GIF, TIFF, BMP, zip.
_PICTURES = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*", b"BM", b"PK\x03\x04")
_PICTURES_LATER = {4: b"ftyp", 8: b"WEBP"}

#: Bytes a pack may unpack to; more are taken for an attack.
_MOST_BYTES = 4 << 30


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """Zip the files in one folder, ordered by path, without times or owners."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{path}", _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READABLE
            entry.create_system = 3  # Unix, wherever it is made
            archive.writestr(entry, content)
    return whole.getvalue()


def unpacked(url: str) -> dict[str, bytes]:
    """The files of a pack, from its zip or its folder, by path.

    Raises:
        SourceError: there is no pack, it cannot be read, or it holds a path twice.
    """
    place = Place(url)
    try:
        if place.single_file is None:
            files = {path: place.read(path) for path in place.files()}
        else:
            files = _unzipped(place.read(place.single_file))
    except (OSError, OutsideError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise SourceError(f"{place} is no pack that can be read: {error}") from error
    if not files:
        raise SourceError(f"there is no pack at {place}")
    return files


def _unzipped(content: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = entry.filename.partition("/")[2]
            if entry.is_dir():
                continue
            if path in files:
                raise ValueError(f"it holds {entry.filename!r} twice")
            if sum(map(len, files.values())) + entry.file_size > _MOST_BYTES:
                raise ValueError("it unpacks to more than 4 GiB")
            files[path] = archive.read(entry)
    return files


def read_attachments(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """The attachments' bytes by their path in the pack; pictures are refused: it holds no faces.

    Raises:
        SourceError: one cannot be read.
        ConfigurationError: one is a picture or an archive, or its name cannot be used.
    """
    files: dict[str, bytes] = {}
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SourceError(f"cannot read the attachment {path}: {error.strerror}") from error
        is_picture = content.startswith(_PICTURES) or any(
            content[at:].startswith(mark) for at, mark in _PICTURES_LATER.items()
        )
        if is_picture:
            raise ConfigurationError(
                f"the attachment {path} is a picture or an archive: a pack holds no faces, so it"
                " takes documents only"
            )
        name = f"attachments/{path.name}"
        if name in files or not path.name.isprintable() or path.name.startswith("."):
            raise ConfigurationError(f"the attachment {path} needs a name of its own")
        files[name] = content
    return files
