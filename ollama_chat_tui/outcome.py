"""How a command of the shell ends: an exit code, and when it failed a sentence on standard error."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ChatError, Defect, ExitCode
from ollama_chat_tui.terminal.early_prompt import EarlyPrompt

Work = Coroutine[Any, Any, ExitCode | None]


def finish(
    start: Callable[[Environment], Work], *, is_debugging: bool, early: EarlyPrompt | None = None
) -> NoReturn:
    """Run to the end in an event loop, and leave as `leave` does."""
    leave(lambda environment: asyncio.run(start(environment)), is_debugging=is_debugging, early=early)


def leave(
    work: Callable[[Environment], ExitCode | None], *, is_debugging: bool, early: EarlyPrompt | None = None
) -> NoReturn:
    """Do the work and leave with an exit code; a traceback only for those who debug.

    `early` is what may still stand on the screen; an error does not stand beside it.
    """
    try:
        code = work(Environment.of_process()) or ExitCode.OK
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        code = ExitCode.OK  # the reader of a pipe has seen enough
    except Exception as exc:
        if early:
            early.close()
        if is_debugging:
            raise
        error = exc if isinstance(exc, ChatError) else Defect.of(exc)
        complain(error)
        code = error.exit_code
    _put_away_stdout()
    sys.exit(code)


def complain(error: ChatError) -> None:
    """Say on standard error what went wrong, if there is one."""
    from ollama_chat_tui.terminal.notices import Notices

    if sys.stderr is not None:
        Notices(sys.stderr, os.environ).complain(error)


def _put_away_stdout() -> None:
    """Drop what cannot be written: Python would complain of it once more at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
