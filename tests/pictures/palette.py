"""The colours of the terminals in the pictures, as SVG names them."""

from __future__ import annotations

from dataclasses import dataclass

DIMNESS = 0.4
_ANSI = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True)
class Palette:
    """What one terminal has; `ansi` holds the eight colours and the eight bright ones."""

    background: str
    foreground: str
    frame: str
    ansi: str

    def colour(self, name: str, default: str) -> str:
        """What one of pyte's colours looks like."""
        if name == "default":
            return default
        names = [*_ANSI, *(f"bright{each}" for each in _ANSI)]
        return f"#{self.ansi.split()[names.index(name)] if name in names else name}"


PALETTES = {
    "dark": Palette(
        "#1b1d23", "#d7dae0", "#2a2d35",
        "3b4048 e8707a 98c379 d7af5f 6fb0f0 c98fe0 5fc4ce c8ccd4"
        " 8a919e ff8f98 b5e08f f0cf7f 8fc7ff e0b0f5 80dde6 ffffff",
    ),
    "light": Palette(
        "#ffffff", "#24292f", "#e8eaed",
        "24292f c02030 1a7f37 875f00 0550ae 8250df 1b7c83 6e7781"
        " 57606a a40e26 2da44e 9a6700 0969da a475f9 3192aa 8c959f",
    ),
}  # fmt: skip


def mixed(ink: str, paper: str) -> str:
    """What dim ink looks like on a paper."""
    pairs = [(int(ink[at : at + 2], 16), int(paper[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * DIMNESS):02x}" for a, b in pairs)
