"""The scenes: each function is one picture, named after it, in `screenshots/`.

A new one is a function here that plays until the screen shows what it should; the test and
`make screenshots` find it by themselves.
"""

from __future__ import annotations

from pathlib import Path

from tests.command import READY
from tests.media.pictures import png
from tests.pictures.stage import Scene, Stage, scene, text_deltas, thinking_deltas

ESCAPE, DOWN = "\x1b", "\x1b[B"
FOLDER = Path(__file__).parents[2] / "screenshots"

DEQUE = '''\
## A deque that forgets

Give `deque` a `maxlen`: whatever is appended beyond it **drops the oldest**, so reading the whole file \
leaves its last lines.

```python
from collections import deque

def tail(path: str, count: int = 10) -> list[str]:
    """Return the last lines of a file."""
    with open(path, encoding="utf-8") as file:
        return list(deque(file, maxlen=count))
```

- It holds `count` lines, however long the file is.
- It never seeks, so a *pipe* or a compressed stream will do as well.

| way | memory | time | pipes |
|:----|:-------|:-----|:-----:|
| `deque(file, n)` | n lines | reads everything once | yes |
| `readlines()[-n:]` | the whole file | reads everything once | yes |
| seeking from the end | one block | reads one block | no |
'''

TIDES = """\
The Moon pulls hardest on the side of the Earth that faces it, and least on the side that is turned away. \
What the oceans feel is the **difference**: they are stretched along the line to the Moon, and so there are \
two bulges, not one.

The Earth turns under both in a day, which is why most coasts see two high tides, about 12 hours and 25 \
minutes apart. The Sun does the same, less than half as strongly: when both """

THOUGHTS = """\
The user asks how many primes there are below 50. Let me list them instead of guessing: 2, 3, 5, 7, 11, 13, \
17, 19, 23, 29, 31, 37, 41, 43, 47. That is five, six, seven ... let me count again, in groups. 2, 3, 5, 7 \
are four. 11, 13, 17, 19 are four more, so eight. 23 and 29 make ten. 31, 37 make twelve. 41, 43 and 47 \
make fifteen. The prime-counting function at 50 should be"""

GREETINGS = """\
| language | hello | goodbye |
|---|---|---|
| 中文 | 你好 | 再见 |
| 日本語 | こんにちは | さようなら |
| 한국어 | 안녕하세요 | 안녕히 가세요 |
| Ελληνικά | γειά σου 👋 | αντίο |

> 早起きは三文の徳。 Getting up early brings a small profit. 🐦

1. 🍜 ラーメンは**熱いうち**に食べる。
2. 🎉 Emoji are as wide as two letters, and the table knows it.
"""


RIVER = '{"name": "Loire", "km": 1012, "through": ["Roanne", "Nevers", "Tours"], "navigable": false}'


@scene(columns=100, lines=30, has_png=True)
def chat(stage: Stage) -> None:
    _markdown(stage)


@scene(columns=100, lines=30, background="light")
def light(stage: Stage) -> None:
    _markdown(stage)


@scene(columns=40, lines=46)
def narrow(stage: Stage) -> None:
    _markdown(stage)


@scene(lines=14)
def answering(stage: Stage) -> None:
    stage.ask_without_end("Why are there two tides a day?", *text_deltas(TIDES))
    stage.type("And at the poles?\rWhat about la")
    stage.see("1 queued › What about la")


@scene(lines=15)
def stopped(stage: Stage) -> None:
    stage.ask_without_end("Why are there two tides a day?", *text_deltas(TIDES))
    stage.type(ESCAPE)
    stage.see("stopped")
    stage.see(READY, 2)


@scene(lines=11)
def thinking(stage: Stage) -> None:
    stage.ask_without_end("How many primes are there below 50?", *thinking_deltas(THOUGHTS))


@scene(lines=19)
def wide_characters(stage: Stage) -> None:
    stage.ask("「こんにちは」を四つの言語で 🙏", GREETINGS, eval_count=141, eval_duration=3_300_000_000)


@scene(lines=20)
def approval(stage: Stage) -> None:
    stage.type("/tools add examples/weather.py\r")
    stage.see("may call get_current_weather")
    place = {"location": "Oslo, NO", "format": "celsius"}
    stage.ask_to_call("Do I need a coat in Oslo?", "get_current_weather", **place)
    stage.see("Run it?")


@scene(lines=57)
def commands(stage: Stage) -> None:
    stage.type("/help all\r")
    stage.see(READY, 2)


@scene(lines=12)
def completion(stage: Stage) -> None:
    stage.type("/co")
    stage.see("/copy-model")
    stage.type("\t")
    stage.see(">>> /continue")


@scene(lines=16)
def help_filter(stage: Stage) -> None:
    stage.type("/help\r")
    stage.see("type to narrow")
    stage.type("model")
    stage.see("Help: model")


@scene(lines=19)
def structured(stage: Stage) -> None:
    stage.type("/format name, km:int, through:[str], navigable:bool\r")
    stage.see(READY, 2)
    stage.ask("The longest river of France?", RIVER, eval_count=38, eval_duration=868_000_000)


@scene(columns=100, lines=10)
def models(stage: Stage) -> None:
    stage.type("/models\r")
    stage.see("› qwen3:8b")
    stage.type(DOWN)
    stage.see("› gemma3:4b")


@scene(lines=19)
def image(stage: Stage) -> None:
    picture = stage.home / "flag.png"
    picture.write_bytes(png(64, 40))
    stage.type(f"/model gemma3:4b\r/image ~/{picture.name}\r")
    stage.see("Attached flag.png")
    stage.see("with flag.png")
    stage.type("Which colours has it")


@scene(lines=9, is_served=False)
def no_server(stage: Stage) -> None:
    stage.type("Is anybody there?\r")
    stage.see("Is anybody there?", 2)


def _markdown(stage: Stage) -> None:
    stage.ask(
        "How do I get the last lines of a huge file?", DEQUE, eval_count=214, eval_duration=4_886_000_000
    )


SCENES = [each for each in globals().values() if isinstance(each, Scene)]
