"""Who may run what, with somebody to ask and without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import Refused
from ollama_chat_tui.errors import BadConfig, ExitCode, ToolNotAllowed
from ollama_chat_tui.tools.definition import Arguments, Tool
from ollama_chat_tui.tools.permission import Choice, Gatekeeper, Rule, Verdict, read_policy
from ollama_chat_tui.tools.registry import Registry


async def nothing(_: Arguments) -> str:
    return ""


SHELL = Tool("run_shell", "", {}, nothing, subject="command", always_asks=True)
READ = Tool("read", "", {}, nothing, subject="path")


@dataclass
class Person:
    """Says the same to everything."""

    verdict: Verdict = field(default_factory=lambda: Verdict(Choice.ONCE))
    asked: list[ToolCall] = field(default_factory=list)

    async def ask(self, call: ToolCall, tool: Tool) -> Verdict:
        assert tool.name == call.name
        self.asked.append(call)
        return self.verdict

    async def goes_on(self, call: ToolCall, times: int) -> bool:
        return times < 4


def keeper(person: Person | None, rules: Mapping[str, Rule] | None = None) -> tuple[Gatekeeper, Registry]:
    registry = Registry()
    registry.put("test", [SHELL, READ])
    return Gatekeeper(registry, rules or {}, person), registry


def run(command: str, number: str = "") -> ToolCall:
    return ToolCall("run_shell", {"command": command}, number)


def read(path: str, number: str = "") -> ToolCall:
    return ToolCall("read", {"path": path}, number)


async def test_each_call_is_asked_for() -> None:
    person = Person()
    gate, _ = keeper(person)
    assert await gate.decide(read("a")) == read("a")
    assert await gate.decide(read("a")) == read("a")
    assert person.asked == [read("a"), read("a")]


async def test_a_tool_may_be_allowed_for_the_session_until_it_is_another_one() -> None:
    person = Person(Verdict(Choice.TOOL))
    gate, registry = keeper(person)
    await gate.decide(read("a"))
    assert await gate.decide(read("b")) == read("b")
    assert person.asked == [read("a")]
    registry.put("test", [SHELL, Tool("read", "", {}, nothing)])
    await gate.decide(read("c"))
    assert person.asked == [read("a"), read("c")]


async def test_exactly_one_call_may_be_allowed_for_the_session_until_the_tool_is_another_one() -> None:
    person = Person(Verdict(Choice.CALL))
    gate, registry = keeper(person)
    for call in (run("ls", "1"), run("ls", "2"), run("ls -l")):
        assert await gate.decide(call) == call
    assert person.asked == [run("ls", "1"), run("ls -l")]
    registry.put("test", [Tool("run_shell", "", {}, nothing)])
    await gate.decide(run("ls"))
    assert person.asked[2:] == [run("ls")]


async def test_the_shell_is_never_allowed_as_a_whole() -> None:
    person = Person(Verdict(Choice.TOOL))
    gate, _ = keeper(person, read_policy({"run_shell": "allow"}, ["run_shell"]))
    await gate.decide(run("ls"))
    await gate.decide(run("rm -rf /"))
    assert person.asked == [run("ls"), run("rm -rf /")]


@pytest.mark.parametrize(
    ("policy", "allowed", "call", "is_asked"),
    [
        ({"read": "allow"}, [], read("a"), False),
        ({"read": "ask"}, [], read("a"), True),
        ({"read": ["a"]}, [], read("a"), False),
        ({"read": ["a"]}, [], read("ab"), True),
        ({"read": ["a"]}, [], ToolCall("read", {"path": "a", "lines": 9}), True),
        ({"read": [{"path": "a", "lines": 9}]}, [], ToolCall("read", {"path": "a", "lines": 9}), False),
        ({"read": [{"path": "a", "lines": 1}]}, [], ToolCall("read", {"lines": 1, "path": "a"}), False),
        ({"read": [{"path": "a", "lines": 1}]}, [], ToolCall("read", {"path": "a", "lines": True}), True),
        ({"read": [{"path": "a", "lines": 1}]}, [], ToolCall("read", {"path": "a", "lines": 1.0}), True),
        ({}, ["read"], read("a"), False),
        ({"read": "ask"}, ["read"], read("a"), False),
        ({}, ["run_shell=git status"], run("git status"), False),
        ({}, ["run_shell=git status"], run("git status; rm -rf /"), True),
        ({}, ["run_shell=a=b"], run("a=b"), False),
        ({"run_shell": ["make test"]}, ["run_shell=ls"], run("make test"), False),
        ({"run_shell": ["make test"]}, ["run_shell=ls", "run_shell"], run("make test"), False),
        ({"run_shell": ["make test"]}, ["run_shell=ls", "run_shell"], run("ls"), False),
        ({}, ["other"], read("a"), True),
    ],
)
async def test_what_is_allowed_beforehand_is_not_asked_for(
    policy: Mapping[str, object], allowed: list[str], call: ToolCall, is_asked: bool
) -> None:
    person = Person()
    gate, _ = keeper(person, read_policy(policy, allowed))
    assert await gate.decide(call) == call
    assert bool(person.asked) is is_asked


@pytest.mark.parametrize("allowed", [[], ["read"], ["read=a"]])
async def test_what_is_denied_is_not_asked_for_and_no_flag_allows_it(allowed: list[str]) -> None:
    person = Person()
    gate, _ = keeper(person, read_policy({"read": "deny"}, allowed))
    assert isinstance(await gate.decide(read("a")), Refused)
    assert person.asked == []


@pytest.mark.parametrize("rule", ["yes", 1, True, ["a", 1], {"a": 1}])
def test_a_rule_that_is_none_is_an_error(rule: object) -> None:
    with pytest.raises(BadConfig):
        read_policy({"read": rule})


async def test_other_arguments_are_the_ones_that_run() -> None:
    gate, _ = keeper(Person(Verdict(Choice.EDIT, {"command": "ls"})))
    assert await gate.decide(run("rm", "1")) == run("ls", "1")


async def test_a_refusal_has_a_reason_and_may_end_the_turn() -> None:
    gate, _ = keeper(Person(Verdict(Choice.NO, reason="Too dangerous.")))
    assert await gate.decide(run("x")) == Refused("The user refused this call. The reason: Too dangerous.")
    gate, _ = keeper(Person(Verdict(Choice.NO)))
    assert await gate.decide(run("x")) == Refused("The user refused this call.")
    gate, _ = keeper(Person(Verdict(Choice.STOP)))
    assert await gate.decide(run("x")) == Refused("The user refused this call.", ends_turn=True)


async def test_with_nobody_to_ask_nothing_runs_and_the_end_says_so() -> None:
    gate, _ = keeper(None, read_policy({}, ["read"]))
    assert await gate.decide(read("a")) == read("a")
    gate.check()
    refused = await gate.decide(run("ls"))
    assert isinstance(refused, Refused)
    assert "nobody can be asked" in refused.reason
    assert not await gate.goes_on(run("ls"), 3)
    with pytest.raises(ToolNotAllowed) as error:
        gate.check()
    assert error.value.exit_code is ExitCode.TOOL_NOT_ALLOWED
    assert error.value.sentence == "The model wanted to use run_shell, which was not allowed."
    assert error.value.hint == "Give --allow-tools 'run_shell=…' with the exact command."


async def test_what_is_denied_is_refused_with_nobody_to_ask_and_the_end_says_why() -> None:
    gate, _ = keeper(None, read_policy({"read": "deny"}, ["read"]))
    assert await gate.decide(read("a")) == Refused("The user's configuration does not allow this tool.")
    with pytest.raises(ToolNotAllowed) as error:
        gate.check()
    assert error.value.hint == "The configuration denies it."


async def test_a_tool_that_is_off_is_not_asked_for() -> None:
    person = Person()
    gate, registry = keeper(person)
    registry.turn("read", on=False)
    assert isinstance(await gate.decide(read("a")), Refused)
    assert person.asked == []
    assert await gate.goes_on(read("a"), 3)
