"""The page `docs/commands.md`, made from the table of commands."""

from __future__ import annotations

from ollama_chat_tui.commands.registry import Command, Registry

_HEAD = """# Commands

Made from the table of commands by `make docs`; a test fails when it is stale. In the chat, `/help` shows the
same, and Tab completes names and arguments.

A line that starts with `//` or with a path is sent to the model as it is.
"""

_TAIL = """## Your own commands

A Markdown file `NAME.md` in the folder `commands/` beside the configuration (`ollama-chat config path` says
where that is) is the command `/NAME`: what it says is sent to the model. It is read when it is needed, so a
change counts at once. `commands/tldr.md`:

```markdown
---
description: Say it in three points
temperature: 0
---
Say in three points what this is about:

{{input}}
```

| in the text | |
|---|---|
| `{{args}}` | what stands after the name |
| `{{input}}` | what stands after the name; when nothing does, the last answer |
| both | `{{args}}` is the rest of the first line, `{{input}}` the lines after it, else the last answer |
| neither | what stands after the name follows the text, after an empty line |

So `/tldr` sums up the last answer, and `/tldr` with a pasted text that text. Between the two `---` stands one
`name: value` a line: `description` (for `/help`), `model`, `system`, `format` (`json`, a schema's file or
name), `think`, `keep_alive`, and every option of Ollama's by its name (`seed: 7`; a `stop` may stand there
several times). They hold for this one turn. A line that begins with `#` says nothing.

A name is letters, digits, `-` and `_`; the program's own commands go before yours. What is wrong with a file
is said with its line when the chat begins, by `/help`, and when you use it; all other commands work.
"""


def commands_page(registry: Registry) -> str:
    """The whole page, as Markdown."""
    parts = [_HEAD]
    for topic, commands in registry.topics().items():
        rows = "".join(_row(command) for command in commands)
        parts.append(f"## {topic}\n\n| command | |\n|---|---|\n{rows}")
    return "\n".join([*parts, _TAIL])


def _row(command: Command) -> str:
    also = "".join(f", `/{alias}`" for alias in command.aliases)
    usage = command.usage.replace("|", "\\|")
    return f"| `{usage}`{also} | {' '.join(command.help.split())} |\n"
