"""Code coloured line by line looks like code coloured whole."""

from __future__ import annotations

import random

import pytest
from pygments.lexers import get_all_lexers, get_lexer_by_name
from pygments.token import Text

from ollama_chat_tui.terminal.markdown.lexer import Lexeme, LineLexer
from ollama_chat_tui.terminal.theme import Ink, make_theme
from tests.terminal.markdown.corpus import CORPUS

THEME = make_theme("dark")
SAMPLES = {path.stem: path.read_text("utf-8") for path in sorted(CORPUS.glob("code/*.txt"))}


def inked(lexemes: list[Lexeme]) -> list[tuple[str, Ink]]:
    return [(character, THEME.code_ink(token)) for token, text in lexemes for character in text]


@pytest.mark.parametrize("language", SAMPLES)
def test_line_by_line_as_in_one_piece(language: str) -> None:
    code = SAMPLES[language]
    whole = [
        pair for pair in inked(list(get_lexer_by_name(language).get_tokens(code))) if not pair[0].isspace()
    ]
    lexer = LineLexer.by_name(language)
    assert lexer is not None
    lines = [inked(lexer.lex(line)) for line in code.splitlines()]
    assert [pair for line in lines for pair in line if not pair[0].isspace()] == whole


def test_known_differences() -> None:
    """The docs name them: what a later line would tell."""
    lexer = LineLexer.by_name("c")
    assert lexer is not None
    colours = dict(inked(lexer.lex("int add(int a)")))  # the brace is on the next line
    whole = dict(inked(list(get_lexer_by_name("c").get_tokens("int add(int a)\n{\n}\n"))))
    assert colours["d"] != whole["d"]


NASTY = (CORPUS / "nasty-code.txt").read_text("utf-8").split("\n")


def test_no_lexer_changes_the_text_or_fails() -> None:
    names = [aliases[0] for _, aliases, _, _ in get_all_lexers(plugins=False) if aliases]
    assert len(names) > 400
    # Compiling a lexer takes longer than using it: these, and any third of the rest.
    for name in {
        "sqlite3",
        "yaml",
        "ruby",
        "postgres-console",
        *random.Random(5).sample(names, len(names) // 3),
    }:
        lexer = LineLexer.by_name(name)
        if lexer is None:
            continue
        for line in NASTY:
            lexemes = lexer.clone().lex(line)
            assert lexemes == lexer.lex(line), name
            assert "".join(text for _, text in lexemes) == line, name
            inked(lexemes)


def test_a_lexer_that_breaks_costs_only_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    lexer = LineLexer.by_name("json")
    assert lexer is not None

    def broken(_text: str) -> list[Lexeme]:
        raise RecursionError

    monkeypatch.setattr(LineLexer, "_lex", lambda _self, text: broken(text))
    assert lexer.lex("[1]") == [(Text, "[1]")]


@pytest.mark.parametrize("info", ["", "no-such-language", "text", "{}", "日本"])
def test_a_name_without_a_lexer(info: str) -> None:
    assert LineLexer.by_name(info) is None


@pytest.mark.parametrize(
    "info", ["python", "Python title=x", "{.python}", "py", "c++", "c#", "js", "jsx", "sh", "objective-c"]
)
def test_a_name_with_one(info: str) -> None:
    assert LineLexer.by_name(info) is not None
