from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ollama_chat_tui.chat.conversation import NO_ANSWER, SKIPPED_CALL, Conversation
from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from tests.turns import conversation_of

TEXTS = st.sampled_from(["", "a", "b c"])
CALLS = st.lists(st.sampled_from([ToolCall("f", {}), ToolCall("g", {"x": 1}, "call_1")]), max_size=3).map(
    tuple
)
ANSWERS = st.builds(
    Message,
    st.just(Role.ASSISTANT),
    content=TEXTS,
    thinking=TEXTS,
    tool_calls=CALLS,
    ending=st.sampled_from(Ending),
)

ONE, TWO = Image("1" * 64, "image/png"), Image("2" * 64, "audio/wav")


def question(text: str) -> Message:
    return Message(Role.USER, text)


def answer(text: str = "", *calls: ToolCall, thinking: str = "") -> Message:
    return Message(Role.ASSISTANT, text, thinking, tool_calls=calls)


def result(text: str, call: ToolCall) -> Message:
    return Message(Role.TOOL, text, tool_name=call.name, tool_call_id=call.id)


def told(conversation: Conversation, system: str = "") -> list[tuple[str, str]]:
    return [(message.role.value, message.content) for message in conversation.for_request(system)]


def accept(messages: list[Message]) -> None:
    """Be as strict as the strictest chat template: it raises on anything out of order."""
    if messages and messages[0].role is Role.SYSTEM:
        messages = messages[1:]
    expects = Role.USER
    calls: list[ToolCall] = []
    for message in messages:
        if calls:
            assert message.role is Role.TOOL, "a call has no result"
            call = calls.pop(0)
            assert (message.tool_name, message.tool_call_id) == (call.name, call.id)
            continue
        # Calls and their results count as neither question nor answer.
        assert message.role is expects, f"{message.role} where {expects} was due"
        assert message.role is Role.USER or not message.is_empty
        calls = list(message.tool_calls)
        if not calls:
            expects = Role.ASSISTANT if message.role is Role.USER else Role.USER
    assert not calls, "the last calls have no results"


class Talk:
    """A conversation to which all that may happen to one happens, in any order."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.conversation = Conversation()

    def ask(self) -> None:
        self.conversation.append(question(self.data.draw(TEXTS)))

    def respond(self) -> None:
        """A turn runs only when something was asked, and the tools of a whole answer run in order."""
        if not self.conversation.head:
            return
        reply = self.conversation.append(self.data.draw(ANSWERS)).message
        for call in reply.tool_calls[: self.data.draw(st.integers(0, 3))]:
            self.conversation.append(result("r", call))

    def retry(self) -> None:
        self.conversation.retry()

    def edit(self) -> None:
        if self.conversation.nodes:
            node = self.data.draw(st.sampled_from(self.conversation.nodes))
            self.conversation.edit(node.id, structs.replace(node.message, content="edited"))

    def move(self) -> None:
        places = [None, *(node.id for node in self.conversation.nodes)]
        self.conversation.move_head(self.data.draw(st.sampled_from(places)))


@given(st.data())
def test_whatever_was_edited_retried_and_interrupted_a_strict_template_accepts_it(
    data: st.DataObject,
) -> None:
    talk = Talk(data)
    steps = [talk.ask, talk.respond, talk.respond, talk.retry, talk.edit, talk.move]
    for _ in range(data.draw(st.integers(0, 12))):
        before = talk.conversation.nodes
        data.draw(st.sampled_from(steps))()
        assert talk.conversation.nodes[: len(before)] == before, "something was deleted"
    messages = talk.conversation.for_request(data.draw(TEXTS))
    accept(messages)
    texts = "\n\n".join(message.content for message in messages)
    for node in talk.conversation.branch():
        assert node.message.content in texts


def test_the_branch_goes_from_the_root_to_the_head() -> None:
    conversation = conversation_of(question("a"), answer("b"))
    assert told(conversation, "Brief.") == [("system", "Brief."), ("user", "a"), ("assistant", "b")]
    assert conversation.head
    assert conversation.head.message.content == "b"


def test_nothing_was_said_yet() -> None:
    conversation = Conversation()
    assert conversation.head is None
    assert conversation.branch() == []
    assert conversation.for_request() == []
    assert conversation.retry() is None


def test_retry_makes_a_sibling_of_the_answer() -> None:
    conversation = conversation_of(question("a"), answer("b"), question("c"), answer("d"))
    asked = conversation.retry()
    assert asked
    assert asked.message.content == "c"
    conversation.append(answer("e"))
    assert [content for _, content in told(conversation)] == ["a", "b", "c", "e"]
    assert [node.message.content for node in conversation.children(asked.id)] == ["d", "e"]


def test_edit_makes_a_sibling_of_the_question() -> None:
    conversation = conversation_of(question("a"), answer("b"), question("c"))
    first = conversation.branch()[0]
    conversation.edit(first.id, question("A"))
    assert told(conversation) == [("user", "A")]
    assert [node.message.content for node in conversation.children(None)] == ["a", "A"]


def test_a_head_can_only_be_a_message_there_is() -> None:
    conversation = conversation_of(question("a"))
    with pytest.raises(KeyError):
        conversation.move_head("nope")
    with pytest.raises(KeyError):
        conversation.edit("nope", question("b"))
    conversation.move_head(None)
    assert conversation.head is None
    assert len(conversation.nodes) == 1


def test_questions_without_an_answer_between_are_joined() -> None:
    conversation = conversation_of(
        Message(Role.USER, "a", images=(ONE,)), answer(), Message(Role.USER, "b", images=(TWO,))
    )
    assert told(conversation) == [("user", "a\n\nb")]
    assert conversation.for_request()[0].images == (ONE, TWO)


def test_an_answer_that_was_taken_up_again_is_joined() -> None:
    assert told(conversation_of(question("a"), answer("b"), answer("c")))[1:] == [("assistant", "b\n\nc")]


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    f, g = ToolCall("f", {}, "1"), ToolCall("g", {}, "2")
    conversation = conversation_of(question("a"), answer("", f, g), result("r", f))
    assert told(conversation)[2:] == [("tool", "r"), ("tool", SKIPPED_CALL)]


@pytest.mark.parametrize("number", ["2", ""])
def test_a_result_that_is_lost_takes_no_other_ones_place(number: str) -> None:
    """As when a line of the session is damaged."""
    f, g = ToolCall("f", {}, number and "1"), ToolCall("g", {}, number)
    messages = conversation_of(question("a"), answer("", f, g), result("s", g)).for_request()
    accept(messages)
    assert [message.content for message in messages[2:]] == [SKIPPED_CALL, "s"]


def test_results_stand_in_the_order_of_the_calls_and_name_them_whoever_wrote_them_down() -> None:
    f, g = ToolCall("f", {}, "1"), ToolCall("f", {}, "2")
    second, first = Message(Role.TOOL, "s", tool_call_id="2"), Message(Role.TOOL, "r", tool_call_id="1")
    messages = conversation_of(question("a"), answer("", f, g), second, first).for_request()
    accept(messages)
    assert [message.content for message in messages[2:]] == ["r", "s"]


def test_a_round_of_tools_that_was_left_ends_in_an_answer_before_the_next_question() -> None:
    f = ToolCall("f", {})
    conversation = conversation_of(question("a"), answer("", f), result("r", f), answer(), question("b"))
    assert told(conversation)[2:] == [("tool", "r"), ("assistant", NO_ANSWER), ("user", "b")]


def test_a_result_that_nothing_asked_for_is_left_out() -> None:
    f = ToolCall("f", {})
    conversation = conversation_of(
        question("a"), result("r", f), answer("b", f), result("s", f), result("t", f)
    )
    assert [content for role, content in told(conversation) if role == "tool"] == ["s"]


def test_reasoning_goes_back_only_within_the_open_round() -> None:
    f = ToolCall("f", {})
    conversation = conversation_of(
        question("a"),
        answer("b", thinking="old"),
        question("c"),
        answer("", f, thinking="new"),
        result("r", f),
    )
    assert [message.thinking for message in conversation.for_request()] == ["", "", "", "new", ""]
    conversation.append(answer("d"))
    conversation.append(question("e"))
    assert not any(message.thinking for message in conversation.for_request())


def test_the_next_message_is_called_what_was_announced() -> None:
    conversation = Conversation()
    announced = conversation.next_id
    assert conversation.append(question("a")).id == announced
    assert conversation.next_id != announced


def test_what_is_new_is_told_by_how_much_is_known() -> None:
    conversation = conversation_of(question("a"), answer("b"), question("c"))
    assert [node.message.content for node in conversation.nodes_after(1)] == ["b", "c"]
    assert conversation.nodes_after(3) == []


def test_a_conversation_is_built_again_from_its_messages() -> None:
    conversation = conversation_of(question("a"), answer("b"))
    conversation.retry()
    conversation.append(answer("c"))
    conversation.move_head(None)
    again = Conversation.of(conversation.nodes, None)
    assert (again.nodes, again.head) == (conversation.nodes, None)
    assert again.children(again.nodes[0].id) == conversation.nodes[1:]
    with pytest.raises(KeyError):
        Conversation.of(conversation.nodes, "nobody")


def test_stripped_images_are_not_sent_and_stay_in_the_conversation() -> None:
    conversation = Conversation()
    conversation.append(Message(Role.USER, "a", images=(ONE, TWO)))
    conversation.append(Message(Role.ASSISTANT, "b"))
    assert conversation.strip_images() == 2
    conversation.append(Message(Role.USER, "c", images=(ONE,)))
    assert [message.images for message in conversation.for_request()] == [(), (), (ONE,)]
    assert [node.message.images for node in conversation.branch()] == [(ONE, TWO), (), (ONE,)]
    assert (conversation.strip_images(), conversation.strip_images()) == (1, 0)
