"""The sample that `config init` writes and `docs/configuration.md`, both made from the table of keys.

`python -m ollama_chat_tui.config_docs >docs/configuration.md` renews the page; a test fails when it is stale.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from msgspec import NODEFAULT, Struct

from ollama_chat_tui.chat.options import OPTION_TYPES
from ollama_chat_tui.config.keys import (
    PROFILE_VARIABLE,
    TABLES_OF_TABLES,
    VARIABLES,
    Config,
    Host,
    Profile,
    Tools,
    bare_type,
    description_of,
    in_words,
    keys_of,
    notes_on,
)
from ollama_chat_tui.config.text import dotted, toml_text
from ollama_chat_tui.environment import CONFIG_DIR_VARIABLE

SAMPLE_HEAD = """\
# The configuration of ollama-chat. To set a key, take the # before it away.
# What holds now, and why: ollama-chat config show --origin
"""

PAGE_HEAD = f"""\
# Configuration

<!-- Generated: python -m ollama_chat_tui.config_docs >docs/configuration.md -->

`ollama-chat` reads one file, `config.toml`. `ollama-chat config path` says where it is; the variable
`{CONFIG_DIR_VARIABLE}` names another directory. The program changes the file only when you ask it to:

| Command | What it does |
|---|---|
| `ollama-chat config init` | writes a commented sample; never over a file that is there |
| `ollama-chat config show` | shows what holds now; with `--origin` from where; `--json` is for scripts |
| `ollama-chat config edit` | opens the file in `$VISUAL` or `$EDITOR` and checks it afterwards |
| `ollama-chat config set KEY VALUE` | sets one key and keeps comments and order |
| `ollama-chat config unset KEY` | takes one key, or a whole table, out |

`KEY` is written as in TOML: `theme`, `options.num_ctx`, `profile."my profile".model`. `VALUE` is taken as it
is where a text may stand; elsewhere it is TOML, and `on` and `off` will do for `true` and `false`.

In the chat `/config`, `/config set KEY VALUE`, `/config unset KEY` and `/config path` do the same, and say
from when on a key holds; `/profile NAME` lets a profile hold, `/host NAME` goes to a server of `[hosts]`.

Beside the file there may be `commands/`, with [commands of your own](commands.md#your-own-commands), and
`schemas/`: `schemas/rivers.json` is the format `rivers`.

A value given by a flag wins over the environment, the environment over the profile, the profile over the
file, and the file over the default. Options count one by one. An unknown key or a wrong value is an error
that names file, line and column.
"""

_OPTION_WORDS = {int: "a whole number", float: "a number", bool: "true or false", list: "a list of texts"}
_EXAMPLE_NAMES = {"hosts": "gpu", "profile": "code"}


def sample() -> str:
    """The commented sample: nothing in it holds until a `#` is taken away."""
    parts = [SAMPLE_HEAD]
    tables: list[str] = []
    for name, field in keys_of(Config).items():
        if name in TABLES_OF_TABLES:
            tables.append(_table_of_tables(name))
        elif bare_type(field.type) is Tools:
            tables.append(_table(name, Tools, description_of(field.type)))
        elif isinstance(field.default_factory, type):
            tables.append(f"{_prose(description_of(field.type))}#[{name}]\n{_entries(field.type)}")
        else:
            about = _prose(description_of(field.type)) + _prose(_facts(name, field))
            parts.append(about + _line(name, _example(field.type)))
    return "\n".join([*parts, *tables])


def page() -> str:
    """The text of `docs/configuration.md`."""
    return "\n".join(
        [
            PAGE_HEAD,
            "## Keys\n",
            *_rows(Config, with_variables=True),
            "\nA variable that is empty says nothing.\n",
            "## `[options]`\n",
            "What Ollama knows, by the same names:\n",
            "| Option | Takes |\n|---|---|",
            *(f"| `{name}` | {_OPTION_WORDS[kind]} |" for name, kind in OPTION_TYPES.items()),
            "\n## `[tools]`\n",
            "[Functions that the model may call](tools.md).\n",
            *_rows(Tools),
            "\n## `[hosts.NAME]`\n",
            "Servers with a name, for `host` and `--host`.\n",
            *_rows(Host),
            "\n## `[profile.NAME]`\n",
            f"Settings for an occasion, chosen with `--profile NAME` or `{PROFILE_VARIABLE}`.",
            "What a profile does not set is that of the profile it inherits from, and then the file's.\n",
            *_rows(Profile),
            "\n## Sample\n",
            f"```toml\n{sample()}```\n",
        ]
    )


def _rows(table: type[Struct], *, with_variables: bool = False) -> Iterator[str]:
    yield "| Key | Takes | Default |" + (" Variable |" if with_variables else "") + " What it does |"
    yield "|---|---|---|" + ("---|" if with_variables else "") + "---|"
    for name, field in keys_of(table).items():
        variable = f" {_code(VARIABLES.get(name, ''))} |" if with_variables else ""
        default = _code(_default(field))
        yield f"| `{name}` | {in_words(field.type)} | {default} |{variable} {description_of(field.type)} |"


def _table(name: str, table: type[Struct], about: str) -> str:
    """A table with keys of its own; what is a table in it comes last, as TOML wants it."""
    keys = keys_of(table)
    inner = [key for key, field in keys.items() if isinstance(_example(field.type), dict)]
    lines = [f"{_prose(about)}#[{name}]\n"]
    lines += [
        _prose(description_of(field.type)) + _line(key, _example(field.type))
        for key, field in keys.items()
        if key not in inner
    ]
    lines += [
        f"\n{_prose(description_of(keys[key].type))}#[{name}.{key}]\n{_entries(keys[key].type)}"
        for key in inner
    ]
    return "".join(lines)


def _table_of_tables(name: str) -> str:
    table = Host if name == "hosts" else Profile
    lines = [_prose(f"{description_of(keys_of(Config)[name].type)}")]
    if table is Profile:
        lines.append('#[profile.base]\n#system = "Answer in plain words."\n\n')
    lines.append(f"#[{name}.{_EXAMPLE_NAMES[name]}]\n")
    for key, field in keys_of(table).items():
        about = "" if table is Profile and key in keys_of(Config) else _prose(description_of(field.type))
        lines.append(about + _line(key, _example(field.type)))
    return "".join(lines)


def _facts(name: str, field: Any) -> str:
    takes, default = in_words(field.type), _default(field)
    facts = {"Takes": takes if takes != "a text" else "", "Default": default, "Variable": VARIABLES[name]}
    return ". ".join(f"{what}: {fact}" for what, fact in facts.items() if fact)


def _entries(annotated: Any) -> str:
    return "".join(_line(name, value) for name, value in _example(annotated).items())


def _line(name: str, value: object) -> str:
    return f"#{dotted((name,))} = {toml_text(value)}\n"


def _prose(text: str) -> str:
    plain = text.replace("`", "")
    return "".join(f"# {line}\n" for line in textwrap.wrap(plain, 98, break_on_hyphens=False))


def _example(annotated: Any) -> Any:
    return next(note.examples[0] for note in reversed(notes_on(annotated)) if note.examples)


def _default(field: Any) -> str:
    """The default as TOML; nothing for what is simply not given."""
    if field.default in (NODEFAULT, "", None) or isinstance(field.default, Struct):
        return ""
    return toml_text(field.default)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    sys.stdout.write(page())
