from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from ollama_chat_tui.sessions.loading import load
from ollama_chat_tui.sessions.recorder import SessionRecorder
from tests.sessions.chat import IMAGES, OTHER, PIXEL, SETTINGS, tree

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=2)
)
MESSAGES = st.builds(
    Message,
    st.sampled_from(Role),
    content=TEXTS,
    thinking=TEXTS,
    images=st.lists(st.sampled_from([PIXEL, OTHER]), max_size=2).map(tuple),
    tool_calls=st.lists(
        st.builds(ToolCall, TEXTS, st.dictionaries(TEXTS, VALUES, max_size=2), TEXTS), max_size=2
    ).map(tuple),
    tool_name=TEXTS,
    tool_call_id=TEXTS,
    ending=st.sampled_from(Ending),
    whole=TEXTS,
)
STEPS = st.one_of(
    st.tuples(st.just("say"), MESSAGES),
    st.tuples(st.just("edit"), MESSAGES),
    st.tuples(st.sampled_from(["undo", "anew", "retry", "save", "resume", "fork"]), st.none()),
)


def change(conversation: Conversation, what: str, message: Message | None, place: int) -> None:
    """One thing that a person may do to a conversation; `place` chooses where."""
    nodes = conversation.nodes
    chosen = nodes[place % len(nodes)].id if nodes else None
    if what == "say" and message:
        conversation.append(message)
    elif what == "edit" and message and chosen:
        conversation.edit(chosen, message)
    elif what == "undo":
        conversation.move_head(chosen)
    elif what == "anew":
        conversation.move_head(None)
    elif what == "retry":
        conversation.retry()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(0, 100)), max_size=15))
def test_any_history_of_edits_undos_forks_and_retries_is_read_back_as_the_same_tree(
    steps: list[tuple[tuple[str, Message | None], int]],
) -> None:
    async def live(directory: Path) -> None:
        recorder, conversation = SessionRecorder(directory), Conversation(IMAGES)
        for (what, message), place in steps:
            change(conversation, what, message, place)
            if what in ("save", "resume", "fork"):
                await recorder.save(conversation, SETTINGS)
            if what in ("resume", "fork") and recorder.path:
                path = recorder.path
                await recorder.close()
                recorder = SessionRecorder(directory)
                again = recorder.resume if what == "resume" else recorder.fork
                loaded = (await again(path)).conversation
                assert tree(loaded) == tree(conversation)
                conversation = loaded
        await recorder.save(conversation, SETTINGS)
        await recorder.close()
        if recorder.path:
            loaded = load(recorder.path).conversation
            assert tree(loaded) == tree(conversation)
            assert {id_: loaded.children(id_) for id_ in (None, *(node.id for node in loaded.nodes))} == {
                id_: conversation.children(id_) for id_ in (None, *(node.id for node in conversation.nodes))
            }

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(live(Path(directory)))
