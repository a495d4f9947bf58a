"""Every action of the prompt and its keys: bindings, `/keys` and the docs are made from this table.

Knows names and descriptions, not what an action does (that is `bindings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum

from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.terminal.key_names import Keys, parse_keys, pretty


class Context(StrEnum):
    """When an action's keys count; the same key may mean something else in another context."""

    LINE = "while typing"
    EMACS = "while typing, not in vi mode"
    SUGGESTION = "a suggestion stands behind the text"
    MENU = "the completion menu is open"
    SEARCH = "while searching the history"

    @property
    def room(self) -> Context:
        """The context whose keys must differ from this one's."""
        return Context.LINE if self is Context.EMACS else self


@dataclass(frozen=True)
class Action:
    """Something a key does. `keys` are its defaults, separated by commas."""

    name: str
    keys: str
    description: str
    context: Context = Context.LINE


@dataclass(frozen=True)
class KeyRow:
    """A row of `/keys`: keys as people write them."""

    action: str
    keys: tuple[str, ...]
    description: str
    context: str


_LINE_ACTIONS = (
    Action("send", "enter", "Send; after a backslash, or in an open block, make a line"),
    Action("new-line", "alt-enter, c-j, s-enter", "Make a new line"),
    Action("clear", "c-c", "Clear the line; on an empty line, twice leaves"),
    Action("leave", "c-d", "Leave when the line is empty, else delete the character under the cursor"),
    Action("clear-screen", "c-l", "Clear the screen"),
    Action("suspend", "c-z", "Suspend the program; fg brings it back"),
    Action("open-editor", "c-x c-e, c-g", "Edit the text in an external editor"),
    Action("paste", "c-v", "Attach the picture in the clipboard, or insert the text in it"),
    Action("open-paste", "c-o", "Open the folded paste at the cursor, or the last one"),
    Action("complete", "tab", "Complete, or take the next completion"),
    Action("complete-backward", "s-tab", "Take the completion before"),
    Action("up", "up", "Line up; in the first line, the entry before that begins like the text"),
    Action("down", "down", "Line down; in the last line, the entry after that begins like the text"),
    Action("previous-entry", "pageup, c-up", "The history entry before"),
    Action("next-entry", "pagedown, c-down", "The history entry after"),
    Action("search-history", "c-r", "Search the history backwards"),
)
_EMACS_ACTIONS = (
    Action("search-forward", "c-s", "Search the history forwards"),
    Action("line-up", "c-p", "The same as up"),
    Action("line-down", "c-n", "The same as down"),
    Action("first-entry", "alt-<", "The first history entry"),
    Action("last-entry", "alt->", "Back to what is being typed"),
    Action("last-word-of-entry", "alt-., alt-_", "Insert the last word of the entry before"),
    Action("undo", "c-_, c-x c-u", "Undo"),
    Action("redo", "alt-/, c-x c-r", "Redo what was undone"),
    Action("backward-char", "left, c-b", "One character left"),
    Action("forward-char", "right, c-f", "One character right"),
    Action("backward-word", "alt-b, c-left, alt-left", "One word left"),
    Action("forward-word", "alt-f, c-right, alt-right", "One word right"),
    Action("line-start", "home, c-a", "To the start of the line"),
    Action("line-end", "end, c-e", "To the end of the line"),
    Action("text-start", "c-home", "To the start of the text"),
    Action("text-end", "c-end", "To the end of the text"),
    Action("delete-backward", "backspace", "Delete the character before the cursor, or the selection"),
    Action("delete-forward", "delete", "Delete the character under the cursor, or the selection"),
    Action("kill-line", "c-k", "Cut to the end of the line"),
    Action("kill-line-backward", "c-u", "Cut to the start of the line"),
    Action("kill-word", "alt-d, c-delete", "Cut to the end of the word"),
    Action("kill-word-backward", "alt-backspace", "Cut to the start of the word"),
    Action("cut", "c-w", "Cut the selection, or the word before the cursor up to a blank"),
    Action("copy", "alt-w", "Copy the selection"),
    Action("yank", "c-y", "Insert what was cut last"),
    Action("yank-older", "alt-y", "After that: replace it by what was cut before"),
    Action("transpose", "c-t", "Swap two characters"),
    Action("capitalize", "alt-c", "Write the word with a capital"),
    Action("lower-case", "alt-l", "Write the word in small letters"),
    Action("upper-case", "alt-u", "Write the word in capitals"),
    Action("insert-key", "c-q", "Insert the next key as it is"),
    Action("select", "c-space", "Start a selection"),
    Action("select-left", "s-left", "Select one character left"),
    Action("select-right", "s-right", "Select one character right"),
    Action("select-up", "s-up", "Select one line up"),
    Action("select-down", "s-down", "Select one line down"),
    Action("select-line-start", "s-home", "Select to the start of the line"),
    Action("select-line-end", "s-end", "Select to the end of the line"),
    Action("select-word-left", "c-s-left", "Select one word left"),
    Action("select-word-right", "c-s-right", "Select one word right"),
    Action("select-text-start", "c-s-home", "Select to the start of the text"),
    Action("select-text-end", "c-s-end", "Select to the end of the text"),
)
_OTHER_ACTIONS = (
    Action("accept-suggestion", "right, end, c-e, c-f", "Take the grey suggestion", Context.SUGGESTION),
    Action("accept-word", "alt-f, c-right", "Take one word of the suggestion", Context.SUGGESTION),
    Action("accept-completion", "enter", "Take the chosen completion, without sending", Context.MENU),
    Action("close-menu", "escape", "Close the menu and undo the completion", Context.MENU),
    Action("search-older", "c-r, up", "The match before", Context.SEARCH),
    Action("search-newer", "c-s, down", "The match after", Context.SEARCH),
    Action("search-accept", "enter, escape", "Take the match into the prompt", Context.SEARCH),
    Action("search-abort", "c-c, c-g", "Back to what was being typed", Context.SEARCH),
)
ACTIONS: tuple[Action, ...] = (
    *_LINE_ACTIONS,
    *(replace(action, context=Context.EMACS) for action in _EMACS_ACTIONS),
    *_OTHER_ACTIONS,
)
_NEEDED = frozenset({"send", "new-line", "leave"})
_TURNED_ROUND = {"send": "c-enter, alt-enter", "new-line": "enter, c-j, s-enter"}


class Keymap:
    """The keys in force: the defaults, changed by the user."""

    def __init__(
        self, changes: Mapping[str, str | Sequence[str]] | None = None, *, enter_makes_line: bool = False
    ) -> None:
        """Put `changes` over the defaults: action → keys (`ctrl-x ctrl-e`), several of them, or none.

        Raises:
            UsageError: there is no such action or key, two actions want the same keys, or one that is needed
                has none.
        """
        self._keys: dict[str, tuple[Keys, ...]] = {}
        turned = _TURNED_ROUND if enter_makes_line else {}
        self._defaults = {each.name: _split(turned.get(each.name, each.keys)) for each in ACTIONS}
        for name, keys in (changes or {}).items():
            if name not in self._defaults:
                raise UsageError(f"There is no action “{name}” to give keys to.", _nearest_action(name))
            self._keys[name] = _parse(name, [keys] if isinstance(keys, str) else keys)
        self._keys = {**self._defaults, **self._keys}
        for name in sorted(_NEEDED):
            if not self._keys[name]:
                raise UsageError(f"The action “{name}” needs a key.")
        _refuse_conflicts(self._keys)

    def keys(self, action: str) -> tuple[Keys, ...]:
        """The keys of an action."""
        return self._keys[action]

    def freed(self, context: Context) -> Iterator[Keys]:
        """Keys that are defaults in `context` and now do nothing there."""
        taken = {
            keys for each in ACTIONS if each.context.room is context.room for keys in self._keys[each.name]
        }
        for each in ACTIONS:
            if each.context is context:
                yield from (keys for keys in self._defaults[each.name] if keys not in taken)

    def rows(self) -> list[KeyRow]:
        """What `/keys` and the docs show, in the table's order."""
        return [
            KeyRow(each.name, tuple(map(pretty, self._keys[each.name])), each.description, each.context.value)
            for each in ACTIONS
        ]


def _split(keys: str) -> tuple[Keys, ...]:
    return tuple(parse_keys(each) for each in keys.split(", "))


def _parse(name: str, keys: Sequence[str]) -> tuple[Keys, ...]:
    parsed = tuple(dict.fromkeys(map(parse_keys, keys)))
    for each in parsed:
        if len(each[0]) == 1:
            raise UsageError(
                f"The action “{name}” cannot have the key “{each[0]}”: it could no longer be typed.",
                f"Did you mean ctrl-{each[0]} or alt-{each[0]}?",
            )
    return parsed


def _refuse_conflicts(keys: Mapping[str, tuple[Keys, ...]]) -> None:
    owners: dict[tuple[Context, Keys], str] = {}
    for action in ACTIONS:
        for each in keys[action.name]:
            owner = owners.setdefault((action.context.room, each), action.name)
            if owner != action.name:
                raise UsageError(
                    f"{pretty(each)} cannot be both “{owner}” and “{action.name}”.",
                    f"Give “{owner}” another key as well, or none: [].",
                )
    for (context, each), name in owners.items():
        for length in range(1, len(each)):
            if shorter := owners.get((context, each[:length])):
                raise UsageError(
                    f"{pretty(each)} (“{name}”) begins with {pretty(each[:length])}, which is “{shorter}”.",
                    "Give one of them another key.",
                )


def _nearest_action(name: str) -> str:
    near = get_close_matches(name, [each.name for each in ACTIONS], n=2)
    return f"Did you mean {' or '.join(near)}?" if near else "See /keys."
