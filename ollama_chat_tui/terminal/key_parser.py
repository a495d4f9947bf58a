"""Keys in the form `CSI code ; modifier u`, which prompt_toolkit does not know and would type as text.

Some terminals send it when they were set up to, mostly for Shift-Enter and Ctrl-Enter. Nothing here asks a
terminal to.
"""

from __future__ import annotations

import re
import sys

from prompt_toolkit.input import Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.keys import Keys

_CSI_U = re.compile(r"\x1b\[(\d{1,7})(?:;(\d{1,3}))?u|\x1b\[27;(\d{1,3});(\d{1,7})~")
_SHIFT, _ALT, _CONTROL = 1, 2, 4
_ENTER, _TAB, _SPACE = 13, 9, 32
_PLAIN = {_ENTER: Keys.ControlM, 27: Keys.Escape, 127: Keys.ControlH}


class ModifiedKeyParser(Vt100Parser):
    """A parser that knows that form; Enter with Shift or Control is Enter, told apart by its data."""

    def _get_match(self, prefix: str) -> Keys | tuple[Keys, ...] | None:
        found = _CSI_U.fullmatch(prefix)
        if not found:
            return super()._get_match(prefix)
        code, modifier = int(found[1] or found[4]), int(found[2] or found[3] or 1)
        key = _key(code, modifier - 1)
        return (Keys.Escape, key) if (modifier - 1) & _ALT and key is not Keys.Ignore else key


def parse_modified_keys(keys: Input) -> None:
    """Make `keys` understand that form, where it reads a terminal."""
    if sys.platform == "win32":  # prompt_toolkit has no such input there
        return
    from prompt_toolkit.input.vt100 import Vt100Input

    if isinstance(keys, Vt100Input):
        keys.vt100_parser = ModifiedKeyParser(keys.vt100_parser.feed_key_callback)


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
