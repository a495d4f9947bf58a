"""How keys are written: in the configuration, for prompt_toolkit, and for people. Knows no action."""

from __future__ import annotations

import re
from difflib import get_close_matches

from prompt_toolkit.keys import ALL_KEYS, KEY_ALIASES

from ollama_chat_tui.errors import UsageError

Keys = tuple[str, ...]
"""One key after the other in prompt_toolkit's names; Alt is an `escape` before the key."""

_MODIFIER = re.compile(r"(c|ctrl|control|s|shift|a|alt|m|meta|option)-(?=.)", re.IGNORECASE)
_MODIFIERS = {"control": "c", "ctrl": "c", "shift": "s", "a": "a", "alt": "a", "m": "a", "meta": "a"}
_SYNONYMS = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "page-up": "pageup",
    "pgdn": "pagedown",
    "page-down": "pagedown",
}
_NAMED = {key for key in ALL_KEYS if not key.startswith("<")} | {"enter", "tab", "backspace", "space"}
MODIFIED_ENTER = {"s-enter": 2, "c-enter": 5, "c-s-enter": 6}
"""Keys that prompt_toolkit has no name for, and their modifier in what terminals send."""
_PRETTY = {
    "c-m": "Enter",
    "c-i": "Tab",
    "c-h": "Backspace",
    "c-@": "Ctrl-Space",
    "s-tab": "Shift-Tab",
    " ": "Space",
    "escape": "Esc",
    "pageup": "PageUp",
    "pagedown": "PageDown",
}


def parse_keys(text: str) -> Keys:
    """Read keys such as `ctrl-x ctrl-e`, `alt-enter`, `s-left` or `f2`.

    Raises:
        UsageError: a word of it is no key; the hint has the nearest.
    """
    keys = tuple(key for word in text.split() for key in _parse_key(word))
    if not keys:
        raise UsageError("A key is empty.", "Write it like ctrl-x, alt-enter or f2.")
    return keys


def _parse_key(word: str) -> Keys:
    modifiers = set()
    rest = word
    while found := _MODIFIER.match(rest):
        name = found[1].lower()
        modifiers.add(_MODIFIERS.get(name, name[0]))
        rest = rest[found.end() :]
    name = rest if len(rest) == 1 else _SYNONYMS.get(rest.lower(), rest.lower())
    alt = ("escape",) if modifiers & {"a", "o"} else ()
    key = _with_modifiers(name, "c" in modifiers, "s" in modifiers)
    if key is None:
        raise UsageError(f"There is no key “{word}”.", _nearest(word))
    return (*alt, key)


def _with_modifiers(name: str, ctrl: bool, shift: bool) -> str | None:
    if len(name) == 1 and not ctrl:
        return name.upper() if shift else name
    if name == "space" and not ctrl:
        return " "
    full = ("c-" if ctrl else "") + ("s-" if shift else "") + (name.lower() if ctrl else name)
    full = {"c-space": "c-@", "c-/": "c-_"}.get(full, full)  # terminals send the same for Ctrl-/ and Ctrl-_
    if full in MODIFIED_ENTER:
        return full
    full = KEY_ALIASES.get(full, full)
    return full if full in _NAMED else None


def _nearest(word: str) -> str:
    spellings = {key.replace("c-", "ctrl-").replace("s-", "shift-") for key in _NAMED} | _NAMED
    spellings |= {f"alt-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"} | {"alt-enter", *MODIFIED_ENTER}
    near = get_close_matches(word.lower(), sorted(spellings), n=2)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return "Keys are written like ctrl-x, alt-enter, shift-left or f2."


def pretty(keys: Keys) -> str:
    """The keys as people write them: `Ctrl-X Ctrl-E`, `Alt-Enter`."""
    words: list[str] = []
    is_alt = False
    for index, key in enumerate(keys):
        if key == "escape" and index + 1 < len(keys) and not is_alt:
            is_alt = True
            continue
        words.append(("Alt-" if is_alt else "") + _pretty_key(key))
        is_alt = False
    return " ".join(words)


def _pretty_key(key: str) -> str:
    if key in _PRETTY:
        return _PRETTY[key]
    if len(key) == 1:
        return key.upper() if key.islower() else key
    *modifiers, name = key.split("-") if not key.endswith("-") else [*key[:-2].split("-"), "-"]
    names = {"c": "Ctrl", "s": "Shift"}
    return "-".join(
        [*(names[each] for each in modifiers), name.capitalize() if len(name) > 1 else name.upper()]
    )


def modified_enter_data(keys: Keys) -> tuple[str, ...]:
    """What tells an Enter with these modifiers from Enter: the data it comes with; empty for other keys."""
    modifier = MODIFIED_ENTER.get(keys[0]) if len(keys) == 1 else None
    return (f"\x1b[13;{modifier}u", f"\x1b[27;{modifier};13~") if modifier else ()
