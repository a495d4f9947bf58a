"""How a command of the shell ends: an exit code, and when it failed a sentence on standard error."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, NoReturn

from typer import Exit

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ChatError, Defect, ExitCode


def finish(
    environment: Environment, work: Coroutine[Any, Any, ExitCode | None], *, is_debugging: bool
) -> NoReturn:
    """Run to the end and leave with an exit code; a traceback only for those who debug."""
    try:
        code = asyncio.run(work) or ExitCode.OK
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), environment.stdout.fileno())
        code = ExitCode.OK
    except Exception as exc:
        if is_debugging:
            raise
        error = exc if isinstance(exc, ChatError) else Defect.of(exc)
        from ollama_chat_tui.terminal.notices import Notices

        Notices(environment.stderr, environment.variables).complain(error)
        code = error.exit_code
    raise Exit(code)
