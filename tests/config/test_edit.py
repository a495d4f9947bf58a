"""Changing the file by command: what is kept, what is refused, and what is never lost."""

from __future__ import annotations

import codecs
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from ollama_chat_tui.config.edit import create_config, set_key, unset_key
from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.config.keys import VARIABLES, Config, keys_of, notes_on
from ollama_chat_tui.config.text import toml_text
from ollama_chat_tui.config_docs import sample
from ollama_chat_tui.errors import BadConfig
from ollama_chat_tui.preferences import meaning
from tests.config.test_file import no_root, public_dir

__all__ = ["public_dir"]

MEANING = meaning()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def names_in(directory: Path) -> list[str]:
    return [entry.name for entry in directory.iterdir()]


CROOKED = """\
# what I like
model = "a" # keep me
options.temperature = 0.5   # dotted
hosts = { lap = { url = "http://x" } }

# a profile
[profile.a]
model = "x"

[keys]
send = [ "enter", "c-j" ]
[profile.a.options]   # out of order
seed = 1
# the end
"""


@pytest.mark.parametrize(
    ("key", "text", "old", "new"),
    [
        ("model", "b", '"a" # keep', '"b" # keep'),
        ("options.temperature", "1", "0.5   #", "1   #"),
        ("hosts.lap.url", "y:1", '"http://x"', '"y:1"'),
        ("profile.a.options.seed", "2", "seed = 1", "seed = 2"),
        ("profile.a.think", "off", '"x"\n', '"x"\nthink = false\n'),
        ("keys.send", "f2", '[ "enter", "c-j" ]', '["f2"]'),
    ],
)
def test_setting_changes_the_one_value_and_nothing_else(
    path: Path, key: str, text: str, old: str, new: str
) -> None:
    path.write_text(CROOKED)
    set_key(path, key, text, MEANING)
    assert path.read_text() == CROOKED.replace(old, new)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("model", 'model = "a" # keep me\n'),
        ("options.temperature", "options.temperature = 0.5   # dotted\n"),
        ("hosts.lap", 'hosts = { lap = { url = "http://x" } }\n'),
        ("keys.send", 'send = [ "enter", "c-j" ]\n'),
        ("profile.a.options.seed", "seed = 1\n"),
        ("profile.a.model", 'model = "x"\n'),
    ],
)
def test_unsetting_keeps_every_other_line(path: Path, key: str, line: str) -> None:
    path.write_text(CROOKED)
    assert unset_key(path, key, MEANING)
    kept = path.read_text().splitlines()
    assert [text for text in CROOKED.replace(line, "").splitlines() if text not in kept] == []


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("model", "123", "123"),
        ("model", '"x"', '"x"'),
        ("system", "two\nlines\x1b", "two\nlines\x1b"),
        ("think", "on", True),
        ("think", "FALSE", False),
        ("think", "max", "max"),
        ("keep_alive", "300", 300),
        ("keep_alive", "0", 0),
        ("theme", '"dark"', "dark"),
        ("model", "true", "true"),
        ("keep_alive", "1.5", 1.5),
        ("keep_alive", "forever", "forever"),
        ("history", "no", False),
        ("options.seed", "7", 7),
        ("options.use_mmap", "yes", True),
        ("options.stop", "###", ["###"]),
        ("options.stop", '["a", "b"]', ["a", "b"]),
        ("options", "{ seed = 1 }", {"seed": 1}),
        ('keys."a b"', "f2", ["f2"]),
        ("hosts.gpu", "{ url = 'http://x' }", {"url": "http://x"}),
        ('profile."q:8".options.top_k', "5", 5),
    ],
)
def test_a_typed_value_is_read_as_the_key_wants_it(path: Path, key: str, text: str, value: object) -> None:
    assert set_key(path, key, text, MEANING) == value
    assert read_config(path, MEANING).error is None
    data: Any = tomllib.loads(path.read_text())
    for part in tomllib.loads(f"x = [{', '.join(toml_text(p) for p in split(key))}]")["x"]:
        data = data[part]
    assert data == value


def split(key: str) -> tuple[str, ...]:
    return tuple(part.strip('"') for part in key.split("."))


@pytest.mark.parametrize(
    ("key", "text", "sentence", "hint"),
    [
        ("theme", "drak", "theme cannot be “drak”.", "It is auto, dark, light or none."),
        ("them", "dark", "There is no key “them”.", "Did you mean theme?"),
        ("temperature", "1", "There is no key “temperature”.", "Did you mean options.temperature?"),
        ("options.seed", "x", "The option seed cannot be “x”.", "It is a whole number."),
        ("keep_alive", "5x", "“5x” is no duration.", None),
        ("keys.send.x", "1", "keys.send cannot be a table.", None),
        ("theme.x", "1", "theme cannot be a table.", None),
        ("a b", "1", "“a b” is no key.", None),
        ("history", "", "history cannot be “”.", None),
        ("options.seed", "9223372036854775808", "The option seed cannot be “9223372036854775808”.", None),
        ("history", "3", "history cannot be 3.", None),
        ("hosts.gpu", "{ url = 3 }", "hosts.gpu.url cannot be 3.", None),
        ("hosts.gpu.send_key", "on", "{path} was not changed: hosts.gpu has no url.", None),
        ("profile.a.inherits", "a", "{path} was not changed: Profiles inherit in a circle: a → a.", None),
        ("profile.a.inherits", "b", "{path} was not changed: There is no profile “b”.", "Did you mean"),
    ],
)
def test_a_value_that_makes_no_sense_is_not_written(
    path: Path, key: str, text: str, sentence: str, hint: str | None
) -> None:
    path.write_text("[profile.bb]\n")
    with pytest.raises(BadConfig) as caught:
        set_key(path, key, text, MEANING)
    assert caught.value.sentence == sentence.format(path=path)
    assert hint is None or caught.value.hint.startswith(hint)
    assert path.read_text() == "[profile.bb]\n"


@pytest.mark.parametrize(
    ("key", "text", "after", "line"),
    [
        ("theme", "dark", 'hosts = { lap = { url = "http://x" } }\n', 'theme = "dark"\n'),
        ("options.seed", "1", "0.5   # dotted\n", "options.seed = 1\n"),
        ("profile.a.think", "low", 'model = "x"\n', 'think = "low"\n'),
        ("profile.a.options.top_k", "2", "seed = 1\n", "top_k = 2\n"),
        ("keys.newline", "f2", 'send = [ "enter", "c-j" ]\n', 'newline = ["f2"]\n'),
    ],
)
def test_a_new_key_stands_below_the_last_of_its_table(
    path: Path, key: str, text: str, after: str, line: str
) -> None:
    path.write_text(CROOKED)
    set_key(path, key, text, MEANING)
    assert path.read_text() == CROOKED.replace(after, after + line)


def test_a_new_key_stands_in_its_empty_table_and_not_in_a_text(path: Path) -> None:
    path.write_text("[profile.a] # a\n\n# about b\n[profile.b]\nsystem = '''\nx\n''' # why\n# end")
    set_key(path, "profile.a.model", "x", MEANING)
    set_key(path, "profile.b.model", "y", MEANING)
    assert path.read_text() == (
        '[profile.a] # a\nmodel = "x"\n\n# about b\n'
        "[profile.b]\nsystem = '''\nx\n''' # why\nmodel = \"y\"\n# end"
    )


def test_a_table_goes_with_what_is_in_it_and_the_next_ones_comment_stays(path: Path) -> None:
    path.write_text(
        '# about a\n[profile.a]\n# why x\nmodel = \'x\'\nsystem = """\n[not]\na table"""\n\n'
        "# about b\u2028and more\n[profile.b]\nmodel = 'y'\n[profile.a.options]\nseed = 1 # one\n# the end\n"
    )
    assert unset_key(path, "profile.a", MEANING)
    assert path.read_text() == ("# about a\n\n# about b\u2028and more\n[profile.b]\nmodel = 'y'\n# the end\n")


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        (
            "hosts = { a = { url = 'x' }, b = { url = 'y' } } # c\n",
            "hosts.a",
            "hosts = {  b = { url = 'y' } } # c\n",
        ),
        ("options = { seed = 1, top_k = 2 } # c\n", "options.top_k", "options = { seed = 1  } # c\n"),
        ("keys.a = [ # c\n 'f2',\n]\nmodel = 'x'", "keys.a", "model = 'x'"),
        ("[keys]\na = [\n 'f2',\n]\nb = ['f3']\n", "keys.a", "[keys]\nb = ['f3']\n"),
        ("options.seed = 1\nmodel = 'x'\noptions.top_k = 2\n", "options", "model = 'x'\n"),
        ("model = 'x'", "model", ""),
    ],
)
def test_a_key_goes_however_it_is_written(path: Path, before: str, key: str, after: str) -> None:
    path.write_text(before)
    assert unset_key(path, key, MEANING)
    assert path.read_text() == after


def test_a_broken_file_is_not_edited_but_its_error_is_told(path: Path) -> None:
    for text, sentence in [
        ("them = 1\n", "1:1: There is no key “them”."),
        ("model =\n", "1:8: This is no"),
    ]:
        path.write_text(text)
        with pytest.raises(BadConfig) as caught:
            set_key(path, "theme", "dark", MEANING)
        assert caught.value.sentence.startswith(f"{path}:{sentence}")
        assert path.read_text() == text


def test_a_broken_file_is_mended_by_setting_and_unsetting(path: Path) -> None:
    path.write_text('theme = 3\nthem = "x" # wrong\nmodl = "y"\n')
    assert unset_key(path, "modl", MEANING)
    assert unset_key(path, "them", MEANING)
    set_key(path, "theme", "dark", MEANING)
    assert path.read_text() == 'theme = "dark"\n'


def test_unsetting_breaks_no_whole_file(path: Path) -> None:
    text = '[hosts.a]\nurl = "x"\n[profile.b]\ninherits = "c"\n[profile.c]\n'
    path.write_text(text)
    for key in ("hosts.a.url", "profile.c"):
        with pytest.raises(BadConfig, match="was not changed"):
            unset_key(path, key, MEANING)
    assert path.read_text() == text
    path.write_text('profile.c.model = "x"\n[profile.b]\ninherits = "c"\n')
    with pytest.raises(BadConfig, match="There is no profile “c”"):
        unset_key(path, "profile.c.model", MEANING)


@pytest.mark.parametrize("key", ["theme", "options.seed", "theme.x.y", "model.x"])
def test_unsetting_what_is_not_set_changes_nothing(path: Path, key: str) -> None:
    assert not unset_key(path, key, MEANING)
    assert not path.exists()
    path.write_text("model = 'x'")
    assert not unset_key(path, key, MEANING)
    assert path.read_text() == "model = 'x'"


@pytest.mark.parametrize("name", VARIABLES)
def test_in_the_sample_a_key_is_set_below_its_line(path: Path, name: str) -> None:
    create_config(path, sample())
    example = next(n.examples[0] for n in reversed(notes_on(keys_of(Config)[name].type)) if n.examples)
    set_key(path, name, toml_text(example).strip('"'), MEANING)
    line = f"{name} = {toml_text(example)}\n"
    assert path.read_text() == sample().replace(f"\n#{line}", f"\n#{line}{line}", 1)


def test_a_line_like_the_samples_elsewhere_is_not_mistaken(path: Path) -> None:
    path.write_text('[profile.a]\n#theme = "x"\nsystem = """\n#notify = 1\n"""\n')
    set_key(path, "theme", "dark", MEANING)
    set_key(path, "notify", "on", MEANING)
    config = read_config(path, MEANING).config
    assert (config.theme, config.notify) == ("dark", True)
    assert config.profile["a"].system == "#notify = 1\n"


def test_line_ends_and_byte_order_mark_stay(path: Path) -> None:
    before = codecs.BOM_UTF8 + b"# mine\r\n#theme = 1\r\nmodel = 'x' # why\r\n[options]\r\n"
    path.write_bytes(before)
    set_key(path, "model", "y", MEANING)
    set_key(path, "options.seed", "1", MEANING)
    set_key(path, "theme", "dark", MEANING)
    assert path.read_bytes() == (
        codecs.BOM_UTF8
        + b'# mine\r\n#theme = 1\r\ntheme = "dark"\r\nmodel = "y" # why\r\n[options]\r\nseed = 1\r\n'
    )


def test_the_mode_stays_and_a_new_file_is_private(path: Path) -> None:
    set_key(path, "model", "x", MEANING)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    set_key(path, "model", "y", MEANING)
    assert path.stat().st_mode & 0o777 == 0o644
    assert names_in(path.parent) == [path.name]


def test_a_directory_is_made_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    set_key(path, "model", "x", MEANING)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "chat.toml"
    kept.parent.mkdir()
    kept.write_text("model = 'x'\n")
    path.symlink_to(kept)
    set_key(path, "model", "y", MEANING)
    assert path.is_symlink()
    assert kept.read_text() == 'model = "y"\n'


def test_the_same_value_again_touches_nothing(path: Path) -> None:
    set_key(path, "model", "x", MEANING)
    before = path.stat()
    set_key(path, "model", "x", MEANING)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_directory_without_write_permission_keeps_its_file(public_dir: Path) -> None:
    path = public_dir / "config.toml"
    path.write_text("model = 'x'\n")
    public_dir.chmod(0o555)
    with no_root(), pytest.raises(BadConfig) as caught:
        set_key(path, "model", "y", MEANING)
    assert caught.value.sentence == f"{path} cannot be written: Permission denied."
    with no_root(), pytest.raises(BadConfig, match="cannot be written"):
        create_config(public_dir / "other.toml", "")
    assert names_in(public_dir) == ["config.toml"]
    assert path.read_text() == "model = 'x'\n"


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("model = 'x'\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadConfig, match="No space left on device"):
        set_key(path, "model", "y", MEANING)
    assert path.read_text() == "model = 'x'\n"
    assert names_in(path.parent) == [path.name]


def test_a_directory_in_its_place_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(BadConfig, match="is no file"):
        set_key(path, "model", "x", MEANING)
    with pytest.raises(BadConfig, match="There is already something"):
        create_config(path, "")


def test_creating_never_overwrites(path: Path, tmp_path: Path) -> None:
    create_config(path, "# one\n")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadConfig, match="There is already something"):
        create_config(path, "# two\n")
    assert path.read_text() == "# one\n"
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadConfig, match="There is already something"):
        create_config(link, "")


def test_what_tomlkit_gets_wrong_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("model = 'x'\n")
    for wrong in ("model = 'z'\n", "model = \n"):
        monkeypatch.setattr(tomlkit, "dumps", lambda document, text=wrong: text)
        with pytest.raises(BadConfig, match="cannot be edited here"):
            set_key(path, "model", "y", MEANING)
    path.write_text("options = { seed = 1, top_k = 2 }\n")
    monkeypatch.setattr(tomlkit, "parse", lambda text: {"options": {}}["other"])
    with pytest.raises(BadConfig, match="cannot be edited here"):
        unset_key(path, "options.seed", MEANING)
    assert path.read_text() == "options = { seed = 1, top_k = 2 }\n"


def test_what_is_beyond_tomlkit_is_done_by_the_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(text: str) -> None:
        raise tomlkit.exceptions.TOMLKitError

    monkeypatch.setattr(tomlkit, "parse", give_up)
    path.write_text("# mine\nprofile.a.model = 'x'\nprofile.b.model = 'y' # why\n")
    set_key(path, "options.seed", "1", MEANING)
    set_key(path, "theme", "dark", MEANING)
    assert unset_key(path, "profile.a.model", MEANING)
    assert path.read_text() == (
        "# mine\ntheme = \"dark\"\nprofile.b.model = 'y' # why\n\n[options]\nseed = 1\n"
    )
    path.write_text("[options]\nseed = 1\n")
    set_key(path, "theme", "dark", MEANING)
    assert path.read_text() == 'theme = "dark"\n[options]\nseed = 1\n'
