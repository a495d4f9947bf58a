"""Where a picture is taken: the real program in an emulated terminal, and a server with a script.

Three kinds of figures differ from run to run and are replaced in the cells: the port of the server, the
seconds of the answer and what is computed from them. Everything else is what the program wrote.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.command import COMMAND, PATIENCE_S, READY, fresh_home, rows_with
from tests.pictures.emulator import Cell, PictureScreen
from tests.pictures.svg import Picture, svg
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Json, Signal, answer, done, end, head, installed, lines, text, wait
from tests.scripted_server import ScriptedServer, closed_port

TITLE = "ollama-chat"
ROOT = Path(__file__).parents[2]
QUIET_S = 0.3
SECONDS = 4


def _model(name: str, modified: str, size: int, parameters: str, window: int, *abilities: str) -> Json:
    model = installed(name, "completion", *abilities, size=size, modified_at=f"{modified}T12:00:00Z")
    model["details"] |= {"parameter_size": parameters, "context_length": window}
    return model


INSTALLED = [
    _model("qwen3:8b", "2026-07-30", 5_225_388_164, "8.2B", 40960, "tools", "thinking"),
    _model("gemma3:4b", "2026-07-12", 3_338_801_804, "4.3B", 131072, "vision"),
    _model("mistral:7b", "2026-06-28", 4_372_824_384, "7.2B", 32768, "tools"),
    _model("llama3.2:3b", "2026-05-03", 2_019_393_189, "3.2B", 131072, "tools"),
    _model("qwen2.5-coder:32b", "2026-02-14", 19_851_349_856, "32.8B", 32768, "tools", "insert"),
]

_FIGURES: Sequence[tuple[str, Callable[[re.Match[str]], str]]] = (
    (r"127\.0\.0\.1:\d+", lambda _: "127.0.0.1:11434"),
    (r"(?<=first after )\d+\.\d\d", lambda _: "0.42"),
    (r"(?<=thought for )\d+", lambda _: str(SECONDS)),
    (
        r"\b(\w+) \d+ s · (\d+) tokens( · \d+/s)?(?= · Esc)",
        lambda found: f"{found[1]} {SECONDS} s · {found[2]} tokens · {int(found[2]) // SECONDS}/s",
    ),
)


@dataclass(frozen=True)
class Stage:
    """What a scene plays on; after its function the screen comes to rest and the picture is taken."""

    server: ScriptedServer
    terminal: PtyTerminal
    home: Path

    def type(self, keys: str) -> None:
        """Press keys; Enter is `\\r`."""
        self.terminal.send(keys)

    def see(self, text: str, times: int = 1) -> None:
        """Wait until so many rows hold a text, be they broken by the terminal or not."""
        self.terminal.wait_for(lambda: len(rows_with(self.terminal, text)) >= times, PATIENCE_S)

    def ask(self, question: str, markdown: str, **last: Any) -> None:
        """Have a question answered, and wait for the next prompt; `last` is for the final line."""
        prompts = len(rows_with(self.terminal, READY))
        self.server.enqueue(*answer(*tokens(markdown), **last))
        self.type(f"{question}\r")
        self.see(READY, prompts + 1)

    def ask_without_end(self, question: str, *deltas: Json) -> None:
        """Have the answer begun, and go on writing for ever."""
        self.server.enqueue(head(), lines(*deltas), wait(Signal()))
        self.type(f"{question}\r")
        self.see("/s · Esc")

    def ask_to_call(self, question: str, tool: str, **arguments: object) -> None:
        """Have a question answered by a call of a tool."""
        calls = [{"function": {"name": tool, "arguments": arguments}}]
        self.server.enqueue(head(), lines(text("", tool_calls=calls), done()), end())
        self.type(f"{question}\r")


@dataclass(frozen=True)
class Scene:
    """What is played, and on what terminal; `is_served` False leaves the program without a server."""

    name: str
    play: Callable[[Stage], None]
    columns: int
    lines: int
    background: str
    has_png: bool
    is_served: bool

    def svg(self) -> str:
        """Play, and draw what is on the screen in the end."""
        with self._stage() as stage:
            self.play(stage)
            return svg(_at_rest(stage.terminal))

    @contextmanager
    def _stage(self) -> Iterator[Stage]:
        with ExitStack() as stack:
            server = stack.enter_context(ScriptedServer())
            server.answers_loads = True
            server.models, server.loaded = INSTALLED, INSTALLED[:1]
            url = server.url
            if not self.is_served:
                url = f"http://127.0.0.1:{stack.enter_context(closed_port())}"
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            home = fresh_home(directory, OLLAMA_HOST=url, COLORTERM="truecolor")
            screen = PictureScreen(self.columns, self.lines, self.background)
            terminal = PtyTerminal(COMMAND, env=home, screen=screen, cwd=ROOT)
            stage = Stage(server, stack.enter_context(terminal), directory)
            stage.see("/help shows" if self.is_served else "ollama serve")
            stage.see(READY)
            yield stage


def scene(
    *,
    columns: int = 80,
    lines: int = 20,
    background: str = "dark",
    has_png: bool = False,
    is_served: bool = True,
) -> Callable[[Callable[[Stage], None]], Scene]:
    """Make a scene of a function, and name it so."""

    def make(play: Callable[[Stage], None]) -> Scene:
        name = play.__name__.replace("_", "-")
        return Scene(name, play, columns, lines, background, has_png, is_served)

    return make


def tokens(markdown: str) -> list[str]:
    """Cut a text as a model would write it: a word at a time."""
    return re.findall(r"\s*\S+|\s+\Z", markdown)


def text_deltas(markdown: str) -> list[Json]:
    return [text(token) for token in tokens(markdown)]


def thinking_deltas(markdown: str) -> list[Json]:
    return [text("", thinking=token) for token in tokens(markdown)]


def _at_rest(terminal: PtyTerminal) -> Picture:
    """What the terminal shows when it has not changed for a while, but for the figures."""
    picture, since_s = _picture(terminal), time.monotonic()

    def is_at_rest() -> bool:
        nonlocal picture, since_s
        now = _picture(terminal)
        if now != picture:
            picture, since_s = now, time.monotonic()
        return time.monotonic() > since_s + QUIET_S

    terminal.wait_for(is_at_rest, PATIENCE_S)
    return picture


def _picture(terminal: PtyTerminal) -> Picture:
    screen = terminal.screen
    assert isinstance(screen, PictureScreen)
    cursor = None if screen.cursor.hidden else (screen.cursor.x, screen.cursor.y)
    return Picture([_steadied(row) for row in screen.rows()], cursor, screen.background, TITLE)


def _steadied(row: list[Cell]) -> list[Cell]:
    """Replace the figures that differ from run to run; the row stays as wide as it is."""
    columns = len(row)
    for pattern, figure in _FIGURES:
        letters = "".join(cell.data[:1] or "\0" for cell in row)
        for found in reversed(list(re.finditer(pattern, letters))):
            look = row[found.start()]
            row[found.start() : found.end()] = [look._replace(data=letter) for letter in figure(found)]
    return [*row, *[Cell()] * columns][:columns]
