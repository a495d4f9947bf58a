"""Closing the connection is the only way to tell Ollama to stop."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Interrupted, Phase, TextDelta, Waiting
from tests.scripted_replies import (
    Signal,
    answer,
    forever,
    head,
    lines,
    text,
    wait,
)
from tests.scripted_server import ScriptedServer, deaf_port
from tests.turns import SETTINGS, RunningTurn, conversation_with, last, take_turn, text_of


async def test_cancelling_an_endless_answer_closes_and_keeps_the_text(
    server: ScriptedServer, client: OllamaClient
) -> None:
    line = b'{"message":{"content":"on "}}\n'
    server.enqueue(head(), forever(b"%x\r\n%b\r\n" % (len(line), line)))
    turn = RunningTurn(client)
    await turn.until(lambda event: isinstance(event, TextDelta))
    await turn.cancel()
    await server.requests[0].closed.arrives()
    message = last(turn.events).message
    assert message.content == text_of(turn.events)
    assert turn.conversation.head is not None
    assert turn.conversation.head.message == message


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.ANSWERING])
async def test_cancelling_again_and_again_closes_at_any_phase(
    phase: Phase, times: int, server: ScriptedServer, client: OllamaClient
) -> None:
    server.enqueue(*([head(), lines(text("Hel"))] if phase is Phase.ANSWERING else []), wait(Signal()))
    turn = RunningTurn(client)
    await server.arrival()
    await turn.until(
        lambda event: (
            isinstance(event, TextDelta)
            or (isinstance(event, Waiting) and phase is event.phase is Phase.WAITING)
        )
    )
    await turn.cancel(times)
    await server.requests[0].closed.arrives()
    ended = last(turn.events)
    assert isinstance(ended, Interrupted)
    assert ended.message.content == ("Hel" if phase is Phase.ANSWERING else "")
    turn.conversation.retry()
    server.enqueue(*answer("Fine."))
    assert text_of(await take_turn(client, turn.conversation)) == "Fine."


async def test_cancelling_while_connecting_leaves_nothing_behind() -> None:
    with deaf_port() as port:
        async with OllamaClient(parse_host(f"127.0.0.1:{port}")) as client:
            turn = RunningTurn(client)
            await turn.until(lambda event: isinstance(event, Waiting))
            await turn.cancel()
    assert [type(event) for event in turn.events] == [Waiting, Interrupted]
    assert last(turn.events).message.is_empty


async def test_closing_a_turn_closes_the_connection(server: ScriptedServer, client: OllamaClient) -> None:
    server.enqueue(head(), lines(text("Hel")), wait(Signal()))
    conversation = conversation_with("Hello?")
    async with aclosing(run_turn(conversation, SETTINGS, client)) as turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break
    await server.requests[0].closed.arrives()
    assert conversation.head is not None
    assert conversation.head.message.content == "Hel"
    assert not isinstance(event, Interrupted)
