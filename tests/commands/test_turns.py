from __future__ import annotations

from collections.abc import Sequence

import pytest

from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from ollama_chat_tui.commands.context import Context, Outgoing
from ollama_chat_tui.errors import BadOption, NothingThere, UsageError
from tests.commands.conftest import NotedScreen, run


@pytest.fixture
def talked(context: Context) -> Context:
    for number in range(1, 4):
        context.conversation.append(Message(Role.USER, f"Question {number}"))
        context.conversation.append(Message(Role.ASSISTANT, f"Answer {number}"))
    return context


def said(context: Context) -> Sequence[str]:
    return [node.message.content for node in context.conversation.branch()]


async def test_retry_asks_the_last_question_again(talked: Context) -> None:
    await run(talked, "/retry")
    assert talked.outgoing == Outgoing("", talked.settings)
    assert said(talked)[-1] == "Question 3"


async def test_retry_may_go_to_another_model_with_other_options_for_once(talked: Context) -> None:
    before = talked.settings
    await run(talked, "/retry smollm2:latest temperature=0.2 seed=7")
    assert talked.outgoing is not None
    assert talked.outgoing.settings.model == "smollm2:latest"
    assert talked.outgoing.settings.options == {"temperature": 0.2, "seed": 7}
    assert talked.settings is before


async def test_a_wrong_option_of_retry_leaves_the_conversation_where_it_is(talked: Context) -> None:
    with pytest.raises(BadOption):
        await run(talked, "/retry temprature=1")
    assert said(talked)[-1] == "Answer 3"


async def test_an_answer_that_was_stopped_is_gone_on_with(talked: Context) -> None:
    talked.conversation.retry()
    talked.conversation.append(Message(Role.ASSISTANT, "Half an", ending=Ending.INTERRUPTED))
    await run(talked, "/continue")
    assert talked.outgoing == Outgoing("", talked.settings)
    assert said(talked)[-1] == "Half an"


async def test_there_may_be_nothing_to_go_on_with(talked: Context) -> None:
    talked.conversation.append(Message(Role.ASSISTANT, "I look.", tool_calls=(ToolCall("look", {}),)))
    with pytest.raises(UsageError, match="called a tool"):
        await run(talked, "/continue")
    talked.conversation.retry()
    with pytest.raises(NothingThere):
        await run(talked, "/continue")


@pytest.mark.parametrize(("line", "question"), [("/edit", "Question 3"), ("/edit 1", "Question 1")])
async def test_a_question_returns_to_the_prompt_and_what_followed_stays(
    talked: Context, line: str, question: str
) -> None:
    await run(talked, line)
    assert talked.draft == question
    assert question not in said(talked)
    assert len(talked.conversation.nodes) == 6


@pytest.mark.parametrize(("line", "left"), [("/undo", 4), ("/undo 2", 2), ("/undo 3", 0)])
async def test_turns_are_taken_back(talked: Context, line: str, left: int) -> None:
    assert "Back to before" in await run(talked, line)
    assert len(said(talked)) == left
    assert len(talked.conversation.nodes) == 6


@pytest.mark.parametrize(
    ("line", "last"), [("/fork", "Answer 3"), ("/fork 1", "Answer 1"), ("/fork 3", "Answer 3")]
)
async def test_a_fork_is_another_conversation_from_there_on(talked: Context, line: str, last: str) -> None:
    before = talked.conversation
    await run(talked, line)
    assert talked.conversation is not before
    assert said(talked)[-1] == last
    assert len(before.branch()) == 6


async def test_branches_are_drawn_and_gone_over_to(talked: Context, screen: NotedScreen) -> None:
    await run(talked, "/undo 2")
    talked.conversation.append(Message(Role.USER, "Another\nquestion"))
    talked.conversation.append(Message(Role.ASSISTANT, "x" * 100, ending=Ending.INTERRUPTED))
    shown = (await run(talked, "/branches")).splitlines()
    assert shown[:3] == [
        "    ● user: Question 1  (+1)",
        "  1   ○ user: Question 2  (+3)",
        "  2   ● user: Another question  (+1)",
    ]
    assert "“Answer 3”" in await run(talked, "/branches 1")
    assert said(talked)[-1] == "Answer 3"
    assert [message.content for message in screen.replayed] == said(talked)
    assert (await run(talked, "/branches")).splitlines()[1].startswith("  1   ●")


async def test_a_branch_that_goes_on_from_the_middle_is_half_in_use(talked: Context) -> None:
    await run(talked, "/undo")
    assert (await run(talked, "/branches")).startswith("  1 ◐ user: Question 1  (+5)")


@pytest.mark.parametrize("line", ["/retry", "/continue", "/edit", "/undo", "/fork", "/branches"])
async def test_before_anything_was_said_there_is_nothing_there(context: Context, line: str) -> None:
    with pytest.raises(NothingThere):
        await run(context, line)


@pytest.mark.parametrize(
    "line", ["/edit 4", "/edit 0", "/edit x", "/undo 4", "/undo x", "/fork 4", "/branches 2"]
)
async def test_a_number_that_there_is_not_is_named(talked: Context, line: str) -> None:
    with pytest.raises(NothingThere, match=line.split()[1]):
        await run(talked, line)
    assert len(said(talked)) == 6
