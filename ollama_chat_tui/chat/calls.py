"""The tool calls of a turn: asked for, approved, run, and their results put into the conversation.

Calls that only read run beside each other, all others one by one. Whatever ends the turn early, the
conversation holds for every call that was started what became of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby, takewhile

from ollama_chat_tui.chat.brakes import MOST_SAME_CALLS, Limits, Repeats, shortened
from ollama_chat_tui.chat.conversation import SKIPPED_CALL, Conversation
from ollama_chat_tui.chat.events import Event, ToolAsked, ToolDone, ToolStarted
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import Approver, Clock, Effect, Toolbox, ToolFacts, Window
from ollama_chat_tui.errors import ToolRoundsExceeded

MOST_AT_ONCE = 8  # a call may be a process of its own, and a model may ask for any number
STOPPED_CALL = "The user stopped this call while it ran; what it had done until then stays done."
SAME_CALL = "This is the result of the same call as before; it was not run again. Go on with it."


@dataclass(frozen=True)
class ToolUse:
    """What a turn may call, who is asked, how far it may go, and who knows the room there is for results.

    Without an approver nobody is asked.
    """

    toolbox: Toolbox
    approver: Approver | None = None
    limits: Limits = field(default_factory=Limits)
    window: Window | None = None


class TurnStopped(Exception):  # never leaves chat/
    """The user was asked about a call and stopped the turn."""


class _Job:
    """One call on its way."""

    def __init__(self, call: ToolCall, number: int) -> None:
        self.asked = self.call = call
        self.number = number
        self.facts = ToolFacts()
        self.result: str | None = None
        self.seconds = 0.0
        self.task: asyncio.Task[None] | None = None
        self.twin: _Job | None = None
        self.is_stored = False


class Calls:
    """Runs the calls of one turn, reply after reply; the turn begins when this is made."""

    def __init__(self, conversation: Conversation, use: ToolUse, clock: Clock) -> None:
        self._conversation = conversation
        self._limits = use.limits
        self._toolbox = use.toolbox
        self._approver = use.approver
        self._clock = clock
        self._began = clock()
        self._asking_s = 0.0
        self._repeats = Repeats()

    async def run(self, calls: Sequence[ToolCall], most_tokens: int) -> AsyncGenerator[Event, None]:
        """Answer the calls of one reply, each with at most so many tokens.

        Raises:
            TurnStopped: the user did not want the turn to go on.
            ToolRoundsExceeded: the model asks the same again and again, or the time is over.
        """
        for together in self._groups(calls):
            before = len(self._conversation.result_numbers())
            jobs = [_Job(call, before + place) for place, call in enumerate(together, 1)]
            try:
                async with aclosing(self._run_together(jobs, most_tokens)) as events:
                    async for event in events:
                        yield event
            finally:
                begun = [place for place, job in enumerate(jobs) if job.result is not None or job.task]
                self._store(jobs[: max(begun, default=-1) + 1], most_tokens)
            self._limits.check_time(self._clock() - self._began - self._asking_s)

    def _groups(self, calls: Sequence[ToolCall]) -> Iterator[Sequence[ToolCall]]:
        facts = self._toolbox.facts()

        def reads(call: ToolCall) -> bool:
            return call.name not in facts or facts[call.name].effect is Effect.READS

        for is_harmless, group in groupby(calls, reads):
            left = list(group)
            while left:
                most = MOST_AT_ONCE if is_harmless else 1
                yield left[:most]
                left = left[most:]

    async def _run_together(self, jobs: Sequence[_Job], most_tokens: int) -> AsyncGenerator[Event, None]:
        try:
            for place, job in enumerate(jobs):
                yield ToolAsked(job.asked, job.number)
                await self._settle(job, jobs[:place])
                if job.result is not None:
                    yield self._done(job, jobs, most_tokens)
            running = [job for job in jobs if job.result is None and job.twin is None]
            for job in running:
                yield ToolStarted(job.call, job.number)
                job.task = asyncio.create_task(self._work(job))
            while running:
                tasks = [job.task for job in running if job.task]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for job in [job for job in running if job.task and job.task.done()]:
                    running.remove(job)
                    yield self._done(job, jobs, most_tokens)
            for job in jobs:
                if job.twin is not None:
                    job.result = f"{SAME_CALL}\n{job.twin.result}"
                    yield self._done(job, jobs, most_tokens)
        finally:
            unfinished = [job.task for job in jobs if job.task and not job.task.done()]
            for task in unfinished:
                task.cancel()
            if unfinished:
                await asyncio.gather(*unfinished, return_exceptions=True)

    async def _settle(self, job: _Job, earlier: Sequence[_Job]) -> None:
        """Find out what becomes of a call: a result without running it, a twin that is run, or a run."""
        known = self._toolbox.facts()
        times = self._repeats.count(job.asked)
        if job.asked.name not in known:
            await self._check_repeats(job.asked, times)
            names = ", ".join(sorted(known)) or "none"
            job.result = f"There is no tool of that name. The tools are: {names}."
            return
        job.facts = known[job.asked.name]
        if not job.facts.is_repeatable:
            first = self._repeats.first_result(job.asked)
            same = [other for other in earlier if other.asked.identity == job.asked.identity]
            if first is not None or same:
                await self._check_repeats(job.asked, times)
                job.twin = same[0] if same and same[0].result is None else None
                job.result = None if job.twin else f"{SAME_CALL}\n{same[0].result if same else first}"
                return
        await self._approve(job)

    async def _check_repeats(self, call: ToolCall, times: int) -> None:
        if times < MOST_SAME_CALLS:
            return
        began = self._clock()
        goes_on = self._approver is not None and await self._approver.goes_on(call, times)
        self._asking_s += self._clock() - began
        if not goes_on:
            raise ToolRoundsExceeded(
                f"The model asked for {call.name} with the same arguments {times} times.",
                "Ask it to answer with what it has.",
            )

    async def _approve(self, job: _Job) -> None:
        if self._approver is None:
            return
        began = self._clock()
        decision = await self._approver.decide(job.asked)
        self._asking_s += self._clock() - began
        if isinstance(decision, ToolCall):
            job.call = decision
            return
        job.result = decision.reason
        self._repeats.note(job.asked, job.result, ToolFacts())
        if decision.ends_turn:
            raise TurnStopped

    async def _work(self, job: _Job) -> None:
        began = self._clock()
        try:
            result = await self._toolbox.run(job.call)
        except (Exception, asyncio.CancelledError) as exc:  # whatever a tool does, the turn goes on
            if (task := asyncio.current_task()) and task.cancelling():
                raise  # it is we who stop it
            result = f"The tool failed: {type(exc).__name__}: {exc}"
        job.seconds = self._clock() - began
        if job.call.identity != job.asked.identity:
            arguments = json.dumps(job.call.arguments, ensure_ascii=False, default=str)
            result = f"The user changed the arguments to {arguments}.\n{result}"
        self._repeats.note(job.asked, result, job.facts)
        job.result = result

    def _done(self, job: _Job, jobs: Sequence[_Job], most_tokens: int) -> ToolDone:
        """Say that a call is done; what can be kept of the results by then is kept."""
        self._store(list(takewhile(lambda each: each.result is not None, jobs)), most_tokens)
        whole = job.result or ""
        return ToolDone(job.call, shortened(whole, most_tokens), job.seconds, job.number, whole)

    def _store(self, jobs: Sequence[_Job], most_tokens: int) -> None:
        """Put results into the conversation, in the order of the calls, each once."""
        for job in jobs:
            if job.is_stored:
                continue
            job.is_stored = True
            lost = STOPPED_CALL if job.task else SKIPPED_CALL
            whole = lost if job.result is None else job.result
            text = shortened(whole, most_tokens)
            call = job.asked
            self._conversation.append(
                Message(
                    Role.TOOL,
                    text,
                    tool_name=call.name,
                    tool_call_id=call.id,
                    whole=whole if whole != text else "",
                )
            )
