"""Plots as inline SVG: drawn by matplotlib, coloured by the page, read aloud with their numbers.

A plot carries no style of its own, so that a page may forbid inline styles: what matplotlib writes
as ``style`` becomes attributes, and a colour is a name of the page's style sheet, which turns with
light, dark and print. The same arguments give the same text.
"""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours to draw with, by name. Each stands for the custom property of style.css of that name.
COLOURS: Mapping[str, str] = MappingProxyType(
    {
        name: f"#0102{number:02x}"
        for number, name in enumerate(
            (
                *("ink", "soft", "rule", "card", "link"),
                *("flagged", "id-checked", "over", "refused"),
                *("hatch-ground", "hatch-line", "zone-challenge", "zone-legal", "interval"),
            )
        )
    }
)

# matplotlib draws in points of 1/72 inch; at this resolution a point is a pixel of the page.
_DPI = 72


@dataclass(frozen=True)
class Plot:
    """A drawing and the numbers in it. It is drawn when a page first shows it.

    ``ident`` is unique on its page. ``title`` says what is drawn, ``description`` what is to be
    seen in it. ``rows`` are the numbers as text, a cell a column; the first cell heads its row.
    ``drawing`` makes the SVG element.
    """

    ident: str
    title: str
    description: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    drawing: Callable[[], Markup] = field(repr=False, compare=False)

    @cached_property
    def svg(self) -> Markup:
        """The SVG element."""
        return self.drawing()


def plot(  # noqa: PLR0913  what is drawn, and the same in words and numbers
    ident: str,
    draw: Callable[["Axes"], None],
    *,
    title: str,
    description: str,
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    size: tuple[int, int] = (340, 190),
    margins: tuple[int, int, int, int] = (12, 10, 24, 44),
) -> Plot:
    """A :class:`Plot` of what ``draw`` will draw.

    ``ident`` has letters, digits, ``-`` and ``_``; ``draw`` uses the colours of ``COLOURS``;
    ``size`` is width and height, px, which a narrow page shrinks; ``margins`` go from the edges to
    the axes, px: top, right, bottom, left.

    Raises:
        ValueError: ``ident`` has other characters.
    """
    _require_identifier(ident)
    words: Any = {"title": title, "description": description}
    drawing = partial(inline_svg, ident, draw, **words, size=size, margins=margins)
    return Plot(**words, ident=ident, columns=columns, rows=rows, drawing=drawing)


def inline_svg(  # noqa: PLR0913  what is drawn, and how
    ident: str,
    draw: Callable[["Axes"], None],
    *,
    title: str,
    description: str,
    size: tuple[int, int],
    margins: tuple[int, int, int, int] | None = None,
    style: Mapping[str, Any] = MappingProxyType({}),
    legend: bool = False,
) -> Markup:
    """Draw an SVG element for a page that allows no inline style; arguments as for :func:`plot`.

    Without margins, matplotlib chooses them. ``style`` are settings of matplotlib beside those of
    the pages. A ``legend`` stands above the plot, which then has no margins.
    """
    _require_identifier(ident)
    # Imported here: who draws nothing does not wait for it.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # The salt makes the ids inside the SVG depend on the plot alone: two never collide on a page.
    settings: Any = {**_STYLE, **style, "svg.hashsalt": ident}
    with mpl.rc_context(settings):
        figure = Figure(
            figsize=(size[0] / _DPI, size[1] / _DPI),
            dpi=_DPI,
            layout=None if margins else "constrained",
        )
        figure.patch.set_visible(False)
        axes = figure.add_axes(_box(size, margins)) if margins else figure.subplots()
        axes.patch.set_visible(False)
        draw(axes)
        names = axes.get_legend_handles_labels()[1] if legend else []
        if names:
            columns = 2 if max(map(len, names)) > 10 else 3  # three short names fit in a row
            figure.legend(loc="outside upper left", ncols=min(columns, len(names)))
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return _as_inline(stream.getvalue(), ident, title, description)


def _require_identifier(ident: str) -> None:
    if not re.fullmatch(r"[\w-]+", ident, re.ASCII):
        raise ValueError(f"{ident!r} is no identifier of a plot")


def _box(
    size: tuple[int, int], margins: tuple[int, int, int, int]
) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of the axes, as shares of the figure."""
    (width, height), (top, right, bottom, left) = size, margins
    wide, high = width - left - right, height - top - bottom
    return left / width, bottom / height, wide / width, high / height


_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text
    "font.size": 11,  # px
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same widths on every machine
    "text.color": COLOURS["ink"],
    "axes.edgecolor": COLOURS["hatch-line"],
    "axes.labelcolor": COLOURS["soft"],
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": COLOURS["hatch-line"],
    "ytick.color": COLOURS["hatch-line"],
    "xtick.labelcolor": COLOURS["soft"],
    "ytick.labelcolor": COLOURS["soft"],
    "legend.frameon": False,
    "path.simplify": False,  # what is simplified depends on the machine's arithmetic
}


def _as_inline(text: str, ident: str, title: str, description: str) -> Markup:
    """The SVG of a file as an element of a page whose policy allows no style in it."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*</defs>", "", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'style="([^"]*)"', _attributes, text)
    for name, colour in COLOURS.items():
        text = text.replace(f'"{colour}"', f'"var(--{name})"')
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)  # turns nothing
    text = re.sub(r"\s+", " ", text).replace(" />", "/>").replace("> <", "><")
    box = re.search(r'viewBox="[^"]*"', text)
    if box is None or "#0102" in text:
        raise ValueError(f"plot {ident}: matplotlib wrote an SVG that is not understood")
    head = (
        f'<svg class="plot" role="img" {box[0]} aria-labelledby="{ident}-title {ident}-desc" '
        f'stroke-linejoin="round"><title id="{ident}-title">{escape(title)}</title>'
        f'<desc id="{ident}-desc">{escape(description)}</desc>'
    )
    return Markup(head + text[text.index(">") + 1 :].rstrip())  # noqa: S704  # escaped, as matplotlib does


def _attributes(style: re.Match[str]) -> str:
    """The declarations of a ``style`` as attributes; the family of letters is the page's own."""
    attributes = []
    for declaration in filter(None, (part.strip() for part in style[1].split(";"))):
        name, _, value = declaration.partition(":")
        if name != "font-family":
            attributes.append(f'{name}="{value.strip()}"')
    return " ".join(attributes)
