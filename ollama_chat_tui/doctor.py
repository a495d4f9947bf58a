"""`ollama-chat doctor`: every check as a line, or all as one JSON object; an exit code that tells which."""

from __future__ import annotations

from typing import TextIO

import msgspec

from ollama_chat_tui import __version__
from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ExitCode
from ollama_chat_tui.health import CHECKS, Check, Finding, Verdict, examine, meet
from ollama_chat_tui.terminal.sanitize import sanitize_line

MARKS = {Verdict.FINE: "✓", Verdict.BROKEN: "✗", Verdict.NOT_APPLICABLE: "–"}
PLAIN_MARKS = {Verdict.FINE: "ok", Verdict.BROKEN: "NO", Verdict.NOT_APPLICABLE: "--"}


async def run_doctor(environment: Environment, wanted: Wanted, *, as_json: bool) -> ExitCode:
    """Check everything, show it, and say whether nothing that is needed is broken."""
    lines = _Lines(environment.stdout)
    findings: list[tuple[Check, Finding]] = []
    async with meet(environment, wanted) as patient:
        for check in CHECKS:
            finding = await examine(check, patient)
            findings.append((check, finding))
            if not as_json:
                lines.show(check.name, finding)
    is_well = not any(each.verdict is Verdict.BROKEN and each.is_needed for _, each in findings)
    if as_json:
        told = [{"name": check.name, **msgspec.to_builtins(finding)} for check, finding in findings]
        report = {"version": __version__, "is_well": is_well, "checks": told}
        lines.write(msgspec.json.encode(report).decode())
    return ExitCode.OK if is_well else ExitCode.FAILED


class _Lines:
    """Writes what a stream without UTF-8 can take, too: that is one of the things to be told of."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout
        self._encoding = stdout.encoding or "utf-8"
        self._marks = MARKS
        try:
            "".join(MARKS.values()).encode(self._encoding)
        except UnicodeEncodeError:
            self._marks = PLAIN_MARKS
        self._width = max(len(check.name) for check in CHECKS)

    def show(self, name: str, finding: Finding) -> None:
        mark = self._marks[finding.verdict]
        self.write(f"{mark} {name:{self._width}}  {finding.says}")
        if finding.advice:
            self.write(f"{' ' * (len(mark) + self._width + 3)}{finding.advice}")

    def write(self, line: str) -> None:
        line = sanitize_line(line)
        self._stdout.write(line.encode(self._encoding, "replace").decode(self._encoding) + "\n")
        self._stdout.flush()
