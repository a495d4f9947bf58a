"""Any configuration survives being edited: nothing changes but what was meant to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_chat_tui.config.edit import set_key, unset_key
from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.config.text import dotted, toml_text
from ollama_chat_tui.preferences import leaves, meaning

MEANING = meaning()


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
options = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(-(2**31), 2**31),
        "temperature": st.floats(-9, 9),
        "use_mmap": st.booleans(),
        "stop": st.lists(words, max_size=2),
    },
)
common = {
    "model": words,
    "system": words,
    "think": st.booleans() | st.sampled_from(["low", "max"]),
    "keep_alive": st.integers(-1, 10**9) | st.sampled_from(["5m", "forever"]),
    "options": options,
}
configs = st.fixed_dictionaries(
    {},
    optional=common
    | {
        "theme": st.sampled_from(["dark", "none"]),
        "history": st.booleans(),
        "keys": st.dictionaries(words, st.lists(words, max_size=2), max_size=2),
        "hosts": st.dictionaries(
            words, st.fixed_dictionaries({"url": st.just("http://x")}, optional={"send_key": st.booleans()})
        ),
        "profile": st.dictionaries(words, st.fixed_dictionaries({}, optional=common), max_size=2),
    },
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round") / "config.toml"


def written(data: dict[str, Any], style: int) -> str:
    """The same data as tomlkit writes it, all in lines of their own, or all inline; with comments."""
    if style == 0:
        return "# top\n" + tomlkit.dumps(data)
    if style == 1:
        return "".join(
            f"{dotted(key)} = {toml_text(value)} # why\n" for i, (key, value) in enumerate(leaves(data))
        )
    return "".join(f"# {name}\n{name} = {toml_text(value)}\n" for name, value in data.items())


@settings(deadline=None, max_examples=60)
@given(configs, st.integers(0, 2), st.data())
def test_any_configuration_survives_setting_and_unsetting(
    path: Path, data: dict[str, Any], style: int, draw: st.DataObject
) -> None:
    path.write_text(written(data, style), encoding="utf-8", newline="")
    before = read_config(path, MEANING)
    assert before.error is None
    comments = [line for line in before.text.splitlines() if line.startswith("# ")]
    free = [key for key in ("format", "notify", "options.num_gpu", "profile.p.format") if not has(data, key)]
    key = draw.draw(st.sampled_from(free))
    value = set_key(path, key, {"notify": "on", "options.num_gpu": "3"}.get(key, "json"), MEANING)
    assert value in (True, 3, "json")
    assert unset_key(path, key, MEANING)
    after = read_config(path, MEANING)
    assert pruned(after.data) == pruned(before.data)
    assert [line for line in after.text.splitlines() if line.startswith("# ")] == comments


@settings(deadline=None, max_examples=60)
@given(configs, configs, st.integers(0, 2))
def test_any_value_can_be_set_over_any_other(
    path: Path, data: dict[str, Any], wanted: dict[str, Any], style: int
) -> None:
    path.write_text(written(data, style), encoding="utf-8", newline="")
    for key, value in sorted(leaves(wanted), key=lambda leaf: leaf[0][-1] != "url"):
        text = value if isinstance(value, str) else toml_text(value)
        assert set_key(path, dotted(key), text, MEANING) == value
    after = dict(leaves(read_config(path, MEANING).data))
    assert after == dict(leaves(data)) | dict(leaves(wanted))


def has(data: Any, key: str) -> bool:
    for name in key.split("."):
        if not isinstance(data, dict) or name not in data:
            return False
        data = data[name]
    return True


def pruned(data: Any) -> Any:
    return dict(leaves(data))
