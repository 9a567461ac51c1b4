"""Where templates and models lie: in the checkout, or inside the installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_SHIPPED = _PACKAGE / "_shipped"


def folder(name: str) -> Path:
    """The folder ``name`` (such as ``reports/templates``) of the checkout or of the wheel."""
    shipped = _SHIPPED / name
    return shipped if shipped.is_dir() else _PACKAGE.parent / name
