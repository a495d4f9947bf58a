"""Commands about models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.errors import (
    BackendError,
    BadDuration,
    ModelNotFound,
    NothingThere,
    ServerError,
    UsageError,
)
from tests.commands.conftest import NotedScreen, run
from tests.scripted_replies import done, end, head, lines, reply
from tests.scripted_server import ScriptedServer


async def test_model_says_which_one_answers(context: Context) -> None:
    assert await run(context, "/model") == "qwen3:8b answers. /models shows the others."


@pytest.mark.parametrize("name", ["smollm2", "smollm2:latest", "SmolLM2", "library/smollm2"])
async def test_model_switches_and_keeps_the_conversation(context: Context, name: str) -> None:
    context.conversation.append(Message(Role.USER, "hi"))
    assert await run(context, f"/model {name}") == "Now talking to smollm2:latest."
    assert context.settings.model == "smollm2:latest"
    assert context.conversation.head is not None


async def test_an_unknown_model_names_the_nearest_and_changes_nothing(context: Context) -> None:
    with pytest.raises(ModelNotFound) as caught:
        await run(context, "/model qwen3")
    assert "qwen3:8b" in caught.value.hint
    assert context.settings.model == "qwen3:8b"


async def test_models_is_a_list_to_choose_from(
    context: Context, screen: NotedScreen, server: ScriptedServer
) -> None:
    server.loaded = [{"name": "qwen3:8b"}]
    screen.picks = 1
    assert await run(context, "/models") == "Now talking to smollm2:latest."
    assert screen.listed[0].split() == [
        *("qwen3:8b", "5.2", "GB", "8.2B", "Q4_K_M", "40k", "window", "2026-07-30", "loaded", "tools,"),
        "thinking",
    ]


async def test_leaving_the_list_changes_nothing(context: Context, screen: NotedScreen) -> None:
    screen.picks = None
    assert await run(context, "/models") == ""
    assert context.settings.model == "qwen3:8b"


async def test_no_models_says_how_to_get_one(context: Context, server: ScriptedServer) -> None:
    server.models = []
    with pytest.raises(NothingThere) as caught:
        await run(context, "/models")
    assert "/pull" in caught.value.hint


async def test_show_tells_what_the_server_knows(context: Context, server: ScriptedServer) -> None:
    shown = await run(context, "/show")
    assert "8.2B" in shown
    assert "40960 tokens" in shown
    assert "tools, thinking" in shown
    server.enqueue(reply({"template": "{{ .Prompt }}"}), path="/api/show")
    assert await run(context, "/show smollm2 template") == "{{ .Prompt }}"


async def test_show_says_what_is_not_there(context: Context) -> None:
    with pytest.raises(NothingThere, match="no license"):
        await run(context, "/show license")
    with pytest.raises(UsageError, match="no part"):
        await run(context, "/show smollm2 nonsense")
    with pytest.raises(ModelNotFound):
        await run(context, "/show nope")


@pytest.mark.parametrize(("size_vram", "place"), [(0, "CPU"), (1000, "GPU"), (250, "25 % GPU, 75 % CPU")])
async def test_ps_tells_where_a_model_is_and_for_how_long(
    context: Context, server: ScriptedServer, size_vram: int, place: str
) -> None:
    until = datetime.now(UTC) + timedelta(minutes=5, seconds=5)
    server.loaded = [
        {
            "name": "a",
            "size": 1000,
            "size_vram": size_vram,
            "context_length": 4096,
            "expires_at": until.isoformat(),
        },
        {"name": "b", "size": 1000, "expires_at": "2318-01-01T00:00:00.123456789Z"},
        {"name": "c", "expires_at": "nonsense"},
    ]
    first, second, third = (await run(context, "/ps")).splitlines()
    assert place in first
    assert first.endswith("4096 tokens  5 min more")
    assert second.endswith("for ever")
    assert third.split() == ["c", "0", "B", "CPU"]


async def test_nothing_loaded_is_said(context: Context) -> None:
    assert await run(context, "/ps") == "No model is loaded."
    assert await run(context, "/unload all") == "No model is loaded."


async def test_load_uses_the_options_in_force(context: Context, server: ScriptedServer) -> None:
    await run(context, "/set num_ctx 8192")
    server.enqueue(reply(done("load")))
    assert "qwen3:8b is loaded" in await run(context, "/load")
    body = server.wait_for().json
    assert (body["messages"], body["options"]) == ([], {"num_ctx": 8192})


async def test_loading_another_model_says_how_to_talk_to_it(context: Context, server: ScriptedServer) -> None:
    server.enqueue(reply(done("load")))
    assert (await run(context, "/load smollm2")).endswith("/model smollm2 talks to it.")
    assert context.settings.model == "qwen3:8b"


async def test_unload_frees_one_or_all(context: Context, server: ScriptedServer) -> None:
    server.loaded = [{"name": "a"}, {"name": "b"}]
    for _ in range(3):
        server.enqueue(reply(done("unload")))
    assert await run(context, "/unload") == "Unloaded: qwen3:8b."
    assert await run(context, "/unload all") == "Unloaded: a, b."
    bodies = [request.json for request in server.to("/api/chat")]
    assert [body["model"] for body in bodies] == ["qwen3:8b", "a", "b"]
    assert {body["keep_alive"] for body in bodies} == {0}


async def test_keep_alive_is_shown_set_and_checked(context: Context) -> None:
    assert "server decides" in await run(context, "/keep-alive")
    assert await run(context, "/keep-alive 30m") == "The model stays loaded: 30m."
    assert await run(context, "/keep-alive forever") == "The model stays loaded: for ever."
    with pytest.raises(BadDuration):
        await run(context, "/keep-alive 5")


async def test_pull_shows_every_layer(context: Context, server: ScriptedServer, screen: NotedScreen) -> None:
    steps: list[dict[str, object]] = [
        {"status": "pulling manifest"},
        {"status": "pulling aa", "digest": "sha256:aa", "total": 10, "completed": 4},
        {"status": "pulling aa", "digest": "sha256:aa", "total": 10, "completed": 10},
        {"status": "success"},
    ]
    server.enqueue(head(), lines(*steps), end(), path="/api/pull")
    assert "new:1b is here" in await run(context, "/pull new:1b")
    assert [(step.part, step.done, step.total) for step in screen.steps] == [
        ("pulling manifest", 0, 0),
        ("pulling aa", 4, 10),
        ("pulling aa", 10, 10),
        ("success", 0, 0),
    ]


async def test_an_error_within_a_pull_is_an_error(context: Context, server: ScriptedServer) -> None:
    missing = {"error": "pull model manifest: file does not exist"}
    server.enqueue(head(), lines({"status": "pulling manifest"}, missing), end(), path="/api/pull")
    with pytest.raises(ModelNotFound):
        await run(context, "/pull nope")
    server.enqueue(head(), lines({"error": "disk full"}), end(), path="/api/pull")
    with pytest.raises(ServerError):
        await run(context, "/pull big")
    with pytest.raises(UsageError):
        await run(context, "/pull")


async def test_rm_asks_first(context: Context, server: ScriptedServer, screen: NotedScreen) -> None:
    screen.says_yes = False
    assert await run(context, "/rm smollm2") == "Nothing was removed."
    assert screen.asked == ["Remove smollm2:latest and free 5.2 GB?"]
    assert server.to("/api/delete") == []
    screen.says_yes = True
    server.enqueue(reply(""), path="/api/delete")
    assert await run(context, "/rm smollm2") == "smollm2:latest is removed; 5.2 GB freed."
    assert server.wait_for("/api/delete").json == {"model": "smollm2:latest"}


async def test_rm_of_a_second_name_says_that_it_frees_nothing(
    context: Context, server: ScriptedServer, screen: NotedScreen
) -> None:
    server.models.append({**server.models[0], "name": "mine:latest"})
    server.enqueue(reply(""), path="/api/delete")
    assert await run(context, "/rm mine") == "mine:latest is removed; 0 B freed."
    assert screen.asked == ["Remove mine:latest? It frees nothing: qwen3:8b is the same model."]


async def test_copy_model_names_a_model_twice(context: Context, server: ScriptedServer) -> None:
    server.enqueue(reply(""), path="/api/copy")
    await run(context, "/copy-model smollm2 mine")
    assert server.wait_for("/api/copy").json == {"source": "smollm2:latest", "destination": "mine"}


@pytest.mark.parametrize("line", ["/rm", "/copy-model", "/copy-model one", "/rm nope", "/copy-model nope x"])
async def test_wrong_arguments_say_what_is_missing(context: Context, line: str) -> None:
    with pytest.raises((UsageError, BackendError)) as caught:
        await run(context, line)
    assert caught.value.hint
