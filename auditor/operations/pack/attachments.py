"""Documents that the chain adds to a pack. Pictures are refused: a pack holds no faces."""

from pathlib import Path

from auditor.errors import ConfigurationError, SourceError

# First bytes of pictures, and of archives that could hold some: JPEG, PNG, GIF, TIFF, BMP, zip.
_PICTURES = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*", b"BM", b"PK\x03\x04")
_PICTURES_LATER = {4: b"ftyp", 8: b"WEBP"}


def read_attachments(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """The attachments' bytes, by their path in the pack.

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
