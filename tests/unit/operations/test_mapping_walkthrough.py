"""The walkthrough in docs/ shows what commands print: each is run, on the files that it shows."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from tests.support.paths import ROOT

WALK = ROOT / "docs" / "mapping-walkthrough.md"
_BLOCK = re.compile(r"(?:`([^`\n]+)`(?: \(([\w-]+)\))?:\n\n)?```(\w+)\n(.*?)```\n", re.DOTALL)


def shown_again(folder: Path) -> str:
    """The walkthrough with the output of its commands as it is now."""

    def again(block: re.Match[str]) -> str:
        path, encoding, kind, content = block.groups()
        start, end = block.start(4) - block.start(), block.end(4) - block.start()
        if kind == "console":
            return block[0][:start] + printed(content) + block[0][end:]
        if kind == "diff":
            change(folder / "mapping.toml", content)
        elif kind == "toml" and path:
            return block[0][:start] + (folder / path).read_text("utf-8") + block[0][end:]
        elif path:
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(content, encoding or "utf-8")
        return block[0]

    return _BLOCK.sub(again, WALK.read_text("utf-8"))


def printed(content: str) -> str:
    line = content.splitlines()[0]
    result = CliRunner().invoke(main, shlex.split(line.removeprefix("$ auditor ")))
    code = f"(exit code {result.exit_code})\n" if result.exit_code else ""
    return f"{line}\n{result.output}{code}"


def change(path: Path, lines: str) -> None:
    text = path.read_text("utf-8")
    before = "".join(line[1:] for line in lines.splitlines(keepends=True) if line[0] in "- ")
    after = "".join(line[1:] for line in lines.splitlines(keepends=True) if line[0] in "+ ")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_each_command_prints_what_the_walkthrough_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    assert shown_again(tmp_path) == WALK.read_text("utf-8")
