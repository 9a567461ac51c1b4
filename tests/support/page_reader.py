"""Reads pages as strictly as no browser does."""

import re
from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}
NO_NESTING = {"p", "a", "h1", "h2", "h3", "h4", "article", "table", "figure"}


class Reader(HTMLParser):
    """Reads a page strictly: every element closed, in order, and no id twice."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.headings: list[int] = []
        self.labelled: list[str] = []
        self.text = ""
        self.feed(page.decode())
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that stays open unless it is void."""
        assert tag not in NO_NESTING or tag not in self.open, f"<{tag}> inside <{tag}>"
        if tag not in VOID:
            self.open.append(tag)
        self._note(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element of an SVG that closes itself."""
        assert "svg" in self.open, f"<{tag}/> outside SVG"
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += data

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
        found = {name: value or "" for name, value in attrs}
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.sources += [found["src"]] if "src" in found else []
        self.labelled += [found["aria-labelledby"]] if "aria-labelledby" in found else []
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
