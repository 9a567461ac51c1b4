"""Who may read what was written."""

import stat
from pathlib import Path


def open_to_others(folder: Path) -> dict[str, str]:
    """Everything at and below a folder that its group or everybody may read, write or enter."""
    found = [p for p in (folder, *folder.rglob("*")) if not p.is_symlink()]
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in found}
    return {str(p.relative_to(folder)): f"{m:o}" for p, m in modes.items() if m & 0o077}
