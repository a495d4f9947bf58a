"""Colours: what each role of a rendered text looks like, as SGR parameters.

A theme is built from explicit arguments; what the environment asks for is read by a pure function of a
mapping. Nothing here looks at a terminal. rich and pygments are imported when a theme is built, not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ollama_chat_tui.terminal.ability import is_dumb

if TYPE_CHECKING:
    from pygments.style import StyleMeta
    from pygments.token import _TokenType

ThemeName = Literal["dark", "light", "none"]


class ColourDepth(IntEnum):
    """How many colours the terminal can show; NONE keeps bold, italic and underline."""

    NONE = 0
    ANSI_16 = 16
    ANSI_256 = 256
    TRUECOLOR = 1 << 24


class Ink(NamedTuple):
    """The look of a piece of text: SGR parameters, and the address it opens."""

    sgr: str = ""
    link: str = ""

    def over(self, base: Ink) -> Ink:
        """Return this ink laid over another: later SGR parameters win, earlier attributes stay."""
        if not base.sgr:
            return self if self.link else Ink(self.sgr, base.link)
        return Ink(f"{base.sgr};{self.sgr}" if self.sgr else base.sgr, self.link or base.link)


PLAIN: Final = Ink()

_SHARED: Final = {
    "strong": "bold",
    "emphasis": "italic",
    "strike": "strike",
    "dim": "dim",
}
_ROLES: Final[Mapping[str, Mapping[str, str]]] = {
    "dark": {
        "heading1": "bold underline #7fd7ff",
        "heading2": "bold #7fd7ff",
        "heading3": "bold #9fc9e0",
        "heading4": "bold",
        "code": "#ffaf87",
        "link": "underline #87afff",
        "address": "#8a8a8a",
        "quote": "#af87d7",
        "marker": "#d7af5f",
        "rule": "#6c6c6c",
        "math": "#afd787",
        "good": "#87d787",
        "bad": "#ff8787",
    },
    "light": {
        "heading1": "bold underline #005f87",
        "heading2": "bold #005f87",
        "heading3": "bold #3a5f6f",
        "heading4": "bold",
        "code": "#a0380c",
        "link": "underline #0030b0",
        "address": "#6c6c6c",
        "quote": "#7040a0",
        "marker": "#875f00",
        "rule": "#8a8a8a",
        "math": "#3a6600",
        "good": "#006400",
        "bad": "#b00020",
    },
}
_CODE_STYLES: Final = {"dark": "monokai", "light": "default", "none": "bw"}


@dataclass(frozen=True)
class Theme:
    """The inks of one look; build it with `make_theme`."""

    name: ThemeName
    depth: ColourDepth
    code_style: str
    hyperlinks: bool = False
    roles: Mapping[str, Ink] = field(default_factory=dict)
    _code: dict[_TokenType, Ink] = field(default_factory=dict, repr=False, compare=False)

    def ink(self, role: str) -> Ink:
        """Return the ink of a role; a theme without attributes has only the plain one."""
        return self.roles.get(role, PLAIN)

    def code_ink(self, token: _TokenType) -> Ink:
        """Return the ink of a pygments token, looked up once for each type."""
        ink = self._code.get(token)
        if ink is None:
            ink = self._code[token] = _code_ink(_code_style(self.code_style), token, self)
        return ink


def theme_name(text: str) -> ThemeName:
    """The theme of that name; dark for every other text."""
    return text if text in ("light", "none") else "dark"  # type: ignore[return-value]


def make_theme(
    name: ThemeName,
    depth: ColourDepth = ColourDepth.TRUECOLOR,
    *,
    hyperlinks: bool = False,
    code_style: str | None = None,
) -> Theme:
    """Build a theme; "none" has neither colours nor attributes.

    `code_style` names a pygments style; an unknown one is answered with the theme's own.
    """
    style = code_style or _CODE_STYLES[name]
    if name == "none":
        return Theme(name, ColourDepth.NONE, style)
    roles = {role: Ink(_sgr(look, depth)) for role, look in {**_SHARED, **_ROLES[name]}.items()}
    if depth is ColourDepth.NONE:
        # Without colours code and addresses would be told from prose by nothing at all.
        roles["code"] = roles["strong"]
        roles["address"] = roles["rule"] = roles["dim"]
    try:
        _code_style(style)
    except LookupError:
        style = _CODE_STYLES[name]
    return Theme(name, depth, style, hyperlinks, roles)


def colour_depth(environ: Mapping[str, str]) -> ColourDepth:
    """Read from NO_COLOR, TERM and COLORTERM how many colours may be used."""
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR") or is_dumb(environ) or not (term or environ.get("WT_SESSION")):
        return ColourDepth.NONE
    is_true = environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or environ.get("WT_SESSION")
    if is_true or term.endswith("-direct"):
        return ColourDepth.TRUECOLOR
    if "256" in term or term.startswith(("xterm-kitty", "alacritty", "wezterm", "foot", "tmux")):
        return ColourDepth.ANSI_256
    return ColourDepth.ANSI_16


def _sgr(look: str, depth: ColourDepth) -> str:
    from rich.color import ColorSystem
    from rich.style import Style

    system = {
        ColourDepth.ANSI_256: ColorSystem.EIGHT_BIT,
        ColourDepth.TRUECOLOR: ColorSystem.TRUECOLOR,
    }.get(depth, ColorSystem.STANDARD)
    style = Style.parse(look)
    # rich renders a style only around a text, and remembers the codes of the first depth it was asked for:
    # so the attributes without the colour, then the colour by itself.
    rendered = style.without_color.render("x", color_system=system)
    codes = [rendered.partition("x")[0].removeprefix("\x1b[").removesuffix("m")]
    if style.color and depth is not ColourDepth.NONE:
        codes += style.color.downgrade(system).get_ansi_codes()
    return ";".join(code for code in codes if code)


def _code_style(name: str) -> StyleMeta:
    from pygments.styles import get_style_by_name
    from pygments.util import ClassNotFound

    try:
        return get_style_by_name(name)
    except ClassNotFound as exc:
        raise LookupError(name) from exc


def _code_ink(style: StyleMeta, token: _TokenType, theme: Theme) -> Ink:
    from pygments.token import Error

    if theme.name == "none" or token in Error:
        # Error is what a lexer says of half a line, or of a dialect it does not know: no cause for alarm.
        return PLAIN
    styled = {styled_token for styled_token, _ in style}
    while token not in styled:
        # Lexers make types of their own; each is a kind of one that every style knows.
        token = token.parent
    look = style.style_for_token(token)
    words = [word for word in ("bold", "italic", "underline") if look[word]]
    if look["color"]:
        words.append(f"#{look['color']}")
    return Ink(_sgr(" ".join(words), theme.depth)) if words else PLAIN
