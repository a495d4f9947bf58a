"""`ollama-chat ask --format`: JSON on stdout, verdicts on stderr, an exit code that tells."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command import chat, run
from tests.scripted_replies import answer
from tests.scripted_server import ScriptedServer


def test_a_schema_comes_from_a_file(server: ScriptedServer, home: dict[str, str], tmp_path: Path) -> None:
    server.enqueue(*answer('{"age": 3}'))
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object"}')
    assert run("ask", "--format", str(schema), "hi", home=home).returncode == 0
    assert server.wait_for().json["format"] == {"type": "object"}


def test_an_answer_that_is_not_the_json_asked_for_is_said(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer('{"age": '))
    asked = run("ask", "--format", "json", "hi", home=home)
    assert (asked.returncode, asked.stdout) == (6, '{"age": \n')
    assert asked.stderr.startswith("✗ does not fit")


def test_of_several_tries_the_last_one_alone_stands_on_stdout(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer('{"age": ', '"x"}'))
    server.enqueue(*answer('{"age": 3}'))
    asked = run("ask", "--format", "age:int", "--retries", "1", "hi", home=home)
    assert (asked.returncode, asked.stdout) == (0, '{"age": 3}\n')
    assert asked.stderr.splitlines() == [
        "✗ does not fit the schema",
        '  /age: expected integer, found "x"',
        "Asking again: try 2",
        "✓ fits the schema",
    ]
    assert '/age: expected integer, found "x"' in server.wait_for(nth=1).json["messages"][-1]["content"]


def test_when_no_try_fits_the_last_one_is_shown_and_the_exit_code_says_so(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    for age in '"a"', '"b"':
        server.enqueue(*answer(f'{{"age": {age}}}'))
    asked = run("ask", "--format", "age:int", "--retries", "1", "hi", home=home)
    assert (asked.returncode, asked.stdout) == (6, '{"age": "b"}\n')
    assert 'found "b"' in asked.stderr


def test_json_tells_whether_the_answer_fits_and_what_is_wrong_with_it(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    for age in '"a"', '"b"', "3":
        server.enqueue(*answer(f'{{"age": {age}}}'))
    flags = ("ask", "--format", "age:int", "--json", "hi")
    found = json.loads(run(*flags, "--retries", "1", home=home).stdout)
    assert found["valid"] is False
    assert found["faults"] == [{"pointer": "/age", "expected": "integer", "found": '"b"'}]
    found = json.loads(run(*flags, home=home).stdout)
    assert (found["valid"], found["faults"], found["content"]) == (True, [], '{"age": 3}')


def test_stream_json_has_every_try_and_its_verdict(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("{}"))
    server.enqueue(*answer('{"age": 3}'))
    asked = run("ask", "--format", "age:int", "--retries", "1", "--stream-json", "hi", home=home)
    events = [json.loads(line) for line in asked.stdout.splitlines()]
    told = [event["type"] for event in events if event["type"] not in ("waiting", "text")]
    assert told == ["json_due", "finished", "judged"] * 2
    assert [event["next_try"] for event in events if event["type"] == "judged"] == [2, 0]


def test_a_schema_is_refused_before_anything_is_sent_and_its_limits_are_told(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    refused = run("ask", "--format", '{"type": "nonsense"}', "hi", home=home)
    assert refused.returncode == 2
    assert "wrong at /type" in refused.stderr
    assert server.to("/api/chat") == []
    server.enqueue(*answer("[1, 1]"))
    asked = run("ask", "--format", '{"type": "array", "uniqueItems": true}', "hi", home=home)
    assert asked.returncode == 6
    assert asked.stderr.startswith("/uniqueItems does not constrain the answer; it is checked afterwards.\n✗")


def test_json_in_a_terminal_is_laid_out_and_its_verdict_stands_below(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer('{"age": "x"}'))
    server.enqueue(*answer('{"age": 3}'))
    with chat("ask", "--format", "age:int", "--retries", "1", "hi", home=home) as terminal:
        assert terminal.wait_for_exit() == 0
        rows = terminal.all_rows()
    assert '  "age": 3' in rows
    assert not [row for row in rows if '"age": "x"' in row]
    assert any("✓ fits the schema" in row for row in rows)
