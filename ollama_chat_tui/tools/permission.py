"""Who may run what: the policy, what the user allowed in this session, and whom to ask about the rest.

How a question looks is for the asker to know; without one, nothing runs that was not allowed before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Protocol

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import Approver, Refused
from ollama_chat_tui.errors import BadConfig, ToolNotAllowed
from ollama_chat_tui.tools.definition import Arguments, Tool
from ollama_chat_tui.tools.registry import Registry


class Permission(StrEnum):
    """What is done with a tool's calls."""

    ASK = "ask"
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True)
class Rule:
    """What holds for one tool: a permission, and the calls that are allowed as they are.

    Attributes:
        calls: whole arguments, or a text for the one parameter that says what a call is about.
    """

    permission: Permission = Permission.ASK
    calls: Sequence[str | Mapping[str, object]] = ()


def read_policy(policy: Mapping[str, object], allowed: Iterable[str] = ()) -> dict[str, Rule]:
    """The rules by tool, of the configuration and of what flags allow.

    In `policy` each tool has `"ask"`, `"allow"` or `"deny"`, or a list of the calls that are allowed.
    `allowed` has names of tools, or `NAME=WHAT` for one exact call, such as `run_shell=git status`; it takes
    nothing away, and what the configuration denies stays denied.

    Raises:
        BadConfig: a rule is none of these.
    """
    rules = {name: _read_rule(name, rule) for name, rule in policy.items()}
    for entry in allowed:
        name, is_exact, subject = entry.partition("=")
        before = rules.get(name, Rule())
        if is_exact:
            rules[name] = replace(before, calls=(*before.calls, subject))
        elif before.permission is not Permission.DENY:
            rules[name] = replace(before, permission=Permission.ALLOW)
    return rules


def _read_rule(name: str, rule: object) -> Rule:
    if isinstance(rule, list) and all(isinstance(call, str | dict) for call in rule):
        return Rule(calls=rule)
    if isinstance(rule, str) and rule in list(Permission):
        return Rule(Permission(rule))
    raise BadConfig(
        f"{rule!r} is no rule for the tool {name}.", 'Write "ask", "allow", "deny" or a list of calls.'
    )


class Choice(Enum):
    """What a user may say to a call."""

    ONCE = "once"
    TOOL = "this tool for the session"
    CALL = "exactly this call for the session"
    EDIT = "with other arguments"
    NO = "no"
    STOP = "no, and stop the turn"


@dataclass(frozen=True)
class Verdict:
    """What a user said: with EDIT the arguments, with NO a reason, which may be empty."""

    choice: Choice
    arguments: Arguments = field(default_factory=dict)
    reason: str = ""


class Asker(Protocol):
    """Somebody who can be asked."""

    async def ask(self, call: ToolCall, tool: Tool) -> Verdict:
        """Whether a call may run."""
        ...

    async def goes_on(self, call: ToolCall, times: int) -> bool:
        """Whether the turn goes on although the same call came again."""
        ...


class Gatekeeper:
    """Decides about calls; fits the engine's `Approver`.

    Attributes:
        not_allowed: the tools of calls that were refused where nobody can be asked.
    """

    def __init__(self, registry: Registry, rules: Mapping[str, Rule], asker: Asker | None) -> None:
        self.not_allowed: list[str] = []
        self._registry = registry
        self._rules = rules
        self._asker = asker
        self._allowed: list[tuple[Tool, str]] = []  # a call's identity, or nothing for every call
        self._one_by_one = asyncio.Lock()

    async def decide(self, call: ToolCall) -> ToolCall | Refused:
        """The call that may run, or why none may."""
        tool = self._registry.tool(call.name)
        if tool is None:
            return Refused("There is no tool of that name.")
        async with self._one_by_one:
            permission = self._permission(call, tool)
            if permission is Permission.ALLOW:
                return call
            if self._asker is None:
                self.not_allowed.append(call.name)
            if permission is Permission.DENY:
                return Refused("The user's configuration does not allow this tool.")
            if self._asker is None:
                return Refused("This tool is not allowed here, and nobody can be asked. Do without it.")
            return self._obeyed(call, tool, await self._asker.ask(call, tool))

    def words_for(self, tool: Tool) -> str:
        """What is done with calls of a tool, in a word or two."""
        rule = self._rules.get(tool.name, Rule())
        if rule.permission is Permission.DENY:
            return "deny"
        if not tool.always_asks and (rule.permission is Permission.ALLOW or self._is_allowed(tool)):
            return "allow"
        return "allow some" if rule.calls else "ask"

    async def goes_on(self, call: ToolCall, times: int) -> bool:
        """Whether the turn goes on although the same call came again."""
        return self._asker is not None and await self._asker.goes_on(call, times)

    def check(self, flag: str = "--allow-tools") -> None:
        """Say what was not allowed, when all is over.

        Raises:
            ToolNotAllowed: a call was refused where nobody can be asked.
        """
        if self.not_allowed:
            name = self.not_allowed[0]
            tool = self._registry.tool(name)
            what = f"'{name}=…' with the exact {tool.subject}" if tool and tool.always_asks else name
            is_denied = self._rules.get(name, Rule()).permission is Permission.DENY
            raise ToolNotAllowed(
                f"The model wanted to use {name}, which was not allowed.",
                "The configuration denies it." if is_denied else f"Give {flag} {what}.",
            )

    def _permission(self, call: ToolCall, tool: Tool) -> Permission:
        rule = self._rules.get(call.name, Rule())
        if rule.permission is Permission.DENY:
            return Permission.DENY
        is_exactly_allowed = any(_is_meant(call, tool, each) for each in rule.calls)
        if is_exactly_allowed or self._is_allowed(tool, call.identity):
            return Permission.ALLOW
        if tool.always_asks:
            return Permission.ASK
        is_allowed = rule.permission is Permission.ALLOW or self._is_allowed(tool)
        return Permission.ALLOW if is_allowed else Permission.ASK

    def _is_allowed(self, tool: Tool, what: str = "") -> bool:
        """Whether the user said so of the tool itself; its name may be another one's after a reload."""
        return any(each is tool and allowed == what for each, allowed in self._allowed)

    def _obeyed(self, call: ToolCall, tool: Tool, verdict: Verdict) -> ToolCall | Refused:
        match verdict.choice:
            case Choice.ONCE:
                return call
            case Choice.TOOL:
                self._allowed.append((tool, ""))
                return call
            case Choice.CALL:
                self._allowed.append((tool, call.identity))
                return call
            case Choice.EDIT:
                return ToolCall(call.name, dict(verdict.arguments), call.id)
            case Choice.NO:
                return Refused(f"The user refused this call. {_reason(verdict.reason)}".strip())
            case Choice.STOP:
                return Refused("The user refused this call.", ends_turn=True)


def _reason(text: str) -> str:
    return f"The reason: {text}" if text else ""


def _is_meant(call: ToolCall, tool: Tool, allowed: str | Mapping[str, object]) -> bool:
    arguments = {tool.subject: allowed} if isinstance(allowed, str) else allowed
    return call.identity == ToolCall(call.name, dict(arguments)).identity


def _fits(gatekeeper: Gatekeeper) -> Approver:
    """Checked by mypy: it is what the engine asks for."""
    return gatekeeper
