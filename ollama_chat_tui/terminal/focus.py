"""Whether somebody looks at the window: terminals tell when it gains and loses the focus (DECSET 1004).

They send it as keys, so it is asked for only while somebody reads keys who knows them, as with pastes.
"""

from __future__ import annotations

from dataclasses import dataclass

from prompt_toolkit.output import Output

FOCUS_ON, FOCUS_OFF = "\x1b[?1004h", "\x1b[?1004l"
REPORTS = {"\x1b[I": True, "\x1b[O": False}


@dataclass
class Focus:
    """What the terminal told last; None until it has told anything, and many never do."""

    is_here: bool | None = None


def ask_for_focus(output: Output) -> None:
    """Ask for it whenever a prompt on `output` reads keys: at the moments in which it asks for pastes."""
    begin, end = output.enable_bracketed_paste, output.disable_bracketed_paste

    def begin_both() -> None:
        begin()
        output.write_raw(FOCUS_ON)

    def end_both() -> None:
        output.write_raw(FOCUS_OFF)
        end()

    output.enable_bracketed_paste = begin_both  # type: ignore[method-assign]
    output.disable_bracketed_paste = end_both  # type: ignore[method-assign]
