"""The order in which a chat begins: the prompt stands, and what is behind it is imported while one types.

Everything heavy comes after the prompt. What must be known before is looked up first: the configuration
where there is one, and whether the embedded model has to be fetched, which is a question of its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from ollama_chat_tui.environment import CONFIG_DIR_VARIABLE, DATA_DIR_VARIABLE, Environment
from ollama_chat_tui.errors import NotInteractive
from ollama_chat_tui.flags import Flags
from ollama_chat_tui.haste import end_haste
from ollama_chat_tui.interrupt import ended_by_ctrl_c, ended_in_order
from ollama_chat_tui.outcome import finish
from ollama_chat_tui.standing import stand
from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.early_prompt import EarlyPrompt

if TYPE_CHECKING:
    from ollama_chat_tui.preferences import Preferences

_BEHIND_THE_PROMPT = (
    "ollama_chat_tui.app",
    # What the first request would import in the event loop, where a key would have to wait for it.
    "ollama_chat_tui.backends.network",
    "ollama_chat_tui.backends.chunks",
    "anyio._backends._asyncio",
    "tomllib",
)


def open_chat(early: EarlyPrompt, flags: Flags, images: Sequence[str] = ()) -> NoReturn:
    """Chat, with `images` in the first message, and leave with an exit code."""
    finish(
        lambda environment: _chat(environment, early, flags, images), is_debugging=flags.debug, early=early
    )


async def _chat(environment: Environment, early: EarlyPrompt, flags: Flags, images: Sequence[str]) -> None:
    """Chat until the user leaves.

    Raises:
        NotInteractive: there is no terminal to chat in.
        ChatError: nothing can answer, there is no model, or what was configured makes no sense.
        KeyboardInterrupt: Ctrl-C before there was a chat.
    """
    if not environment.is_interactive:
        raise NotInteractive("The chat needs a terminal.", "In a script use `ollama-chat ask`.")
    with ended_in_order(), early, _plain_where_dumb(environment):
        early.keep_keys()
        is_configured = flags.no_history or flags.no_save or _is_configured(environment)
        preferences = flags.preferences(environment) if is_configured else None
        if _may_lack_model(environment, flags, preferences):
            early.wipe()
            preferences = preferences or flags.preferences(environment)
            with ended_by_ctrl_c():
                await _make_ready(environment, flags, preferences)
        await _stand_and_chat(environment, early, flags, preferences, images)


async def _stand_and_chat(
    environment: Environment,
    early: EarlyPrompt,
    flags: Flags,
    preferences: Preferences | None,
    images: Sequence[str],
) -> None:
    keys = early.take_keys()
    standing = stand(environment, preferences.config if preferences else None)
    standing.prompt.press_first(keys)
    early.give_way()
    try:
        await standing.prompt.begin()
        await asyncio.to_thread(_import_the_rest)
        from ollama_chat_tui.app import Beginning, run_chat

        preferences = preferences or flags.preferences(environment)
        wanted = flags.wanted(environment, preferences)
        end_haste()
        resume = "" if flags.continues else flags.resume or None
        beginning = Beginning(
            resume,
            is_private=flags.no_save,
            is_debugging=flags.debug,
            images=tuple(images),
            tools=flags.tools_given(),
        )
        await run_chat(environment, standing, wanted, preferences, beginning)
    finally:
        await standing.prompt.withdraw()


def _import_the_rest() -> None:
    for name in _BEHIND_THE_PROMPT:
        with suppress(ImportError):  # if it matters, it is said where it is used
            import_module(name)


def _is_configured(environment: Environment) -> bool:
    """Whether anything may be set that the prompt depends on; what else is set is read behind it."""
    directories = (CONFIG_DIR_VARIABLE, DATA_DIR_VARIABLE)
    # Unlike Path.exists this raises nothing: why a place cannot be looked into is said when it is read.
    return os.path.exists(environment.config_dir) or any(  # noqa: PTH110
        name.startswith("OLLAMA_CHAT_") and name not in directories for name in environment.variables
    )


def _may_lack_model(environment: Environment, flags: Flags, preferences: Preferences | None) -> bool:
    """Whether the embedded model is to answer and is not here, as far as can be told in no time.

    Whether what listens at Ollama's address is Ollama, is found out behind the prompt.
    """
    named = preferences.config.host if preferences else environment.variables.get("OLLAMA_HOST", "")
    if flags.host.strip() or named.strip() or flags.embedded_model:
        return False
    from ollama_chat_tui.first_run import lacks_weights, something_listens

    return (flags.embedded or flags.fetch or not something_listens()) and lacks_weights(environment)


async def _make_ready(environment: Environment, flags: Flags, preferences: Preferences) -> None:
    from ollama_chat_tui.startup import make_ready
    from ollama_chat_tui.terminal.notices import Notices

    notices = Notices(environment.stdout, environment.variables)
    await make_ready(environment, flags.wanted(environment, preferences), notices, may_fetch=flags.fetch)


def _plain_where_dumb(environment: Environment) -> AbstractContextManager[None]:
    if not is_dumb(environment.variables):
        return nullcontext()
    from ollama_chat_tui.terminal.plain import plain_prompts

    return plain_prompts(environment.stdout, environment.variables)
