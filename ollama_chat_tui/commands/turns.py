"""Commands about turns: back, again, otherwise, further. What was said is never lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.message import Ending, Role
from ollama_chat_tui.chat.options import parse_option
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context, Outgoing
from ollama_chat_tui.commands.layout import shortened
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.commands.words import model_names
from ollama_chat_tui.errors import NothingThere, UsageError

LONGEST_EXCERPT = 48


def register_turn_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("Turns")
    registry.command("retry", arguments="[MODEL] [OPTION=VALUE…]", words=model_names)(retry)
    registry.command("continue")(go_on)
    registry.command("edit", arguments="[N]")(edit)
    registry.command("undo", arguments="[N]")(undo)
    registry.command("fork", arguments="[N]")(fork)
    registry.command("branches", arguments="[N]")(branches)


async def retry(context: Context, text: str) -> str:
    """Ask the last question again, also of another model.

    Options hold for this one answer. The answer before stays on a branch of its own.
    """
    settings = _settings_for(context.settings, text.split())
    if context.conversation.retry() is None:
        raise NothingThere("There is no question yet.")
    context.outgoing = Outgoing("", settings)
    return ""


def _settings_for(settings: Settings, words: Sequence[str]) -> Settings:
    options = dict(settings.options)
    for word in words:
        if "=" in word:
            name, value = parse_option(word)
            options[name] = value
        else:
            settings = replace(settings, model=word)
    return replace(settings, options=options)


async def go_on(context: Context, _: str) -> str:
    """Go on with an answer that was stopped or cut."""
    head = context.conversation.head
    if head is None or head.message.role is not Role.ASSISTANT or not head.message.content:
        raise NothingThere("There is no answer to go on with.", "/retry asks the last question again.")
    if head.message.tool_calls:
        raise UsageError("The model has called a tool here.", "/retry asks the last question again.")
    context.outgoing = Outgoing("", context.settings)
    return ""


async def edit(context: Context, text: str) -> str:
    """Take a question back into the prompt, to change it.

    What was attached to it is attached again. N counts the questions from the first one; without it it is the
    last. What was said after it stays on a branch of its own.
    """
    question = _question(context.conversation, text)
    context.conversation.move_head(question.parent)
    context.draft = question.message.content
    context.attachments.add_again(question.message.images, context.conversation.images)
    return ""


async def undo(context: Context, text: str) -> str:
    """Take back the last turn, or the last N."""
    questions = _questions(context.conversation)
    count = _number(text, len(questions), "turn") if text else 1
    if not questions:
        raise NothingThere("There is no turn to take back.")
    first = questions[-count]
    context.conversation.move_head(first.parent)
    return f"Back to before “{_excerpt(first)}”. /branches has what was said."


async def fork(context: Context, text: str) -> str:
    """Go on in a new session, from here or the Nth turn.

    The session before stays as it is.
    """
    nodes = context.conversation.branch()
    if not nodes:
        raise NothingThere("There is nothing to go on from yet.")
    if text:
        questions = _questions(context.conversation)
        number = _number(text, len(questions), "turn")
        nodes = nodes[: nodes.index(questions[number])] if number < len(questions) else nodes
    context.begin(Conversation.of(nodes, nodes[-1].id, context.conversation.images))
    return f"A new session from “{_excerpt(nodes[-1])}” on. The one before stays as it is."


async def branches(context: Context, text: str) -> str:
    """Show the branches of the conversation, or go over to one."""
    conversation = context.conversation
    leaves = [node for node in conversation.nodes if not conversation.children(node.id)]
    if not leaves:
        raise NothingThere("Nothing has been said yet.")
    if not text:
        return "\n".join(_tree(conversation, leaves))
    leaf = leaves[_number(text, len(leaves), "branch") - 1]
    conversation.move_head(leaf.id)
    await context.screen.replay(conversation)
    return f"Branch {text}: after “{_excerpt(leaf)}”."


def _tree(conversation: Conversation, leaves: Sequence[Node]) -> Iterator[str]:
    """A row for what lies between two forks, indented by forks; a number where a branch ends."""
    numbers = {leaf.id: number for number, leaf in enumerate(leaves, 1)}
    used = {node.id for node in conversation.branch()}
    waiting = [(node, 0) for node in reversed(conversation.children(None))]
    while waiting:
        first, depth = waiting.pop()
        last, length = first, 1
        while len(following := conversation.children(last.id)) == 1:
            last, length = following[0], length + 1
        waiting += [(node, depth + 1) for node in reversed(following)]
        number = f"{numbers[last.id]:>3}" if last.id in numbers else "   "
        mark = "●" if last.id in used else "○" if first.id not in used else "◐"
        more = f"  (+{length - 1})" if length > 1 else ""
        yield f"{number} {'  ' * depth}{mark} {first.message.role}: {_excerpt(first)}{more}"
    yield "/branches N goes over to one; ● is where you are."


def _questions(conversation: Conversation) -> list[Node]:
    return [node for node in conversation.branch() if node.message.role is Role.USER]


def _question(conversation: Conversation, text: str) -> Node:
    questions = _questions(conversation)
    if not questions:
        raise NothingThere("There is no question yet.")
    return questions[_number(text, len(questions), "question") - 1 if text else -1]


def _number(text: str, most: int, what: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= most):
        known = f"There are 1 to {most}." if most else "There is none yet."
        raise NothingThere(f"There is no {what} {text}.", known)
    return int(text)


def _excerpt(node: Node) -> str:
    """How a message begins, on one row."""
    message = node.message
    said = message.content or ("calls " + ", ".join(call.name for call in message.tool_calls))
    text = " ".join(said.split()) or "…"
    short = shortened(text, LONGEST_EXCERPT)
    return f"{short} (stopped)" if message.ending is not Ending.COMPLETE else short
