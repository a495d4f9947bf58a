"""The chat: joins everything to the prompt that stands, then reads, runs and shows until the user leaves.

The composition root of what is behind the prompt. Decides who knows whom, and nothing else: a turn is the
engine's business, keys are the terminal's, commands are their own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.capability import CapableBackend
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Failed, Finished, Interrupted, Metrics
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import Backend
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.registry import Context, is_command
from ollama_chat_tui.commands.table import make_registry
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ChatError, Defect, NothingThere, UsageError
from ollama_chat_tui.interrupt import cancelled_by_ctrl_c
from ollama_chat_tui.preferences import Preferences
from ollama_chat_tui.standing import Standing
from ollama_chat_tui.startup import LateBackend, Opening
from ollama_chat_tui.status import Status
from ollama_chat_tui.terminal.answers import Answers, make_answers
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.outlet import Outlet
from ollama_chat_tui.terminal.prompt import Prompt
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.screen import TerminalScreen
from ollama_chat_tui.terminal.theme import theme_name
from ollama_chat_tui.terminal.typeahead import TypeAhead
from ollama_chat_tui.terminal.views import ThinkingViews
from ollama_chat_tui.terminal.window import Window
from ollama_chat_tui.welcome import welcome

LONG_ANSWER_S = 30


async def run_chat(
    environment: Environment,
    standing: Standing,
    wanted: Wanted,
    preferences: Preferences,
    *,
    is_debugging: bool = False,
) -> None:
    """Chat until the user leaves; a defect ends it only for those who debug.

    Raises:
        UsageError: what was configured makes no sense.
    """
    config, prompt, window = preferences.config, standing.prompt, standing.window
    opening = Opening(environment, wanted, config.model)
    stdout, variables = environment.stdout, environment.variables
    registry, status = make_registry(preferences.folder), Status()
    views = ThinkingViews(environment, ThinkingView(config.thinking))
    screen = TerminalScreen(stdout, prompt, variables, views)
    context = Context(Conversation(), preferences.settings(), opening, screen, registry, preferences)
    standing.live.join(
        lambda text: registry.complete(context, text),
        lambda: status.facts(context.settings, is_recording=screen.is_recording),
    )
    prompt.refresh()
    answers = make_answers(
        stdout,
        prompt.input,
        variables,
        lambda: views.of(context.settings.model),
        standing.theme() or theme_name(config.theme),
        tells_focus=window.focus is not None,
    )
    notices = Notices(Outlet(stdout, answers), variables)
    front = _Front(prompt, answers, notices, window)
    async with opening:
        welcome = asyncio.create_task(_welcome(context, opening, status, front, preloads=config.preload))
        try:
            with window.titled():
                backend = CapableBackend(LateBackend(opening), opening.answerer)
                await _Chat(context, backend, front, status).run(is_debugging=is_debugging)
        finally:
            welcome.cancel()


@dataclass(frozen=True)
class _Front:
    """What a person sees of the chat."""

    prompt: Prompt
    answers: Answers
    notices: Notices
    window: Window


async def _welcome(
    context: Context, opening: Opening, status: Status, front: _Front, *, preloads: bool
) -> None:
    """Say who answers, when it is known, or that nobody does; then learn what completion wants to know."""
    try:
        found = status.answerer = await opening.answerer()
        context.settings = replace(context.settings, model=context.settings.model or found.model)
        front.window.name(_title(context.settings.model))
        front.prompt.refresh()
        context.model_names = [model.name for model in await found.client.installed()]
        says, next_step = welcome(found, context.settings.model, context.model_names)
        front.notices.show(says)
        front.notices.whisper(next_step)
        for error in context.registry.troubles:
            front.notices.complain(error)
        if preloads:
            await _load_model(context, status, front.prompt, found.client)
    except ChatError as error:
        front.notices.complain(error)


async def _load_model(context: Context, status: Status, prompt: Prompt, client: OllamaClient) -> None:
    """Load the model as it will be asked, so that the first question need not wait for it."""
    loading = asyncio.create_task(client.load(context.settings))
    with status.loading():
        while not loading.done():
            await asyncio.wait({loading}, timeout=1)
            prompt.refresh()
    prompt.refresh()
    if not loading.cancelled():
        loading.exception()  # it will be said when it matters: at the first question


class _Chat:
    """Read, run, show."""

    def __init__(self, context: Context, backend: Backend, front: _Front, status: Status) -> None:
        self._context = context
        self._backend = backend
        self._prompt = front.prompt
        self._screen = front.answers
        self._notices = front.notices
        self._window = front.window
        self._status = status
        self._trouble = ""
        self._typed = TypeAhead()
        self._given_back: list[str] = []
        self._look: asyncio.Task[None] | None = None

    async def run(self, *, is_debugging: bool = False) -> None:
        while not self._context.is_leaving:
            try:
                line = await self._next_line()
            except EOFError:
                return
            except KeyboardInterrupt:
                self._notices.whisper("Ctrl-C again, Ctrl-D or /quit leaves.")
                continue
            try:
                await self._take(line)
            except ChatError as error:
                self._notices.complain(error)
            except Exception as exc:
                if is_debugging:
                    raise
                self._notices.complain(Defect.of(exc))  # no reason to lose the conversation, too

    async def _next_line(self) -> str:
        if self._typed.queued:
            line = self._typed.queued.pop(0)
            self._prompt.echo(line)
            return line
        if self._prompt.history.trouble != self._trouble:  # known when it has been read or written
            self._trouble = self._prompt.history.trouble
            self._notices.whisper(self._trouble)
        drafts = [*self._given_back, self._typed.take_unfinished()]
        self._given_back.clear()
        return await self._prompt.read("\n".join(filter(None, drafts)))

    async def _take(self, line: str) -> None:
        if is_command(line):
            await self._command(line)
        else:
            await self._answer(line.removeprefix("/") if line.startswith("//") else line)

    async def _command(self, line: str) -> None:
        conversation = self._context.conversation
        try:
            with cancelled_by_ctrl_c() as interruption:
                self._notices.show(await self._context.registry.run(line, self._context))
        except asyncio.CancelledError as stopped:
            interruption.absorb()
            self._notices.whisper(str(stopped) or "Stopped.")
        except NothingThere:
            raise
        except UsageError:
            self._given_back.append(line)  # to be mended, not typed again
            raise
        self._window.name(_title(self._context.settings.model))
        self._status.answerer = self._context.found or self._status.answerer
        if self._context.conversation is not conversation:
            self._status.forget_window()
        if sent := self._context.outgoing:
            self._context.outgoing = None
            await self._answer(sent.text, sent.settings, line)

    async def _answer(self, text: str, settings: Settings | None = None, typed: str = "") -> None:
        """Let the model answer; `typed` is what was typed for the text, and given back when it fails."""
        conversation = self._context.conversation
        before = conversation.head
        self._typed.press(self._prompt.take_typeahead())
        conversation.append(Message(Role.USER, text))
        settings = settings or self._context.settings
        end = await self._screen.show(run_turn(conversation, settings, self._backend), self._typed)
        if isinstance(end, Finished | Failed) and (end.metrics.last_token_s or 0) >= LONG_ANSWER_S:
            self._window.call("The answer is there.")
        if end:
            self._look = asyncio.create_task(self._note_answer(settings, end.metrics))
        if isinstance(end, Failed | Interrupted) and _says_nothing(end):
            conversation.move_head(before.id if before else None)
        if isinstance(end, Failed):
            # Nothing that was typed is lost, and nothing is sent into the same failure.
            self._given_back += [*([typed or text] if _says_nothing(end) else []), *self._typed.queued]
            self._typed.queued.clear()
            self._notices.complain(end.error)

    async def _note_answer(self, settings: Settings, metrics: Metrics) -> None:
        await self._status.note_answer(settings, metrics)
        self._prompt.refresh()


def _title(model: str) -> str:
    return f"ollama-chat · {model}" if model else "ollama-chat"


def _says_nothing(end: Failed | Interrupted) -> bool:
    return end.message.is_empty and not end.message.thinking
