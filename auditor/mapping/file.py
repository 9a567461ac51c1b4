"""Loads the mapping from its URL, or one that comes with the program by its name."""

from pathlib import Path

from auditor.errors import ConfigurationError
from auditor.mapping.mapping import Mapping
from auditor.policy.checking import nearest
from auditor.policy.file import read_configuration

_SHIPPED = Path(__file__).parent / "shipped"


def load_mapping(url: str | None) -> Mapping | None:
    """The mapping at ``url``, or of that name; None if there is none.

    A text without a slash and a suffix is the name of a mapping that comes with the program.

    Raises:
        ConfigurationError: it cannot be read, or is not a valid mapping.
        StorageError: the storage failed.
    """
    if url is None:
        return None
    names = shipped_names()
    if url in names:
        return Mapping.from_toml((_SHIPPED / f"{url}.toml").read_bytes(), origin=url)
    try:
        content = read_configuration(url, "mapping")
    except ConfigurationError as error:
        if "/" in url or "." in url:
            raise
        raise ConfigurationError(
            f"there is no file {url}, and no mapping of that name comes with the program"
            f"{nearest(url, names)}; there are {', '.join(names)}"
        ) from error
    return Mapping.from_toml(content, origin=url)


def shipped_text(name: str) -> str:
    """The TOML of a mapping that comes with the program, to be copied and changed."""
    return (_SHIPPED / f"{name}.toml").read_text("utf-8")


def shipped_names() -> tuple[str, ...]:
    """The names of the mappings that come with the program."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))
