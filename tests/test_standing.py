"""The prompt without a configuration is the prompt of an empty one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ollama_chat_tui.config.keys import Config
from ollama_chat_tui.standing import Live, _options
from tests.weights import environment_in


def test_nothing_configured_is_what_an_empty_configuration_says(tmp_path: Path) -> None:
    environment, live = environment_in(tmp_path, {}), Live()
    plain, configured = (_options(environment, config, live) for config in (None, Config()))
    assert replace(plain, bar=None) == replace(configured, bar=None)


async def test_until_it_is_joined_the_prompt_has_nothing_to_offer() -> None:
    live = Live()
    assert await live.read_clipboard() == ""
    assert (live.complete("/"), live.facts()) == ([], ())

    async def read() -> str:
        return "text"

    live.join(lambda text: (len(text) - 1, [("/help", "Help.")]), lambda: ["model"], read)
    assert [each.text for each in live.complete("/")] == ["/help"]
    assert live.complete("a\n/") == []
    assert live.facts() == ["model"]
    assert await live.read_clipboard() == "text"
