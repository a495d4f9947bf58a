"""What stands in the prompt and what it says: folded pastes opened, the marks of blocks gone.

Keeps the marks of pastes whole while the buffer is edited, by whatever key.
"""

from __future__ import annotations

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from ollama_chat_tui.terminal import block
from ollama_chat_tui.terminal.history import PromptHistory
from ollama_chat_tui.terminal.paste import Pastes


class Draft:
    """The text being written in a buffer."""

    def __init__(self, buffer: Buffer, pastes: Pastes, history: PromptHistory) -> None:
        self.buffer = buffer
        self._pastes = pastes
        self._history = history
        self._is_mending = False
        self._text = ""
        self._index = self._cursor = 0
        buffer.on_text_changed += self._mend
        buffer.on_cursor_position_changed += self._step_over_mark

    def note_state(self) -> None:
        """Remember what stands there before a key; to be called before each."""
        self._text, self._index = self.buffer.text, self.buffer.working_index
        self._cursor = self.buffer.cursor_position

    def whole(self) -> str:
        """What is sent."""
        text = self.buffer.text
        return self._pastes.expand(block.without_marks(text, self._marks_of(text)))

    def plain(self) -> str:
        """What is edited elsewhere: as `whole`, and without the mark of a block still open."""
        text = self.buffer.text
        return self._pastes.expand(block.without_marks(text, self._marks_of(text), also_open=True))

    @property
    def is_in_block(self) -> bool:
        """Whether a block was opened and not closed."""
        return block.is_open(self._marks_of(self.buffer.text))

    @property
    def has_pastes(self) -> bool:
        """Whether a folded paste stands in the text."""
        return bool(self._pastes.spans(self.buffer.text))

    @property
    def ends_in_backslash(self) -> bool:
        """Whether the cursor stands behind a backslash that ends the text and is no doubled one."""
        text = self.buffer.text
        return self.buffer.document.is_cursor_at_the_end and (len(text) - len(text.rstrip("\\"))) % 2 == 1

    def replace(self, text: str) -> None:
        """Put another text there, as it is: what stood there can be had back with undo."""
        self.buffer.save_to_undo_stack()
        self._pastes.keep_verbatim(text)
        folded = self._pastes.fold(text)
        self._text = ""  # nothing of the old text is torn
        self.buffer.document = Document(folded, len(folded))

    def insert_paste(self, data: str) -> None:
        """Insert pasted text, folded when it is long; a selection is replaced."""
        if self.buffer.selection_state:
            self.buffer.cut_selection()
        self.buffer.insert_text(self._pastes.take(data))

    def open_paste(self) -> None:
        """Replace the mark at the cursor, else the last one, by the pasted text."""
        text = self.buffer.text
        span = self._pastes.nearest(text, self.buffer.cursor_position)
        if span is None:
            return
        start, end = span
        content = self._pastes.content(text[start:end])
        self._pastes.keep_verbatim(content)
        self._text = ""  # the mark goes on purpose
        self.buffer.document = Document(text[:start] + content + text[end:], start + len(content))

    def _marks_of(self, text: str) -> str:
        if text in self._history:  # an earlier question is sent again as it was
            return text.replace('"', "\0")
        return self._pastes.hide_quotes(text)

    def _mend(self, buffer: Buffer) -> None:
        if self._is_mending:
            return
        came_from_history = buffer.working_index != self._index
        mended = None if came_from_history else self._mended(buffer)
        if mended:
            self._is_mending = True
            try:
                buffer.document = Document(self._text, self._cursor)
                buffer.save_to_undo_stack()  # repeated keys are undone together, but a paste comes back alone
                buffer.document = Document(*mended)
            finally:
                self._is_mending = False
        self._text, self._index = buffer.text, buffer.working_index

    def _mended(self, buffer: Buffer) -> tuple[str, int] | None:
        return self._pastes.mend(self._text, buffer.text, buffer.cursor_position)

    def _step_over_mark(self, buffer: Buffer) -> None:
        if self._is_mending:
            return
        position, before = buffer.cursor_position, self._cursor
        self._cursor = position
        for start, end in self._pastes.spans(buffer.text):
            if start < position < end:
                buffer.cursor_position = end if position > before else start
