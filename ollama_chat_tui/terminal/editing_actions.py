"""What the editing keys do: readline's commands by prompt_toolkit, joined with selections by Shift."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.key_binding import KeyPressEvent
from prompt_toolkit.key_binding.bindings import search
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.key_binding.key_bindings import Binding
from prompt_toolkit.selection import SelectionState

Handler = Callable[[KeyPressEvent], None]

_MOVES = {
    "backward-char": "backward-char",
    "forward-char": "forward-char",
    "backward-word": "backward-word",
    "forward-word": "forward-word",
    "line-start": "beginning-of-line",
    "line-end": "end-of-line",
    "text-start": "beginning-of-buffer",
    "text-end": "end-of-buffer",
    "previous-entry": "previous-history",
    "next-entry": "next-history",
    "first-entry": "beginning-of-history",
    "last-entry": "end-of-history",
    "clear-screen": "clear-screen",
}
_EDITS = {
    "last-word-of-entry": "yank-last-arg",
    "delete-backward": "backward-delete-char",
    "delete-forward": "delete-char",
    "kill-line": "kill-line",
    "kill-line-backward": "unix-line-discard",
    "kill-word": "kill-word",
    "kill-word-backward": "backward-kill-word",
    "cut": "unix-word-rubout",
    "yank": "yank",
    "yank-older": "yank-pop",
    "transpose": "transpose-chars",
    "capitalize": "capitalize-word",
    "lower-case": "downcase-word",
    "upper-case": "uppercase-word",
    "insert-key": "quoted-insert",
}
_SELECTING = {
    "select-left": "backward-char",
    "select-right": "forward-char",
    "select-line-start": "line-start",
    "select-line-end": "line-end",
    "select-word-left": "backward-word",
    "select-word-right": "forward-word",
    "select-text-start": "text-start",
    "select-text-end": "text-end",
    "select-up": "up",
    "select-down": "down",
}
_REPLACE_SELECTION = frozenset({"yank", "last-word-of-entry"})
_DELETE_SELECTION = frozenset({"delete-backward", "delete-forward"})


def moving_handlers() -> dict[str, Handler]:
    """Handlers that move the cursor and so end a selection made with Shift."""
    moves: dict[str, Handler] = {name: _readline(command) for name, command in _MOVES.items()}
    moves |= {"up": _up, "down": _down, "line-up": _up, "line-down": _down}
    selecting = {name: _select(moves[move]) for name, move in _SELECTING.items()}
    return (
        {name: _after_selection(move) for name, move in moves.items()}
        | selecting
        | {"select": _start_selection}
    )


def editing_handlers() -> dict[str, Handler]:
    """Handlers that change the text."""
    edits = {name: _edit(name, _readline(command)) for name, command in _EDITS.items()}
    return edits | {"undo": _undo, "redo": _redo, "copy": _copy}


def search_bindings() -> dict[str, Binding]:
    """What searching does, with prompt_toolkit's own conditions."""
    return {
        "search-history": search.start_reverse_incremental_search,
        "search-forward": search.start_forward_incremental_search,
        "search-older": search.reverse_incremental_search,
        "search-newer": search.forward_incremental_search,
        "search-accept": search.accept_search,
        "search-abort": search.abort_search,
    }


def _readline(command: str) -> Handler:
    return get_by_name(command).call


def _after_selection(move: Handler) -> Handler:
    def handler(event: KeyPressEvent) -> None:
        """Move; a selection made with Shift ends."""
        selection = event.current_buffer.selection_state
        if selection and selection.shift_mode:
            event.current_buffer.exit_selection()
        move(event)

    return handler


def _select(move: Handler) -> Handler:
    def handler(event: KeyPressEvent) -> None:
        """Move, and select what lies between."""
        buffer = event.current_buffer
        if not buffer.selection_state:
            selection = SelectionState(buffer.cursor_position)
            selection.enter_shift_mode()
            buffer.selection_state = selection
        move(event)
        if (
            buffer.selection_state
            and buffer.selection_state.original_cursor_position == buffer.cursor_position
        ):
            buffer.exit_selection()

    return handler


def _edit(name: str, edit: Handler) -> Handler:
    def handler(event: KeyPressEvent) -> None:
        """Edit; a selection is deleted, cut or replaced."""
        buffer = event.current_buffer
        selection = buffer.selection_state
        if selection and name == "cut":
            event.app.clipboard.set_data(buffer.cut_selection())
            return
        if selection and (name in _DELETE_SELECTION or (selection.shift_mode and name in _REPLACE_SELECTION)):
            buffer.cut_selection()
        if not (selection and name in _DELETE_SELECTION):
            edit(event)

    return handler


def _up(event: KeyPressEvent) -> None:
    """Go a line up, in the first line to the entry before that begins like the text before the cursor."""
    event.current_buffer.auto_up(count=event.arg)


def _down(event: KeyPressEvent) -> None:
    """Go a line down, in the last line to the entry after that begins like the text typed."""
    event.current_buffer.auto_down(count=event.arg)


def _start_selection(event: KeyPressEvent) -> None:
    """Start a selection at the cursor; moving makes it longer."""
    if event.current_buffer.text:
        event.current_buffer.start_selection()


def _copy(event: KeyPressEvent) -> None:
    """Copy the selection."""
    if event.current_buffer.selection_state:
        event.app.clipboard.set_data(event.current_buffer.copy_selection())


def _undo(event: KeyPressEvent) -> None:
    """Undo."""
    event.current_buffer.undo()


def _redo(event: KeyPressEvent) -> None:
    """Redo what was undone."""
    event.current_buffer.redo()
