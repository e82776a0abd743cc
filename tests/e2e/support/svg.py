# SPDX-License-Identifier: Apache-2.0
"""What stands on a terminal as a picture: SVG that needs nothing else.

It has its own background, so it is legible on a light page and on a dark one.
Each piece of a line is told its width, so that columns stand below each other
in whatever monospaced font there is.
"""

import re
from dataclasses import dataclass
from html import escape

_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace"
_SIZE, _ADVANCE, _LINE, _MARGIN = 14, 8.4, 20, 16
_BACKGROUND, _TEXT = "#161b22", "#e6edf3"
#: By the last digit of SGR 30 to 37 and 90 to 97.
_COLOURS = ["#8b949e", "#ff7b72", "#7ee787", "#f2cc60", "#79c0ff", "#d2a8ff",
            "#a5d6ff", "#e6edf3"]
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True)
class Style:
    """How it is written from here on."""

    colour: str = _TEXT
    bold: bool = False

    def after(self, code):
        """What tmux writes; a new code is an error, not another colour."""
        if code == 0:
            return Style()
        if code in (1, 22):
            return Style(self.colour, code == 1)
        if code == 39:
            return Style(_TEXT, self.bold)
        if code // 10 in (3, 9) and code % 10 < 8:
            return Style(_COLOURS[code % 10], self.bold)
        raise ValueError(f"the picture does not know SGR {code}")


def pieces(screen):
    """(row, column, text, style) of a screen with its escape sequences."""
    style = Style()
    for row, line in enumerate(screen.splitlines()):
        column = 0
        # Text and codes take turns.
        for index, part in enumerate(_ESCAPE.split(line)):
            if index % 2:
                for code in part.split(";"):
                    style = style.after(int(code or 0))
            elif part:
                yield row, column, part, style
                column += len(part)


def draw(screen, title):
    """The picture, sized for the screen's text."""
    lines = [_ESCAPE.sub("", line) for line in screen.splitlines()]
    width = round(max(map(len, lines)) * _ADVANCE + 2 * _MARGIN)
    height = len(lines) * _LINE + 2 * _MARGIN
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" '
        f'fill="{_BACKGROUND}"/>',
        f'<g font-family="{_FONT}" font-size="{_SIZE}" '
        'xml:space="preserve" style="white-space:pre">']
    for row, column, text, style in pieces(screen):
        drawn.append(
            f'<text x="{_MARGIN + column * _ADVANCE:.1f}" '
            f'y="{_MARGIN + row * _LINE + _SIZE}" '
            f'textLength="{len(text) * _ADVANCE:.1f}" fill="{style.colour}"'
            + ' font-weight="bold"' * style.bold
            + f">{escape(text, quote=False)}</text>")
    return "\n".join([*drawn, "</g>", "</svg>", ""])
