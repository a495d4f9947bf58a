"""The chat: joins everything to the prompt that stands, then reads, runs and shows until the user leaves.

The composition root of what is behind the prompt. Decides who knows whom, and nothing else: a turn is the
engine's business, keys are the terminal's, commands are their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from ollama_chat_tui.arrival import arrive, learn
from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.capability import CapableBackend
from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.events import Event, Failed, Finished, Interrupted, Metrics
from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.chat.protocols import Backend
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import is_command
from ollama_chat_tui.commands.table import make_registry
from ollama_chat_tui.composing import Composer
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ChatError, Defect, NothingThere, SessionUnwritable, UsageError
from ollama_chat_tui.interrupt import cancelled_by_ctrl_c
from ollama_chat_tui.media.attachments import Attachments
from ollama_chat_tui.preferences import Preferences
from ollama_chat_tui.sessions.keeping import Keeping
from ollama_chat_tui.standing import Standing
from ollama_chat_tui.startup import LateBackend, Opening
from ollama_chat_tui.status import Status
from ollama_chat_tui.terminal.answers import Answers, make_answers, make_asker
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.outlet import Outlet
from ollama_chat_tui.terminal.prompt import Prompt
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.screen import TerminalScreen
from ollama_chat_tui.terminal.theme import theme_name
from ollama_chat_tui.terminal.thumbnail import Thumbnails
from ollama_chat_tui.terminal.typeahead import TypeAhead
from ollama_chat_tui.terminal.views import ThinkingViews
from ollama_chat_tui.terminal.window import Window
from ollama_chat_tui.title import find_title
from ollama_chat_tui.tools.bench import Bench, ToolsGiven
from ollama_chat_tui.turn import take_turn

LONG_ANSWER_S = 30


async def run_chat(
    environment: Environment,
    standing: Standing,
    wanted: Wanted,
    preferences: Preferences,
    beginning: Beginning,
) -> None:
    """Chat until the user leaves; a defect ends it only for those who debug.

    Raises:
        UsageError: what was configured makes no sense.
    """
    config, prompt, window = preferences.config, standing.prompt, standing.window
    opening = Opening(environment, wanted, config.model)
    stdout, variables = environment.stdout, environment.variables
    registry, status = make_registry(preferences.folder), Status()
    attachments = Attachments(variables, config.image_side)
    views = ThinkingViews(environment, ThinkingView(config.thinking))
    theme = standing.theme() or theme_name(config.theme)
    answers = make_answers(
        stdout,
        prompt.input,
        variables,
        lambda: views.of(context.settings.model),
        theme,
        tells_focus=window.focus is not None,
    )
    outlet = Outlet(stdout, answers)
    notices = Notices(outlet, variables, answers.rendered)
    thumbnails = Thumbnails(stdout, standing.query.told, variables, is_wanted=config.thumbnails)
    screen = TerminalScreen(stdout, prompt, variables, views, outlet, thumbnails)
    keeping = Keeping(environment, is_private=beginning.is_private, on_change=prompt.refresh)
    tools = Bench(
        config.tools,
        beginning.tools,
        variables,
        lambda: make_asker(stdout, prompt.input, variables, theme, answers.aside),
    )
    backend = CapableBackend(LateBackend(opening), opening.answerer)
    context = Context(
        conversation=Conversation(),
        settings=preferences.settings(),
        opening=opening,
        screen=screen,
        registry=registry,
        preferences=preferences,
        keeping=keeping,
        attachments=attachments,
        tools=tools,
        missing=backend.missing,
    )
    composer = Composer(context, backend, notices, prompt.refresh)
    if beginning.is_private:
        screen.record(False)
    standing.live.join(
        lambda text: registry.complete(context, text),
        lambda: status.facts(
            context.settings,
            keeping.recorder.state,
            has_history=screen.is_recording,
            has_tools=tools.number_on > 0,
            attached=composer.names(prompt.text),
        ),
        composer.read_clipboard,
    )
    prompt.refresh()
    front = _Front(prompt, answers, notices, window)
    async with opening:
        arrival = asyncio.create_task(
            arrive(context, opening, status, notices, prompt.refresh, preloads=config.preload)
        )
        try:
            with window.titled():
                await _Chat(context, backend, composer, front, status).run(beginning)
        finally:
            arrival.cancel()
            await tools.aclose()


@dataclass(frozen=True)
class Beginning:
    """How a chat begins.

    Attributes:
        resume: the session to go on with; empty is the one used last, None is none.
        is_private: whether nothing of it goes to the disk.
        images: what goes with the first message: files, addresses, or `clipboard`.
        tools: what flags say of what the model may call.
    """

    resume: str | None = None
    is_private: bool = False
    images: tuple[str, ...] = ()
    is_debugging: bool = False
    tools: ToolsGiven = field(default_factory=ToolsGiven)


@dataclass(frozen=True)
class _Front:
    """What a person sees of the chat."""

    prompt: Prompt
    answers: Answers
    notices: Notices
    window: Window


class _Chat:
    """Read, run, show."""

    def __init__(
        self, context: Context, backend: Backend, composer: Composer, front: _Front, status: Status
    ) -> None:
        self._context = context
        self._backend = backend
        self._composer = composer
        self._prompt = front.prompt
        self._screen = front.answers
        self._notices = front.notices
        self._window = front.window
        self._status = status
        self._trouble = ""
        self._typed = TypeAhead()
        self._given_back: list[str] = []
        self._look: asyncio.Task[None] | None = None
        self._naming: asyncio.Task[None] | None = None

    async def run(self, beginning: Beginning) -> None:
        """Chat until the user leaves; everything said is on disk then, or the user knows that it is not."""
        self._composer.attach(beginning.images)
        try:
            if beginning.resume is not None:
                await self._try(f"/resume {beginning.resume}", is_debugging=beginning.is_debugging)
            await self._read_on(is_debugging=beginning.is_debugging)
        finally:
            self._stop_naming()
            self._composer.stop()
            await self._context.keeping.recorder.close()
            self._tell_unsaved()

    async def _read_on(self, *, is_debugging: bool) -> None:
        while not self._context.is_leaving:
            self._window.name(_title(self._context.settings.model))
            try:
                line = await self._next_line()
            except EOFError:
                return
            except KeyboardInterrupt:
                self._notices.whisper("Ctrl-C again, Ctrl-D or /quit leaves.")
                continue
            await self._try(line, is_debugging=is_debugging)

    async def _try(self, line: str, *, is_debugging: bool) -> None:
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
        if self._context.keeping.wants_title:
            self._naming = asyncio.create_task(self._name_session())
        drafts = [*self._given_back, self._typed.take_unfinished()]
        self._given_back.clear()
        return await self._prompt.read("\n".join(filter(None, drafts)))

    async def _take(self, line: str) -> None:
        self._stop_naming()
        if is_command(line):
            await self._command(line)
        else:
            await self._answer(line.removeprefix("/") if line.startswith("//") else line)

    async def _command(self, line: str) -> None:
        context = self._context
        conversation, found = context.conversation, context.found
        try:
            with cancelled_by_ctrl_c() as interruption:
                self._notices.show(await context.registry.run(line, context))
        except asyncio.CancelledError as stopped:
            interruption.absorb()
            self._notices.whisper(str(stopped) or "Stopped.")
        except NothingThere:
            raise
        except UsageError:
            self._given_back.append(line)  # to be mended, not typed again
            raise
        if context.found and context.found is not found:
            self._status.answerer = context.found
            with suppress(ChatError):
                await learn(context, context.found)
        if context.conversation is not conversation:
            self._status.forget_window()
        await self._keep()
        if context.draft:
            self._given_back.append(context.draft)
            context.draft = ""
        if sent := context.outgoing:
            context.outgoing = None
            await self._answer(sent.text, sent.settings, line)

    async def _answer(self, text: str, settings: Settings | None = None, typed: str = "") -> None:
        """Let the model answer; `typed` is what was typed for the text, and given back when it fails."""
        conversation, recorder = self._context.conversation, self._context.keeping.recorder
        before = conversation.head
        self._typed.press(self._prompt.take_typeahead())
        ready = None
        try:
            ready = await self._composer.compose(text, settings or self._context.settings, is_typed=not typed)
        finally:
            if ready is None:
                self._give_back(typed or text)
        if ready is None:
            return
        if ready.message:
            conversation.append(ready.message)
        await self._keep()
        settings = ready.settings
        end = await self._screen.show(recorder.follow(self._turn(settings)), self._typed)
        if isinstance(end, Finished | Failed) and (end.metrics.last_token_s or 0) >= LONG_ANSWER_S:
            self._window.call("The answer is there.")
        if end:
            self._look = asyncio.create_task(self._note_answer(settings, end.metrics))
        is_unanswered = isinstance(end, Failed | Interrupted) and not _says_anything(conversation, before)
        if is_unanswered:
            conversation.move_head(before.id if before else None)
            self._composer.take_back()
        await self._keep()
        if isinstance(end, Failed):
            self._give_back((typed or text) if is_unanswered else "")
            self._notices.complain(end.error)
            if attached := self._context.attachments.names:
                self._notices.whisper(f"Still attached: {', '.join(attached)}. /images drop N takes one off.")

    def _give_back(self, text: str) -> None:
        """Let nothing that was typed be lost, nor what waits be sent into the same failure."""
        self._given_back += [*([text] if text else []), *self._typed.queued]
        self._typed.queued.clear()

    async def _turn(self, settings: Settings) -> AsyncGenerator[Event, None]:
        """A turn with the tools that are on; it waits until these are there."""
        context = self._context
        tools = await context.tools.use(self._status.window_tokens)
        for trouble in context.tools.take_troubles():
            self._notices.complain(trouble)
        turn = take_turn(context.conversation, settings, self._backend, tools=tools, notes=context)
        async with aclosing(turn) as events:
            async for event in events:
                yield event

    async def _note_answer(self, settings: Settings, metrics: Metrics) -> None:
        await self._status.note_answer(settings, metrics)
        self._prompt.refresh()

    async def _keep(self) -> None:
        """Return when what was said is on disk, or cannot be."""
        await self._context.keeping.recorder.save(self._context.conversation, self._context.settings)

    def _tell_unsaved(self) -> None:
        state = self._context.keeping.recorder.state
        if state.unsaved:
            self._notices.complain(
                SessionUnwritable(f"{state.unsaved} messages of this chat are lost: {state.reason}.")
            )

    async def _name_session(self) -> None:
        """Give the session a title while nobody waits for the model; begun anew after each interruption."""
        context = self._context
        with suppress(ChatError):
            if found := await find_title(context.conversation, context.settings, self._backend):
                await context.keeping.recorder.rename(found)
                context.keeping.wants_title = False
                self._notices.whisper(f"This session is “{found}”.")

    def _stop_naming(self) -> None:
        if self._naming:
            self._naming.cancel()
            self._naming = None


def _title(model: str) -> str:
    return f"ollama-chat · {model}" if model else "ollama-chat"


def _says_anything(conversation: Conversation, before: Node | None) -> bool:
    """Whether the model has said anything since `before`, if only by its reasoning or by calling a tool."""
    for node in reversed(conversation.branch()):
        if node == before:
            return False
        message = node.message
        if message.role is Role.ASSISTANT and not (message.is_empty and not message.thinking):
            return True
    return False
