"""A question with two answers."""

from __future__ import annotations

from prompt_toolkit import PromptSession
from prompt_toolkit.input import Input

from ollama_chat_tui.terminal.sanitize import sanitize_line


async def confirm(question: str, *, default: bool, keyboard: Input | None = None) -> bool:
    """Ask on the terminal; Enter alone takes the default, leaving the question is a no."""
    session: PromptSession[str] = PromptSession(input=keyboard)
    try:
        answer = await session.prompt_async(f"{sanitize_line(question)} {'[Y/n]' if default else '[y/N]'} ")
    except (EOFError, KeyboardInterrupt):
        return False
    return answer.strip().casefold() in (("", "y", "yes") if default else ("y", "yes"))
