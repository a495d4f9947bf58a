"""What a chat needs, as a table of checks: each looks at one thing and says how it is and what to do.

A check is an async function from a `Patient` to a `Finding`; to add one, add a line to `CHECKS`. It may
raise: `examine` makes a finding of that too. Nothing here writes to a terminal.
"""

from __future__ import annotations

import codecs
import os
import platform
import re
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from ollama_chat_tui import __version__
from ollama_chat_tui.backends.choice import GET_OLLAMA, Choice, Wanted, choose_model
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.connection import proxy_for
from ollama_chat_tui.backends.embedded.engine import is_installed
from ollama_chat_tui.backends.embedded.weights import check_model_file, have_weights, weights_path
from ollama_chat_tui.backends.hosts import Host, parse_host
from ollama_chat_tui.commands.model_facts import NOTHING_LOADED, loaded_row
from ollama_chat_tui.config.file import config_path, read_config
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ChatError
from ollama_chat_tui.preferences import meaning
from ollama_chat_tui.state import load_state
from ollama_chat_tui.terminal.ability import has_hyperlinks, is_dumb
from ollama_chat_tui.terminal.theme import ColourDepth, colour_depth
from ollama_chat_tui.terminal.window import notification_code

DISTRIBUTION = "ollama-chat-tui"
NEEDED_PYTHON = (3, 11)
SKEW_S = 60
SMALLEST = (20, 5)
"""Columns and lines from which every part of the screen has room."""


class Verdict(StrEnum):
    """How a thing is."""

    FINE = "fine"
    BROKEN = "broken"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        advice: what to do; empty when nothing is to be done.
        is_needed: whether a chat suffers when it is broken.
    """

    verdict: Verdict
    says: str
    advice: str = ""
    is_needed: bool = True


@dataclass(frozen=True)
class Patient:
    """What is looked at.

    Attributes:
        host: None when none was asked for, or its name makes no sense.
        client: of a server that answers, else None.
        failure: why it does not.
    """

    environment: Environment
    wanted: Wanted
    host: Host | None = None
    client: OllamaClient | None = None
    version: str = ""
    failure: Exception | None = None

    @property
    def wants_embedded(self) -> bool:
        return self.wanted.is_embedded or self.wanted.model_file is not None

    @property
    def can_embed(self) -> bool:
        """Whether the embedded engine would answer at once when no server does."""
        return is_installed() and (self.wanted.model_file is not None or have_weights(self.environment))


Look = Callable[[Patient], Awaitable[Finding]]


@dataclass(frozen=True)
class Check:
    """A line of the table; of what is not needed nothing that is found makes a chat suffer."""

    name: str
    look: Look
    is_needed: bool = True


@asynccontextmanager
async def meet(environment: Environment, wanted: Wanted) -> AsyncIterator[Patient]:
    """Ask the server once whether it is there; whatever goes wrong is kept for the checks."""
    host, version, client, failure = None, "", None, None
    if not (wanted.is_embedded or wanted.model_file):
        try:
            host = parse_host(wanted.host)
            client = OllamaClient(host, wanted.access)
            version = await client.version()
        except Exception as exc:  # noqa: BLE001 - it is told as a finding
            failure = exc
    try:
        asked = client if failure is None else None
        yield Patient(environment, wanted, host, asked, version, failure)
    finally:
        if client:
            await client.aclose()


async def examine(check: Check, patient: Patient) -> Finding:
    """Run one check; never raises."""
    try:
        finding = await check.look(patient)
    except ChatError as error:
        finding = broken(error.sentence, error.hint)
    except OSError as exc:
        reason = f"{exc.strerror or exc}: {exc.filename}" if exc.filename else str(exc)
        finding = broken(reason, "Check that it is there and yours.")
    except Exception as exc:  # noqa: BLE001 - a doctor that faints helps nobody
        says = f"this could not be checked: {type(exc).__name__}: {exc}"
        finding = broken(says, "This is a defect of ollama-chat.")
    return replace(finding, is_needed=finding.is_needed and check.is_needed)


def fine(says: str, advice: str = "") -> Finding:
    return Finding(Verdict.FINE, says, advice)


def not_applicable(says: str, advice: str = "") -> Finding:
    return Finding(Verdict.NOT_APPLICABLE, says, advice)


def broken(says: str, advice: str, *, is_needed: bool = True) -> Finding:
    return Finding(Verdict.BROKEN, says, advice, is_needed)


async def check_python(_: Patient) -> Finding:
    says = f"ollama-chat {__version__}, Python {platform.python_version()}, {platform.system()}"
    if sys.version_info < NEEDED_PYTHON:
        return broken(says, f"Python {'.'.join(map(str, NEEDED_PYTHON))} or newer is needed.")
    return fine(says)


async def check_server(patient: Patient) -> Finding:
    if patient.wants_embedded:
        return not_applicable("the embedded engine was asked for")
    if patient.failure is None:
        assert patient.host is not None  # noqa: S101 - for the type checker
        return fine(f"{patient.host.label} answers, version {patient.version}")
    if not patient.wanted.host.strip() and isinstance(patient.failure, ChatError) and patient.can_embed:
        return not_applicable(
            f"{patient.failure.sentence} The embedded engine answers instead.", f"Get Ollama: {GET_OLLAMA}"
        )
    raise patient.failure


async def check_models(patient: Patient) -> Finding:
    client = patient.client
    if client is None:
        return not_applicable("no server was asked")
    remembered = load_state(patient.environment).last_models.get(client.host.label, "")
    chosen = await choose_model(Choice(client), "", remembered)
    count = len(await client.installed())
    return fine(f"{count} {'model' if count == 1 else 'models'}; {chosen} would answer")


async def check_loaded(patient: Patient) -> Finding:
    if patient.client is None:
        return not_applicable("no server was asked")
    loaded = await patient.client.loaded()
    if not loaded:
        return not_applicable(NOTHING_LOADED)
    rows = [[cell for cell in loaded_row(model) if cell] for model in loaded]
    return fine("; ".join(f"{name}: {', '.join(facts)}" for name, *facts in rows))


async def check_clock(patient: Patient) -> Finding:
    server_time = await patient.client.server_time() if patient.client else None
    if server_time is None:
        return not_applicable("no server tells the time")
    skew_s = round((datetime.now(UTC) - server_time).total_seconds())
    if abs(skew_s) <= SKEW_S:
        return fine("agrees with the server's")
    way = "ahead of" if skew_s > 0 else "behind"
    return broken(
        f"{abs(skew_s)} s {way} the server's",
        "Set the wrong one: times of expiry and the sign-in to Ollama's cloud go by it.",
    )


async def check_config(patient: Patient) -> Finding:
    file = read_config(config_path(patient.environment), meaning())
    if file.error:
        return broken(file.error.sentence, file.error.hint)
    if not file.path.exists():
        return not_applicable("none; `ollama-chat config init` writes one")
    return fine(str(file.path))


async def check_proxy(patient: Patient) -> Finding:
    if patient.host is None:
        return not_applicable("no server was asked")
    if proxy := proxy_for(patient.host):
        parts = urlsplit(proxy)
        return fine(
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2]} stands between, set by the environment"
        )
    return fine("none, the server is asked directly")


async def check_embedded(patient: Patient) -> Finding:
    wanted = patient.wanted
    if wanted.model_file:
        check_model_file(wanted.model_file)
    wants = broken if patient.wants_embedded else not_applicable
    if not is_installed():
        return wants("not installed", f"To chat without a server: pip install '{DISTRIBUTION}[embedded]'")
    if not patient.can_embed:
        return wants("installed; its model is not here yet", "Fetch it (93 MB) with: ollama-chat --fetch")
    return fine(f"installed; its model is {wanted.model_file or weights_path(patient.environment)}")


async def check_extras(_: Patient) -> Finding:
    try:
        package = metadata.metadata(DISTRIBUTION)
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return not_applicable("run from its sources, not installed")
    extras = [extra for extra in package.get_all("Provides-Extra") or [] if extra != "dev"]
    missing = [extra for extra in extras if not all(map(_is_there, _packages(requirements, extra)))]
    if not missing:
        return fine(f"installed: {', '.join(extras)}")
    advice = f"If you want them: pip install '{DISTRIBUTION}[{','.join(missing)}]'"
    return not_applicable(f"not installed: {', '.join(missing)}", advice)


def _packages(requirements: Sequence[str], extra: str) -> list[str]:
    wanted = re.compile(rf"""extra\s*==\s*['"]{re.escape(extra)}['"]""")
    names = [re.match(r"[\w.-]+", line) for line in requirements if wanted.search(line)]
    return [name[0] for name in names if name]


def _is_there(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


async def check_terminal(patient: Patient) -> Finding:
    stdout, term = patient.environment.stdout, patient.environment.variables.get("TERM", "")
    if not stdout.isatty():
        return not_applicable("standard output is no terminal")
    size = os.get_terminal_size(stdout.fileno())
    says = f"{size.columns} × {size.lines}, TERM={term or 'unset'}"
    if term in ("", "dumb", "unknown"):
        return broken(says, "It gets plain text; for more set TERM, such as xterm-256color.", is_needed=False)
    if (size.columns, size.lines) != (0, 0) and (size.columns < SMALLEST[0] or size.lines < SMALLEST[1]):
        advice = f"Make the window larger: {SMALLEST[0]} × {SMALLEST[1]} at least."
        return broken(says, advice)
    return fine(says)


async def check_colours(patient: Patient) -> Finding:
    variables = patient.environment.variables
    if variables.get("NO_COLOR"):
        return fine("none, because NO_COLOR is set")
    depth = colour_depth(variables)
    if depth is ColourDepth.NONE:
        return not_applicable("none")
    return fine(f"{int(depth):,}".replace(",", " "))


async def check_abilities(patient: Patient) -> Finding:
    variables = patient.environment.variables
    if not patient.environment.stdout.isatty() or is_dumb(variables):
        return not_applicable("none are used")
    links = "links can be clicked" if has_hyperlinks(variables) else "links are shown as text"
    return fine(f"{links}; it is notified by OSC {notification_code(variables)}, if the setting notify is on")


async def check_encoding(patient: Patient) -> Finding:
    encoding, variables = patient.environment.stdout.encoding, patient.environment.variables
    named = [name for name in ("PYTHONIOENCODING", "LC_ALL", "LC_CTYPE", "LANG") if variables.get(name)]
    says = f"{encoding or 'unknown'}" + (f" ({named[0]}={variables[named[0]]})" if named else "")
    if encoding and codecs.lookup(encoding).name == "utf-8":
        return fine(says)
    remedy = "unset PYTHONIOENCODING" if "PYTHONIOENCODING" in named else "export LC_ALL=C.UTF-8"
    return broken(says, f"Much of what a model writes cannot be shown: {remedy}")


def directory(place: Callable[[Environment], Path]) -> Look:
    """A check whether a directory can be used, or made when it is needed."""

    async def look(patient: Patient) -> Finding:
        return check_directory(place(patient.environment))

    return look


def check_directory(path: Path) -> Finding:
    """Look whether files can be written there; nothing stays behind."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    advice = f"Make {place} a directory that you may write to, or set OLLAMA_CHAT_DATA_DIR to one."
    if not place.is_dir():
        return broken(f"{place} is no directory", advice)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as exc:
        return broken(f"{place} cannot be written to: {(exc.strerror or str(exc)).lower()}", advice)
    if place != path:
        return fine(f"{path}, made when it is needed")
    mode = path.stat().st_mode
    if os.name == "posix" and mode & 0o077:
        says = f"{path} is open to others ({stat.filemode(mode)})"
        return broken(says, f"chmod 700 {path}", is_needed=False)
    return fine(str(path))


CHECKS: Sequence[Check] = (
    Check("program", check_python),
    Check("extras", check_extras, is_needed=False),
    Check("server", check_server),
    Check("models", check_models),
    Check("loaded", check_loaded, is_needed=False),
    Check("clock", check_clock, is_needed=False),
    Check("proxy", check_proxy, is_needed=False),
    Check("embedded", check_embedded),
    Check("terminal", check_terminal, is_needed=False),
    Check("colours", check_colours, is_needed=False),
    Check("abilities", check_abilities, is_needed=False),
    Check("encoding", check_encoding),
    Check("data", directory(lambda environment: environment.data_dir)),
    Check("state", directory(lambda environment: environment.state_dir), is_needed=False),
    Check("config", check_config),
)
