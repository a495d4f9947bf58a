"""What terminals send and prompt_toolkit does not know and would type as text.

Keys in the form `CSI code ; modifier u`: some terminals send it when they were set up to, mostly for
Shift-Enter and Ctrl-Enter. And that the window has gained or lost the focus. Nothing here asks a terminal to.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from prompt_toolkit.input import Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from ollama_chat_tui.terminal.focus import REPORTS, Focus

_CSI_U = re.compile(r"\x1b\[(\d{1,7})(?:;(\d{1,3}))?u|\x1b\[27;(\d{1,3});(\d{1,7})~")
_SHIFT, _ALT, _CONTROL = 1, 2, 4
_ENTER, _TAB, _SPACE = 13, 9, 32
_PLAIN = {_ENTER: Keys.ControlM, 27: Keys.Escape, 127: Keys.ControlH}


class TerminalParser(Vt100Parser):
    """A parser that knows both; Enter with Shift or Control is Enter, told apart by its data.

    What is told of the focus is noted and is no key press, for one would cut a key of several in two.
    """

    def __init__(self, feed_key_callback: Callable[[KeyPress], None], focus: Focus) -> None:
        super().__init__(feed_key_callback)
        self._focus = focus

    def _get_match(self, prefix: str) -> Keys | tuple[Keys, ...] | None:
        if prefix in REPORTS:
            return Keys.Ignore
        found = _CSI_U.fullmatch(prefix)
        if not found:
            return super()._get_match(prefix)
        code, modifier = int(found[1] or found[4]), int(found[2] or found[3] or 1)
        key = _key(code, modifier - 1)
        return (Keys.Escape, key) if (modifier - 1) & _ALT and key is not Keys.Ignore else key

    def _call_handler(self, key: str | Keys | tuple[Keys, ...], insert_text: str) -> None:
        if insert_text in REPORTS:
            self._focus.is_here = REPORTS[insert_text]
        else:
            super()._call_handler(key, insert_text)


def parse_terminal(keys: Input, focus: Focus) -> None:
    """Make `keys` understand both, where it reads a terminal."""
    if sys.platform == "win32":  # prompt_toolkit has no such input there
        return
    from prompt_toolkit.input.vt100 import Vt100Input

    if isinstance(keys, Vt100Input):
        keys.vt100_parser = TerminalParser(keys.vt100_parser.feed_key_callback, focus)


def _key(code: int, modifiers: int) -> Keys:
    if code in _PLAIN:
        return _PLAIN[code]
    if code == _TAB:
        return Keys.BackTab if modifiers & _SHIFT else Keys.ControlI
    if modifiers & _CONTROL and code == _SPACE:
        return Keys.ControlAt
    if modifiers & _CONTROL and "a" <= chr(min(code, 127)).lower() <= "z":
        return Keys(f"c-{chr(code).lower()}")
    return Keys.Ignore
