from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import Event, Finished, Metrics
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.layout import age_text
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import NothingThere, SessionMissing, SessionUnwritable, UsageError
from ollama_chat_tui.sessions.changes import Server
from ollama_chat_tui.sessions.keeping import Keeping
from tests.commands.conftest import NotedScreen, run


def talk(conversation: Conversation, *words: str) -> Conversation:
    for place, text in enumerate(words):
        conversation.append(Message(Role.ASSISTANT if place % 2 else Role.USER, text))
    return conversation


async def save(keeping: Keeping, *words: str, settings: Settings = Settings("qwen3:8b")) -> str:  # noqa: B008
    """Keep another chat, and let go of it; returns its id."""
    await keeping.recorder.save(talk(Conversation(), *words), settings)
    path = keeping.recorder.path
    assert path is not None
    await keeping.recorder.save(Conversation(), settings)
    return path.stem


async def keep(context: Context) -> None:
    await context.keeping.recorder.save(context.conversation, context.settings)


async def test_there_is_no_session_before_something_was_said(context: Context) -> None:
    for line in "/sessions", "/save chat.json", "/delete", "/title auto":
        with pytest.raises(NothingThere):
            await run(context, line)
    for line in "/resume", "/resume rivers":
        with pytest.raises(SessionMissing):
            await run(context, line)


async def test_a_session_is_chosen_from_a_list_and_shown_again(context: Context, screen: NotedScreen) -> None:
    await save(context.keeping, "About rivers", "They flow.")
    shown = await run(context, "/sessions")
    assert "About rivers" in screen.listed[0]
    assert "2 messages" in screen.listed[0]
    assert "just now" in screen.listed[0]
    assert [message.content for message in screen.replayed] == ["About rivers", "They flow."]
    assert "About rivers: 2 messages" in shown
    assert [node.message.content for node in context.conversation.branch()] == ["About rivers", "They flow."]


async def test_a_session_goes_on_in_its_own_file(context: Context) -> None:
    id_ = await save(context.keeping, "About rivers", "They flow.")
    await run(context, f"/resume {id_}")
    talk(context.conversation, "And lakes?", "They rest.")
    await keep(context)
    assert context.keeping.recorder.path == context.keeping.path(id_)
    assert len(await context.keeping.list()) == 1
    with pytest.raises(UsageError, match="You are in this session"):
        await run(context, f"/resume {id_}")


@pytest.mark.parametrize("wanted", ["2", "about rivers", "About Rivers", "{id}", "{end}"])
async def test_a_session_is_found_by_number_title_and_id(context: Context, wanted: str) -> None:
    id_ = await save(context.keeping, "About rivers")
    await save(context.keeping, "About lakes")
    found = await context.keeping.list()
    number = [each.id for each in found].index(id_) + 1
    wanted = str(number) if wanted == "2" else wanted.format(id=id_, end=id_.rpartition("-")[2])
    assert "About rivers" in await run(context, f"/resume {wanted}")


async def test_settings_come_back_with_a_session(context: Context) -> None:
    settings = Settings("smollm2:latest", system="Be brief.", options={"seed": 7}, think=False)
    await save(context.keeping, "Hi", settings=settings)
    context.model_names = ["qwen3:8b", "smollm2:latest"]
    await run(context, "/resume")
    assert context.settings == settings


async def test_what_has_changed_since_is_said(context: Context) -> None:
    context.keeping.answered_by(Server("http://elsewhere:11434", "0.33.0", {"gone:1b": "old"}))
    await save(context.keeping, "Hi", settings=Settings("gone:1b", options={"seed": 7}))
    context.keeping.answered_by(Server("http://127.0.0.1:11434", "0.33.0", {"gone:1b": "new"}))
    context.model_names = ["qwen3:8b"]
    shown = await run(context, "/resume")
    assert "gone:1b is not installed here; qwen3:8b goes on." in shown
    assert "gone:1b has changed since" in shown
    assert "It was at http://elsewhere:11434." in shown
    assert context.settings.model == "qwen3:8b"
    assert context.settings.options == {"seed": 7}


async def test_a_session_that_is_open_elsewhere_may_be_copied_read_or_left(
    context: Context, screen: NotedScreen, environment: Environment
) -> None:
    other = Keeping(environment, is_private=False)
    await other.recorder.save(talk(Conversation(), "Mine", "Yes."), Settings("m"))
    for place, says, is_replayed in ((None, "", False), (1, "", True), (0, "Mine: 2 messages", True)):
        screen.picks, screen.replayed = place, []
        assert says in await run(context, "/resume")
        assert bool(screen.replayed) is is_replayed
    assert screen.listed == ["Go on with a copy of it", "Read it", "Leave it"]
    talk(context.conversation, "My own")
    await keep(context)
    assert context.keeping.recorder.path != other.recorder.path
    await other.recorder.close()


async def test_a_search_leads_to_the_message(context: Context, screen: NotedScreen) -> None:
    await save(context.keeping, "About rivers", "They flow into the sea.", "And then?", "Clouds.")
    await run(context, "/search sea")
    assert "«sea»" in screen.listed[0]
    assert [node.message.content for node in context.conversation.branch()][-1] == "They flow into the sea."
    with pytest.raises(NothingThere, match="No message has mountains"):
        await run(context, "/search mountains")


async def test_titles_and_tags_are_listed(context: Context, screen: NotedScreen) -> None:
    talk(context.conversation, "Hi")
    await keep(context)
    await run(context, "/rename All about water")
    await run(context, "/tag wet #blue")
    await run(context, "/tag -wet")
    context.conversation = Conversation()
    await keep(context)
    await run(context, "/sessions")
    assert screen.listed[0].startswith("All about water")
    assert screen.listed[0].endswith("#blue")


async def test_a_chat_is_saved_and_comes_back(context: Context, tmp_path: Path, screen: NotedScreen) -> None:
    talk(context.conversation, "Hi", "Hello.")
    path = tmp_path / "a chat.json"
    assert "Saved to" in await run(context, f'/save "{path}"')
    assert [each["content"] for each in json.loads(path.read_text())["messages"]] == ["Hi", "Hello."]
    screen.says_yes = False
    assert await run(context, f'/save "{path}"') == "Nothing was written."
    await run(context, "/delete")  # asks, and is told no
    screen.says_yes = True
    await run(context, "/delete")
    await run(context, f"/load {path}")
    assert [node.message.content for node in context.conversation.branch()] == ["Hi", "Hello."]


@pytest.mark.parametrize("ending", ["md", "html", "txt"])
async def test_a_private_chat_is_saved_where_one_says_and_nowhere_else(
    context: Context, tmp_path: Path, environment: Environment, ending: str
) -> None:
    await run(context, "/incognito on")
    talk(context.conversation, "A secret")
    await keep(context)
    await run(context, f"/save {tmp_path}/chat.{ending}")
    assert "A secret" in (tmp_path / f"chat.{ending}").read_text()
    assert not environment.data_dir.exists()
    with pytest.raises(SessionUnwritable, match="incognito"):
        await run(context, f"/save {tmp_path}/chat.jsonl")


async def test_incognito_begins_and_ends_with_a_new_conversation(
    context: Context, environment: Environment
) -> None:
    talk(context.conversation, "Known")
    await keep(context)
    for line, text in (("/incognito on", "Secret"), ("/incognito off", "Known again")):
        await run(context, line)
        assert not context.conversation.nodes
        talk(context.conversation, text)
        await keep(context)
    written = "".join(path.read_text() for path in environment.data_dir.rglob("*.jsonl"))
    assert "Known again" in written
    assert "Secret" not in written


@pytest.mark.parametrize("name", ["chat.docx", "chat"])
async def test_a_file_that_names_no_format_is_refused(context: Context, name: str) -> None:
    talk(context.conversation, "Hi")
    with pytest.raises(UsageError, match="names no format"):
        await run(context, f"/save {name}")


async def test_this_session_and_another_go_into_the_trash(context: Context, screen: NotedScreen) -> None:
    id_ = await save(context.keeping, "About rivers")
    await run(context, "/delete about rivers")
    assert id_ in screen.asked[0]
    talk(context.conversation, "Hi")
    await keep(context)
    await run(context, "/delete")
    assert not context.conversation.nodes
    assert await context.keeping.list() == []
    assert len(context.keeping.store.trashed_ids()) == 2


async def test_what_answers_cost_comes_back_with_a_session(context: Context) -> None:
    recorder = context.keeping.recorder
    conversation = talk(Conversation(), "Hi")
    await recorder.save(conversation, context.settings)

    async def turn() -> AsyncGenerator[Event, None]:
        message = Message(Role.ASSISTANT, "Hello.")
        conversation.append(message)
        yield Finished(message, Metrics(answer_tokens=20, answer_s=1.0))

    assert [event async for event in recorder.follow(turn())]
    await recorder.save(Conversation(), context.settings)
    await run(context, "/resume")
    assert "20.0 tokens/s" in await run(context, "/stats")
    await run(context, "/new")
    with pytest.raises(NothingThere):
        await run(context, "/stats")


async def test_completion_knows_the_sessions_that_were_listed(context: Context) -> None:
    id_ = await save(context.keeping, "About rivers")
    assert context.registry.complete(context, "/resume ")[1] == []
    await context.keeping.list()
    assert context.registry.complete(context, "/resume ")[1] == [(id_, "About rivers")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (5 * 86400, "5 days ago")],
)
def test_an_age_is_told_in_one_unit(seconds: int, text: str) -> None:
    now = datetime.now(UTC)
    assert age_text(now - timedelta(seconds=seconds), now) == text


def test_what_is_older_than_a_month_has_a_day() -> None:
    assert age_text(datetime(2026, 1, 2, 12, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)) == "2026-01-02"


async def test_a_session_without_settings_leaves_them_as_they_are(context: Context) -> None:
    before = context.settings = replace(context.settings, options={"seed": 3})
    path = context.keeping.path("260101-000000-abcd")
    path.parent.mkdir(parents=True)
    path.write_text('{"kind":"opened","version":1,"id":"260101-000000-abcd","at":"2026-01-01T00:00:00Z"}\n')
    await run(context, "/resume abcd")
    assert context.settings == before
