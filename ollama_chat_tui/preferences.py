"""What holds now, and why: flag before environment before profile before file before default.

Stands above the core and the backends, because only they know what an option or an address is.
Knows no flag by its spelling beyond the rule that a key `keep_alive` has the flag `--keep-alive`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ollama_chat_tui.chat.options import OPTION_TYPES, check_options, parse_keep_alive
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.config.check import Complaint, Meaning, ancestry, nearest, put, read_value
from ollama_chat_tui.config.file import ConfigFile, read_config
from ollama_chat_tui.config.keys import PROFILE_VARIABLE, VARIABLES, Config, Host
from ollama_chat_tui.config.text import KeyPath, Place
from ollama_chat_tui.errors import BadConfig
from ollama_chat_tui.schemas.shelf import Shelf

if TYPE_CHECKING:
    from ollama_chat_tui.backends.connection import Access


HIDDEN = "(hidden)"


class Source(Enum):
    """Where a value comes from, the strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    PROFILE = "profile"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True)
class Origin:
    """Where one value comes from.

    Attributes:
        name: the flag, the variable, the profile, or the file.
        place: where in the file, for a profile and the file.
    """

    source: Source
    name: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        where = f":{self.place.line}:{self.place.column}" if self.place else ""
        if self.source is Source.PROFILE:
            return f"profile {self.name}{where and f' (line {where[1:]})'}"
        return f"{self.source.value} {self.name}{where}".rstrip()


@dataclass(frozen=True)
class Preferences:
    """What holds now.

    Attributes:
        config: every value, those of flags, environment and profile laid over the file's.
        file: what was read; its `complaint` points at a key for who finds fault with one later.
        profile: the profile in force; empty: none.
        variables: the process environment.
    """

    config: Config
    file: ConfigFile
    profile: str
    variables: Mapping[str, str]
    _flags: Mapping[str, object]
    _layers: Mapping[KeyPath, tuple[Source, str]]

    @property
    def folder(self) -> Path:
        """Where the user's own things are: the configuration, `commands/`, `schemas/`."""
        return self.file.path.parent

    def with_profile(self, name: str) -> Preferences:
        """What holds with another profile; none for an empty name, whatever the environment says.

        Raises:
            BadConfig: there is no such profile.
        """
        return _resolved(self.file, self.variables, self._flags, name)

    def reread(self) -> Preferences:
        """What holds with the file as it is now.

        Raises:
            BadConfig: it is broken, or no longer has the profile.
        """
        file = read_config(self.file.path, meaning())
        if file.error:
            raise file.error
        return _resolved(file, self.variables, self._flags, self.profile)

    def rows(self) -> Iterator[tuple[KeyPath, object]]:
        """Every key that was given and every default; keys that stand for nothing are left out."""
        for key, value in leaves(msgspec.to_builtins(self.config)):
            is_default = self.origin(key).source is Source.DEFAULT
            if not is_default or (len(key) == 1 and value not in ("", None)):
                yield key, HIDDEN if key[2:3] == ("headers",) else value

    def origin(self, key: KeyPath) -> Origin:
        """Where the value of a key comes from; options and keys have one each: `("options", "seed")`."""
        source, name = self._layers.get(key, (Source.DEFAULT, ""))
        if source is Source.PROFILE:
            return Origin(source, name, self.file.place(("profile", name, *key), at_key=True))
        if source is Source.FILE:
            return Origin(source, str(self.file.path), self.file.place(key, at_key=True))
        return Origin(source, name)

    def settings(self) -> Settings:
        """How the model is asked; `model` may be empty.

        Raises:
            UsageError: the format is none, or its file cannot be read.
        """
        config = self.config
        return Settings(
            config.model,
            config.system,
            check_options(config.options),
            think=config.think,
            keep_alive=_keep_alive(config.keep_alive),
            format=self.read_format(config.format),
            format_retries=config.format_retries,
        )

    @property
    def shelf(self) -> Shelf:
        """The schemas that have a name."""
        return Shelf.of(self.folder)

    def read_format(self, text: str) -> str | Mapping[str, object] | None:
        """Read what names a format.

        Raises:
            BadSchema: it is none, or its file cannot be read.
        """
        if text in ("", "json"):  # as nearly always; the rest costs a start-up
            return text or None
        from ollama_chat_tui.schemas.reading import read_format

        return read_format(text, self.shelf)

    def host(self) -> Host:
        """The host in force: the one of that name in `[hosts]`, else an address without anything more."""
        named = self.config.hosts.get(self.config.host)
        return named or Host(url=self.config.host)


def meaning() -> Meaning:
    """What option names and values mean, for `load_config`, `read_config` and `config_edit`."""
    return Meaning(OPTION_TYPES, _check)


def resolve(
    file: ConfigFile,
    variables: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    profile: str = "",
) -> Preferences:
    """Lay flags over environment over profile over file over defaults.

    Args:
        file: what was read.
        variables: the process environment; an empty variable says nothing.
        flags: the flags that were given, by key (`options` by option), parsed and checked.
        profile: what `--profile` named; without it `OLLAMA_CHAT_PROFILE` counts.

    Raises:
        BadConfig: there is no such profile, or a variable makes no sense.
    """
    return _resolved(file, variables, flags or {}, profile or variables.get(PROFILE_VARIABLE, ""))


def _resolved(
    file: ConfigFile, variables: Mapping[str, str], flags: Mapping[str, object], profile: str
) -> Preferences:
    # Not from nothing: a profile without a key in it is one all the same.
    data = copy.deepcopy(dict(file.data))
    layers: dict[KeyPath, tuple[Source, str]] = {}
    for source, name, values in _layers(file, variables, flags, profile):
        for key, value in leaves(values):
            put(data, key, value)
            layers[key] = (source, name or _flag(key))
    return Preferences(msgspec.convert(data, Config), file, profile, variables, flags, layers)


def access_to(host: Host, variables: Mapping[str, str]) -> Access:
    """How a host wants to be spoken to; a key that the file names for it is sent to it.

    Raises:
        BadConfig: the variable that should hold its key is not set.
    """
    from ollama_chat_tui.backends.connection import Access  # it imports httpx, which no prompt waits for

    key = variables.get(host.api_key_env or "OLLAMA_API_KEY", "")
    if host.api_key_env and not key:
        hint = f"Set it, or take api_key_env out of the configuration of {host.url}."
        raise BadConfig(f"The variable {host.api_key_env} is not set.", hint)
    ca_file = Path(host.ca_file).expanduser() if host.ca_file else None
    return Access(key, host.send_key or bool(host.api_key_env), host.headers, ca_file)


def leaves(table: Mapping[str, Any], path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Every value in nested tables, with its key."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _layers(
    file: ConfigFile, variables: Mapping[str, str], flags: Mapping[str, object], profile: str
) -> Iterator[tuple[Source, str, Mapping[str, Any]]]:
    """The layers, the weakest first: what they are, their name, what they say."""
    yield Source.FILE, str(file.path), file.data
    profiles = file.data.get("profile", {})
    if profile and profile not in profiles:
        raise BadConfig(f"There is no profile “{profile}” in {file.path}.", nearest(profile, [*profiles]))
    for name in reversed([*ancestry(profiles, profile)]):
        yield Source.PROFILE, name, {k: v for k, v in profiles[name].items() if k != "inherits"}
    for key, variable in VARIABLES.items():
        if text := variables.get(variable):
            value = read_value((key,), text, meaning(), _complaint_of(variable))
            yield Source.ENVIRONMENT, variable, {key: value}
    yield Source.FLAG, "", flags


def _flag(key: KeyPath) -> str:
    return "--option" if key[0] == "options" else f"--{key[0]}".replace("_", "-")


def _complaint_of(variable: str) -> Complaint:
    def complain(key: KeyPath, sentence: str, hint: str = "", *, at_key: bool = False) -> BadConfig:
        del key, at_key
        return BadConfig(f"{variable}: {sentence}", hint)

    return complain


def _check(key: KeyPath, value: object) -> None:
    bare = key[2:] if key[0] == "profile" else key
    match bare:
        case ("options", str(name)):
            check_options({name: value})
        case ("keep_alive",):
            _keep_alive(value)
        case ("host",) | ("hosts", _, "url"):
            from ollama_chat_tui.backends.hosts import parse_host  # few name a host; it imports ipaddress

            parse_host(str(value))
        case _:
            pass


def _keep_alive(value: Any) -> float | str | None:
    return parse_keep_alive(value) if isinstance(value, str) else value
