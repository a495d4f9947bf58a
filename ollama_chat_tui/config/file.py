"""The user's configuration: read, checked against the table of keys, and pointed into when it is wrong.

Knows files and places in them; what a key may hold `config_check` knows. Nothing here writes.
"""

from __future__ import annotations

import codecs
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_chat_tui.config.check import Meaning, check_config
from ollama_chat_tui.config.keys import Config
from ollama_chat_tui.config.text import KeyPath, Place, excess
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadConfig

if TYPE_CHECKING:
    from ollama_chat_tui.config.places import Spot

FILE_NAME = "config.toml"
LARGEST_FILE_BYTES = 1 << 20

_MENDING_HINT = "Mend it with: ollama-chat config edit"
_TOML_PLACE = r" \(at (?:line (\d+), column (\d+)|end of document)\)$"


@dataclass(frozen=True)
class ConfigFile:
    """A file that was read, whole or broken.

    Attributes:
        text: its text, lines ending in a bare line feed; empty when there is none, or it is no TOML.
        data: what it says, as TOML has it; empty when it is broken.
        config: the same with every default; all defaults when it is broken.
        error: why it is broken.
    """

    path: Path
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    config: Config = field(default_factory=Config)
    error: BadConfig | None = None

    def place(self, key: KeyPath, *, at_key: bool = False) -> Place | None:
        """Where a key's value (or the key itself) stands, or the nearest table around it; None: nowhere."""
        spots = self._spots
        while key and key not in spots:
            key, at_key = key[:-1], True
        if not key:
            return None
        return Place.at(self.text, spots[key].key if at_key else spots[key].value)

    @cached_property
    def _spots(self) -> Mapping[KeyPath, Spot]:
        from ollama_chat_tui.config.places import find_spots  # a start without errors points at nothing

        return find_spots(self.text)

    def complaint(self, key: KeyPath, sentence: str, hint: str = "", *, at_key: bool = False) -> BadConfig:
        """An error about a key, pointing at its value; for whoever finds fault with a value later."""
        return _at(self.path, self.place(key, at_key=at_key), sentence, hint)


def config_path(environment: Environment) -> Path:
    """Where the configuration is, or would be."""
    return environment.config_dir / FILE_NAME


def load_config(environment: Environment, meaning: Meaning | None = None) -> ConfigFile:
    """Read the user's configuration; no file is an empty one.

    Raises:
        BadConfig: the file cannot be read, is no TOML, or holds a wrong key or value.
    """
    file = read_config(config_path(environment), meaning)
    if file.error:
        raise file.error
    return file


def read_config(path: Path, meaning: Meaning | None = None) -> ConfigFile:
    """Read a configuration; what is wrong with it becomes its `error`, as `doctor` needs it."""
    file = ConfigFile(path)
    try:
        text = read_text(path).replace("\r\n", "\n")
        data = parse(path, text) if text else {}
        file = replace(file, text=text)
        config = check_config(data, meaning or Meaning(), file.complaint)
        return replace(file, data=data, config=config)
    except BadConfig as error:
        return replace(file, error=error)


def read_text(path: Path) -> str:
    """Read a configuration's text with its own line ends, without a byte order mark; no file is no text.

    Raises:
        BadConfig: it cannot be read.
    """
    try:
        # A pipe or a device would never end, or never begin.
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadConfig(
                f"{path} is no file.", "The configuration belongs there: move away what is there."
            )
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as exc:
        raise BadConfig(f"{path} cannot be read: {exc.strerror}.") from exc
    if len(content) > LARGEST_FILE_BYTES:
        raise BadConfig(f"{path} is larger than {LARGEST_FILE_BYTES >> 20} MiB: that is no configuration.")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        before = content[: exc.start].decode()
        place = Place.at(before, len(before))
        sentence = f"The byte 0x{content[exc.start]:02x} is not UTF-8."
        raise _at(path, place, sentence, "Save the file as UTF-8.") from exc


def parse(path: Path, text: str) -> dict[str, Any]:
    """Read TOML.

    Raises:
        BadConfig: it is none.
    """
    import tomllib  # a start without a file does not pay for it

    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as exc:
        # Before Python 3.14 the place is nowhere but in the message, and there its form is frozen.
        told = re.search(_TOML_PLACE, str(exc))
        what = str(exc)[: told.start()] if told else "it cannot be read"
        place = None
        if told:
            place = Place(int(told[1]), int(told[2])) if told[1] else Place.at(text, len(text))
        raise _at(path, place, f"This is no TOML: {what[:1].lower()}{what[1:]}.", _MENDING_HINT) from exc
    if reason := excess(data):
        raise BadConfig(f"{path}: This is no configuration: {reason}.", _MENDING_HINT)
    return data


def _at(path: Path, place: Place | None, sentence: str, hint: str = "") -> BadConfig:
    where = f"{path}:{place.line}:{place.column}" if place else f"{path}"
    return BadConfig(f"{where}: {sentence}", hint)
