"""How a picture can be shown on this terminal, by what it answered; where it said nothing, not at all."""

from __future__ import annotations

from enum import StrEnum

from ollama_chat_tui.terminal.query import Told
from ollama_chat_tui.terminal.theme import ColourDepth


class Graphics(StrEnum):
    """A way to show a picture."""

    KITTY = "kitty"
    SIXEL = "sixel"
    BLOCKS = "blocks"
    NONE = "none"


def best_graphics(told: Told, depth: ColourDepth) -> Graphics:
    """The best the terminal is known to have; it must have answered, and show colours."""
    if not told.is_answered:
        return Graphics.NONE
    if told.cell_px:  # without the size of a cell nobody knows how many rows a picture takes
        if told.has_kitty_graphics:
            return Graphics.KITTY
        if told.has_sixel:
            return Graphics.SIXEL
    return Graphics.BLOCKS if depth >= ColourDepth.ANSI_256 else Graphics.NONE
