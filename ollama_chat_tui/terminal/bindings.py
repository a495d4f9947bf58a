"""The keymap turned into prompt_toolkit's bindings: which handler, for which keys, when."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.application import get_app
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Condition,
    Filter,
    completion_is_selected,
    emacs_mode,
    has_completions,
    has_focus,
    is_searching,
    vi_insert_mode,
    vi_mode,
    vi_navigation_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.key_bindings import Binding
from prompt_toolkit.keys import Keys as Key

from ollama_chat_tui.terminal.draft import Draft
from ollama_chat_tui.terminal.editing_actions import (
    Handler,
    editing_handlers,
    moving_handlers,
    search_bindings,
)
from ollama_chat_tui.terminal.key_names import Keys, modified_enter_data
from ollama_chat_tui.terminal.keymap import ACTIONS, Action, Context, Keymap
from ollama_chat_tui.terminal.line_actions import LineActions

ALT_TIMEOUT_S = 1.0
"""How long Esc and a letter may lie apart to be Alt and the letter."""
VI_ESCAPE_TIMEOUT_S = 0.1
"""The same in vi mode, where Esc is a key of its own and Alt is only what a terminal sends at once."""

_EAGER = frozenset({("escape",), ("c-c",)})
"""Keys that act at once where longer ones begin with them, such as prompt_toolkit's Ctrl-C and `<`."""
_SENDING_UNSEEN: tuple[Keys, ...] = (("escape", "#"),)
"""prompt_toolkit's own keys that would send the text as it is drawn, with pastes folded."""


def load_prompt_bindings(keymap: Keymap, draft: Draft, line: LineActions) -> KeyBindings:
    """Every binding of the prompt; they stand over prompt_toolkit's own."""
    bindings = KeyBindings()
    contexts = _contexts()
    for keys in _SENDING_UNSEEN:
        _bind(bindings, keys, _nothing, contexts[Context.EMACS], _never)
    for context in (Context.LINE, Context.EMACS, Context.SEARCH):
        for keys in keymap.freed(context):
            _bind(bindings, keys, _nothing, contexts[context], _never)
    handlers = line_handlers(line) | moving_handlers() | editing_handlers() | search_bindings()
    conditions = _conditions(draft)
    unsaved = {*moving_handlers(), *search_bindings(), "undo", "redo"}
    bound = [(action, keys) for action in ACTIONS for keys in keymap.keys(action.name)]
    # The last that fits wins: Enter with a modifier is an Enter, so it must come after all of those.
    for action, keys in sorted(bound, key=lambda pair: bool(modified_enter_data(pair[1]))):
        filter_ = contexts[action.context] & conditions.get(action.name, Condition(lambda: True))
        saves = _never if action.name in unsaved else _unless_repeated if _repeats(action) else _always
        _bind(bindings, keys, handlers[action.name], filter_, saves)
    bindings.add(Key.BracketedPaste, filter=contexts[Context.LINE])(line.paste)
    bindings.add("<sigint>")(line.clear)
    bindings.add("c-r", filter=vi_navigation_mode, save_before=_never)(handlers["redo"])
    return bindings


def line_handlers(line: LineActions) -> dict[str, Handler | Binding]:
    """The handlers of the line by their action's name."""
    return {
        "send": line.send,
        "new-line": line.new_line,
        "clear": line.clear,
        "leave": line.leave,
        "suspend": line.suspend,
        "open-editor": line.open_editor,
        "paste": line.paste_clipboard,
        "open-paste": line.open_paste,
        "complete": line.complete,
        "complete-backward": line.complete_backward,
        "accept-completion": line.accept_completion,
        "close-menu": line.close_menu,
        "accept-suggestion": line.accept_suggestion,
        "accept-word": line.accept_word,
    }


def quicken_escape(_: object) -> None:
    """After each key: let a lone Esc count soon in vi mode, and keep the time for Alt and for `g g`."""
    app = get_app()
    is_escape = [press.key for press in app.key_processor.key_buffer] == ["escape"]
    app.timeoutlen = VI_ESCAPE_TIMEOUT_S if is_escape and vi_mode() else ALT_TIMEOUT_S


def _contexts() -> dict[Context, Filter]:
    line = has_focus(DEFAULT_BUFFER)
    return {
        Context.LINE: line,
        Context.EMACS: line & emacs_mode,
        Context.SUGGESTION: line & _has_suggestion & (emacs_mode | vi_insert_mode),
        Context.MENU: line & has_completions,
        Context.SEARCH: is_searching,
    }


def _conditions(draft: Draft) -> dict[str, Filter]:
    """What an action needs beside its context."""
    typing = emacs_mode | vi_insert_mode
    return {
        "open-paste": emacs_mode
        | Condition(lambda: draft.has_pastes),  # in vi mode Ctrl-O has a use of its own
        "paste": typing,
        "search-history": ~vi_navigation_mode,
        "complete": typing,
        "complete-backward": typing,
        "accept-completion": completion_is_selected,
        "close-menu": emacs_mode,
    }


def _bind(
    bindings: KeyBindings,
    keys: Keys,
    handler: Handler | Binding,
    filter_: Filter,
    saves: Callable[[KeyPressEvent], bool],
) -> None:
    if data := modified_enter_data(keys):
        filter_, keys = filter_ & _last_key_was(data), ("enter",)
    bindings.add(*keys, filter=filter_, save_before=saves, eager=keys in _EAGER)(handler)


def _last_key_was(data: tuple[str, ...]) -> Filter:
    return Condition(lambda: any(press.data in data for press in get_app().key_processor.key_buffer[-1:]))


@Condition
def _has_suggestion() -> bool:
    buffer = get_app().current_buffer
    return bool(buffer.suggestion and buffer.document.is_cursor_at_the_end)


def _repeats(action: Action) -> bool:
    return action.name in {"delete-backward", "delete-forward"}


def _nothing(_: KeyPressEvent) -> None:
    """Do nothing: the user took this key away."""


def _always(_: KeyPressEvent) -> bool:
    return True


def _never(_: KeyPressEvent) -> bool:
    return False


def _unless_repeated(event: KeyPressEvent) -> bool:
    return not event.is_repeat
