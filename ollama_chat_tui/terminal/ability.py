"""What the terminal can do, by what it says of itself in the environment; nothing is asked of it.

Runs before anything is imported, so it needs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

_WITHOUT_A_CURSOR = frozenset({"dumb", "unknown", "emacs"})
# The first version that shows hyperlinks, or at least swallows them, by TERM_PROGRAM. Within tmux that
# variable is tmux's own since 3.2, whatever is outside.
_LINKS_SINCE: Mapping[str, tuple[int, ...]] = {
    "ghostty": (),
    "iTerm.app": (3, 1),
    "tmux": (3, 4),
    "vscode": (1, 72),
    "WezTerm": (),
}
_VTE_WITH_LINKS = 5000
_TERMS_WITH_LINKS = ("xterm-kitty", "xterm-ghostty", "foot", "wezterm")
_MARKS_OF_TERMINALS_WITH_LINKS = ("KITTY_WINDOW_ID", "WEZTERM_PANE", "WT_SESSION")


def is_dumb(variables: Mapping[str, str]) -> bool:
    """Whether the cursor cannot be placed, so that text can only follow text."""
    return variables.get("TERM", "").lower() in _WITHOUT_A_CURSOR


def has_hyperlinks(variables: Mapping[str, str]) -> bool:
    """Whether OSC 8 is known to be understood; where it is not, the addresses stand there anyway."""
    term = variables.get("TERM", "")
    program, version = variables.get("TERM_PROGRAM", ""), variables.get("TERM_PROGRAM_VERSION", "")
    if is_dumb(variables) or variables.get("STY"):
        return False
    if variables.get("TMUX") or term.startswith(("tmux", "screen")):
        return program == "tmux" and _is_since(version, _LINKS_SINCE["tmux"])
    if term.startswith(_TERMS_WITH_LINKS) or any(map(variables.get, _MARKS_OF_TERMINALS_WITH_LINKS)):
        return True
    if program in _LINKS_SINCE:
        return _is_since(version, _LINKS_SINCE[program])
    vte = variables.get("VTE_VERSION", "")
    return vte.isdecimal() and int(vte) >= _VTE_WITH_LINKS


def _is_since(version: str, first: tuple[int, ...]) -> bool:
    import re  # the mark of the prompt does not wait for it

    return tuple(map(int, re.findall(r"\d+", version))) >= first
