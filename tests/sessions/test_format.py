from __future__ import annotations

import re
from pathlib import Path

from ollama_chat_tui.sessions.records import FORMAT_VERSION, Record
from ollama_chat_tui.sessions.session import read_session
from tests.sessions.chat import texts

PAGE = (Path(__file__).parents[2] / "docs" / "session-format.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_is_a_session(tmp_path: Path) -> None:
    example = PAGE.partition("```jsonl\n")[2].partition("```")[0]
    path = tmp_path / "x.jsonl"
    path.write_text(example, encoding="utf-8")
    session = read_session(path)
    assert (session.version, session.notices) == (FORMAT_VERSION, [])
    assert texts(session) == ["What is on this picture?", "A grey cat.", "It is a "]
    assert (session.title, session.tags) == ("The cat", ("pictures",))
    assert [entry.said.content for entry in session.branch()] == ["What is on this picture?", "It is a "]


def test_the_page_names_every_kind_and_every_field() -> None:
    rows = {
        row[0]: set(re.findall(r"`(\w+)`", row[1]))
        for row in re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
    }
    types = {type_.__struct_config__.tag: type_ for type_ in Record.__args__}
    assert rows == {kind: set(type_.__struct_fields__) - {"at"} for kind, type_ in types.items()}
