"""The keys of the configuration: one table, from which reading, errors, sample and docs are made.

A key is a field: its type says what it takes (`title` in words), its default what holds without it,
`description` what it does, `examples` what the sample shows. Knows no file and no meaning beyond types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo

# A Go duration holds 292 years; this many seconds still fit.
LONGEST_KEEP_ALIVE_S = 9_000_000_000
LONGEST_TURN_S = 1_000_000

IMAGE_SIDE_PX = 1568
"""Larger pictures are shrunk by the models themselves."""
LARGEST_IMAGE_SIDE_PX = 20_000

Text = Annotated[str, Meta(title="a text")]
Switch = Annotated[bool, Meta(title="true or false")]
Name = Annotated[str, Meta(min_length=1, title="a name")]
HeaderName = Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z", title="the name of a header")]
HeaderText = Annotated[str, Meta(pattern=r"^[\t -~]*\Z", title="a text in printable ASCII")]
Names = Annotated[list[Name], Meta(title="a list of names, each a text")]
Files = Annotated[list[Name], Meta(title="a list of paths, each a text")]
ToolRule = Annotated[
    Literal["ask", "allow", "deny"] | list[str | dict[str, Any]],
    Meta(title="ask, allow, deny or a list of calls"),
]
KeyNames = Annotated[list[Text], Meta(title="a list of keys, each a text")]

_Seconds = Meta(ge=-1, le=LONGEST_KEEP_ALIVE_S)
_Duration = Annotated[int, _Seconds] | Annotated[float, _Seconds] | str | None

Model = Annotated[
    Text,
    Meta(
        description="The model to talk to; without it the one last used on the host.",
        examples=["qwen3:8b"],
    ),
]
HostName = Annotated[
    Text,
    Meta(
        description="The server: an address as in `OLLAMA_HOST`, or a name from `[hosts]`; "
        "without it `http://127.0.0.1:11434`.",
        examples=["gpu"],
    ),
]
System = Annotated[
    Text, Meta(description="The system prompt, sent before every conversation.", examples=["Answer briefly."])
]
Think = Annotated[
    bool | Literal["low", "medium", "high", "max"] | None,
    Meta(
        title="true, false, low, medium, high or max",
        description="Whether the model thinks first, and how hard; without it the server decides.",
        examples=["low"],
    ),
]
KeepAlive = Annotated[
    _Duration,
    Meta(
        title=f"seconds from -1 to {LONGEST_KEEP_ALIVE_S}, or a duration as a text",
        description="How long the model stays loaded: seconds, a duration such as `1h30m`, `0` (unloaded at "
        "once) or `forever` (also -1); without it the server decides.",
        examples=["30m"],
    ),
]
Format = Annotated[
    Text,
    Meta(
        description="The format of answers: `json`, a schema, its file, its short form, or its name in "
        "`schemas/` beside the configuration; without it free text.",
        examples=["json"],
    ),
]
FormatRetries = Annotated[
    int,
    Meta(
        ge=0,
        title="a whole number from 0",
        description="How often an answer that does not fit its format is asked for again.",
        examples=[2],
    ),
]
Options = Annotated[
    dict[str, Any],
    Meta(
        title="a table of options",
        description="Ollama's options for the model; what is not given the model and the server decide.",
        examples=[{"temperature": 0.7, "num_ctx": 16384}],
    ),
]


class Host(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server that has a name, and how it wants to be spoken to."""

    url: Annotated[
        Text,
        Meta(
            description="Where it is, as in `OLLAMA_HOST`. Required.", examples=["https://gpu.example:11434"]
        ),
    ]
    headers: Annotated[
        dict[HeaderName, HeaderText],
        Meta(
            title="a table of headers",
            description="Headers that are sent with every request.",
            examples=[{"X-Team": "words"}],
        ),
    ] = {}
    api_key_env: Annotated[
        str,
        Meta(
            pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?\Z",
            title="the name of a variable",
            description="The environment variable that holds this host's key, sent as a bearer token.",
            examples=["GPU_EXAMPLE_KEY"],
        ),
    ] = ""
    ca_file: Annotated[
        Text,
        Meta(description="Certificates of your own authority, PEM; `~` is your home.", examples=["~/ca.pem"]),
    ] = ""
    send_key: Annotated[
        Switch,
        Meta(
            description="Whether `OLLAMA_API_KEY` is sent to this host too, not to Ollama's cloud alone.",
            examples=[True],
        ),
    ] = False


class Tools(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Functions that the model may call."""

    on: Annotated[
        Names,
        Meta(
            description="What the model may call from the start: tools that come with the program, functions "
            "of `files`, or a whole file by its path. `/tools` lists them.",
            examples=[["now", "calculate", "get_current_weather"]],
        ),
    ] = []
    files: Annotated[
        Files,
        Meta(
            description="Files of your own functions; `~` is your home. They are run when tools "
            "are first used.",
            examples=[["~/tools/weather.py"]],
        ),
    ] = []
    folders: Annotated[
        Files,
        Meta(
            description="What the file tools may read; commands run in the first. Without it the folder that "
            "the program was started in.",
            examples=[["~/notes"]],
        ),
    ] = []
    allow_private: Annotated[
        Switch,
        Meta(description="Whether `fetch_url` may fetch from this machine and its network.", examples=[True]),
    ] = False
    rounds: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            title="a whole number from 1 to 10000",
            description="How often the model may call tools in one turn before it has to answer.",
            examples=[50],
        ),
    ] = 25
    time_s: Annotated[
        int,
        Meta(
            ge=1,
            le=LONGEST_TURN_S,
            title=f"seconds from 1 to {LONGEST_TURN_S}",
            description="How long such a turn may take; while you are asked it does not count.",
            examples=[600],
        ),
    ] = 3600
    tokens: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000_000,
            title="a whole number from 1 to 1000000000",
            description="How many tokens the model may write in such a turn.",
            examples=[50_000],
        ),
    ] = 200_000
    permission: Annotated[
        dict[Name, ToolRule],
        Meta(
            title="a table of permissions",
            description="What is done with calls of a tool: `ask`, `allow`, `deny`, or a list of the calls "
            "that are allowed as they are: whole arguments, or a text for what the call is about.",
            examples=[{"get_current_weather": "allow", "run_shell": ["git status"]}],
        ),
    ] = {}


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings under one name, for `--profile`."""

    inherits: Annotated[
        Text,
        Meta(description="Another profile, whose values hold where this one is silent.", examples=["base"]),
    ] = ""
    model: Model = ""
    host: HostName = ""
    system: System = ""
    think: Think = None
    keep_alive: KeepAlive = None
    format: Format = ""
    format_retries: FormatRetries = 0
    options: Options = {}


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All keys of `config.toml`."""

    model: Model = ""
    host: HostName = ""
    system: System = ""
    think: Think = None
    keep_alive: KeepAlive = None
    format: Format = ""
    format_retries: FormatRetries = 0
    theme: Annotated[
        Literal["auto", "dark", "light", "none"],
        Meta(
            description="Colours: for a dark or a light background, as the terminal says, or none at all.",
            examples=["dark"],
        ),
    ] = "auto"
    thinking: Annotated[
        Literal["fold", "full", "hide"],
        Meta(description="How reasoning is shown: folded to a line, whole, or not.", examples=["full"]),
    ] = "fold"
    enter: Annotated[
        Literal["sends", "newline"],
        Meta(
            description="What Enter does: sends the message, or begins a line (then Alt-Enter sends).",
            examples=["newline"],
        ),
    ] = "sends"
    editing_mode: Annotated[
        Literal["emacs", "vi"], Meta(description="The keys of the prompt.", examples=["vi"])
    ] = "emacs"
    history: Annotated[
        Switch, Meta(description="Whether what you type is remembered over sessions.", examples=[False])
    ] = True
    preload: Annotated[
        Switch,
        Meta(description="Whether the model is loaded while you type the first message.", examples=[False]),
    ] = True
    notify: Annotated[
        Switch,
        Meta(
            description="Whether the terminal rings and notifies you when an answer took over 30 s and "
            "you look elsewhere.",
            examples=[True],
        ),
    ] = False
    image_side: Annotated[
        int,
        Meta(
            ge=0,
            le=LARGEST_IMAGE_SIDE_PX,
            title=f"pixels from 0 to {LARGEST_IMAGE_SIDE_PX}",
            description="To what the longest side of a larger picture is shrunk; `0` for never.",
            examples=[1024],
        ),
    ] = IMAGE_SIDE_PX
    thumbnails: Annotated[
        Switch,
        Meta(
            description="Whether pictures are shown, small, when they are attached and when a session is "
            "resumed.",
            examples=[False],
        ),
    ] = True
    terminal_title: Annotated[
        Switch, Meta(description="Whether the terminal's title names the model.", examples=[False])
    ] = True
    options: Options = {}
    keys: Annotated[
        dict[Name, KeyNames],
        Meta(
            title="a table of keys",
            description="Keys of your own: an action of `/keys`, and the keys that do it.",
            examples=[{"send": ["c-j"]}],
        ),
    ] = {}
    tools: Annotated[
        Tools, Meta(title="a table", description="Functions that the model may call; see docs/tools.md.")
    ] = Tools()
    hosts: Annotated[
        dict[Name, Host], Meta(title="a table of hosts", description="Servers that `host` calls by name.")
    ] = {}
    profile: Annotated[
        dict[Name, Profile],
        Meta(title="a table of profiles", description="Profiles, chosen with `--profile NAME`."),
    ] = {}


TABLES_OF_TABLES = ("hosts", "profile")
"""Tables of the file that are no settings themselves, but are chosen from by name."""

VARIABLES: Mapping[str, str] = {
    field.name: "OLLAMA_HOST" if field.name == "host" else f"OLLAMA_CHAT_{field.name.upper()}"
    for field in msgspec.structs.fields(Config)
    if field.name not in ("options", "keys", "tools", *TABLES_OF_TABLES)
}
"""The environment variable of each key that has one."""

PROFILE_VARIABLE = "OLLAMA_CHAT_PROFILE"


def keys_of(table: type[Struct]) -> Mapping[str, FieldInfo]:
    """The keys of a table by name, in the order of the docs."""
    return {field.name: field for field in msgspec.structs.fields(table)}


def bare_type(annotated: Any) -> Any:
    """A type without its annotations."""
    return get_args(annotated)[0] if get_origin(annotated) is Annotated else annotated


def notes_on(annotated: Any) -> list[Meta]:
    """The annotations of a type."""
    return list(get_args(annotated)[1:]) if get_origin(annotated) is Annotated else []


def description_of(annotated: Any) -> str:
    """What a key does."""
    return next(note.description for note in reversed(notes_on(annotated)) if note.description)


def in_words(annotated: Any) -> str:
    """What a key takes, for a sentence that begins with “It is”."""
    bare = bare_type(annotated)
    if get_origin(bare) is Literal:
        *choices, last = get_args(bare)
        return f"{', '.join(choices)} or {last}"
    return next((note.title for note in notes_on(annotated) if note.title), "a table")
