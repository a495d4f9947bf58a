"""`ollama-chat sessions`: the real command in a fresh home, over files that the program wrote itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ollama_chat_tui.sessions.lock import Lock
from ollama_chat_tui.sessions.records import Tagged
from tests.command import COMMAND, PATIENCE_S, chat, fresh_home, run
from tests.sessions.written import START, append, write

HOSTILE = "\x1b[2J\x1b]0;owned\x07"
LEAVES, RIVERS = "261123-092326-dxj0", "261123-101500-ab12"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return fresh_home(tmp_path, TERM="xterm-256color", TZ="UTC")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two sessions, and the place where they are."""
    directory = tmp_path / "data" / "sessions"
    said = ["Why do leaves turn red?", "Because the **green** chlorophyll goes."]
    write(directory, LEAVES, *said, model="qwen3:4b", title="Autumn leaves", tags=["biology"])
    write(directory, RIVERS, "Name a river.", "The Elbe.", "Another, with green banks", "The Rhine.")
    return directory


def ids(output: str) -> list[str]:
    return [line.split("\t")[0] for line in output.splitlines()]


def test_a_list_in_a_pipe_is_for_programs(home: dict[str, str], directory: Path) -> None:
    append(directory / f"{LEAVES}.jsonl", Tagged("b", START.replace(day=2)))
    listed = run("sessions", "list", home=home)
    assert (listed.returncode, listed.stderr) == (0, "")
    first, second = [line.split("\t") for line in listed.stdout.splitlines()]
    assert first[:4] == [LEAVES, "2026-03-02 12:00", "qwen3:4b", "2"]
    assert first[5:] == ["biology,b", "Autumn leaves"]
    assert second[6] == "Name a river."
    assert run("sessions", home=home).stdout == listed.stdout


def test_a_list_in_a_terminal_has_a_heading_fits_and_is_harmless(
    home: dict[str, str], directory: Path
) -> None:
    write(directory, "261124-000000-evil", "x", title=f"{HOSTILE}\u202e{'long ' * 50}")
    with chat("sessions", "list", home=home, columns=100) as terminal:
        assert terminal.wait_for_exit() == 0
        head, *rows = [row for row in terminal.all_rows() if row.strip()]
        assert head.split()[:3] == ["ID", "USED", "MODEL"]
        assert len(rows) == 3
        assert all(row.index("2026-03-01") == head.index("USED") for row in rows)
        assert b"\x1b[2J" not in terminal.output
        assert b"\x1b]0;" not in terminal.output


def test_json_is_utf_8_whatever_the_locale(home: dict[str, str], directory: Path) -> None:
    write(directory, "261124-000000-tokyo", "東京はどこ", title="東京")
    home = {**home, "LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    listed = json.loads(run("sessions", "list", "--json", home=home).stdout)
    assert {each["title"] for each in listed} == {"東京", "Autumn leaves", ""}
    assert next(each for each in listed if each["id"] == LEAVES)["tags"] == ["biology"]


def test_where_nothing_is_nothing_is_listed_and_nothing_made(home: dict[str, str], tmp_path: Path) -> None:
    listed = run("sessions", "list", home=home)
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "", "There are no sessions yet.\n")
    assert run("sessions", "list", "--json", home=home).stdout == "[]\n"
    assert "The trash is empty" in run("sessions", "list", "--trash", home=home).stderr
    assert "nothing is wrong" in run("sessions", "check", home=home).stderr
    assert "nothing to delete" in run("sessions", "purge", home=home).stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wanted", [LEAVES, "261123-09", "dxj0", "dx", "autumn LEAVES"])
def test_a_session_is_meant_by_a_beginning_or_by_its_title(
    wanted: str, home: dict[str, str], directory: Path
) -> None:
    shown = run("sessions", "show", wanted, home=home)
    assert shown.returncode == 0
    assert f"id        {LEAVES}\n" in shown.stdout
    assert "You:\nWhy do leaves turn red?\n" in shown.stdout
    assert shown.stdout.count("Autumn leaves") == 1


def test_what_is_shown_in_a_terminal_looks_as_in_the_chat(home: dict[str, str], directory: Path) -> None:
    write(directory, "261124-000000-evil", f"Hi{HOSTILE}", f"**bold**{HOSTILE}", title=HOSTILE)
    with chat("sessions", "show", "evil", home=home) as terminal:
        assert terminal.wait_for_exit() == 0
        rows = terminal.all_rows()
        assert any(row.startswith(">>> Hi") for row in rows)
        assert any(row.startswith("bold") for row in rows)
        assert b"\x1b[2J" not in terminal.output
        assert b"\x1b]0;" not in terminal.output


def test_what_is_shown_as_json_is_the_export_and_what_is_wrong(home: dict[str, str], directory: Path) -> None:
    path = directory / f"{LEAVES}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], b"{damaged}\n", lines[-1]]))
    shown = run("sessions", "show", LEAVES, "--json", home=home)
    told = json.loads(shown.stdout)
    assert (told["id"], told["file"]) == (LEAVES, str(path))
    assert told["messages"][0] == {"role": "user", "content": "Why do leaves turn red?"}
    assert told["notices"] == [f"Line {len(lines)} is damaged and was skipped."]
    assert shown.stderr == told["notices"][0] + "\n"
    exported = run("sessions", "export", LEAVES, home=home)
    assert exported.returncode == 0
    assert exported.stderr == shown.stderr


@pytest.mark.parametrize(
    ("narrowing", "found"),
    [
        ([], {LEAVES, RIVERS}),
        (["--role", "user"], {RIVERS}),
        (["--model", "QWEN"], {LEAVES}),
        (["--tag", "Biology"], {LEAVES}),
        (["--since", "2026-03-01T12:02"], {RIVERS}),
        (["--before", "2026-03-01T12:02"], {LEAVES}),
        (["--since", "2026-03-02"], set()),
        (["--limit", "1"], {RIVERS}),
    ],
)
def test_a_search_can_be_narrowed(
    narrowing: list[str], found: set[str], home: dict[str, str], directory: Path
) -> None:
    searched = run("sessions", "search", "green", *narrowing, home=home)
    assert searched.returncode == 0
    assert set(ids(searched.stdout)) == found
    assert bool(searched.stderr) == (not found)


def test_a_hit_tells_where_it_is(home: dict[str, str], directory: Path) -> None:
    (row,) = run("sessions", "search", "chloro*", "green", home=home).stdout.splitlines()
    text = "Because the **green** chlorophyll goes."
    at = "2026-03-01 12:01"
    assert row.split("\t") == [LEAVES, f"{LEAVES}-1", "assistant", at, "Autumn leaves", text]
    (hit,) = json.loads(run("sessions", "search", "chloro*", "--json", home=home).stdout)
    assert (hit["session"]["id"], hit["node_id"], hit["role"]) == (LEAVES, f"{LEAVES}-1", "assistant")
    ((start, end),) = hit["snippet"]["marks"]
    assert hit["snippet"]["text"][start:end] == "chlorophyll"


@pytest.mark.parametrize(("no_colour", "mark"), [("", b"\x1b[1;31m"), ("1", b"\x1b[1m")])
def test_what_was_looked_for_stands_out_in_a_terminal(
    no_colour: str, mark: bytes, home: dict[str, str], directory: Path
) -> None:
    write(directory, "261124-000000-evil", f"{HOSTILE}chlorophyll{HOSTILE}", title=HOSTILE)
    with chat("sessions", "search", "chlorophyll", home={**home, "NO_COLOR": no_colour}) as terminal:
        assert terminal.wait_for_exit() == 0
        assert terminal.output.count(mark + b"chlorophyll\x1b[0m") == 2
        assert b"\x1b[2J" not in terminal.output
        assert b"\x1b]0;" not in terminal.output


@pytest.mark.parametrize(
    ("format_", "words"),
    [
        ([], "# Autumn leaves\n"),
        (["--format", "md"], "Because the **green** chlorophyll goes."),
        (["--format", "html"], "the <strong>green</strong> chlorophyll"),
        (["--format", "json"], '"content": "Because the **green** chlorophyll goes."'),
        (["--format", "text"], "You:\nWhy do leaves turn red?"),
    ],
)
def test_one_session_is_exported_to_standard_output(
    format_: list[str], words: str, home: dict[str, str], directory: Path
) -> None:
    exported = run("sessions", "export", "dxj0", *format_, home=home)
    assert (exported.returncode, exported.stderr) == (0, "")
    assert words in exported.stdout


def test_a_file_is_written_in_the_format_of_its_name_and_not_over_another(
    home: dict[str, str], directory: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.html"
    written = run("sessions", "export", "dxj0", "--output", str(target), home=home)
    assert (written.returncode, written.stdout) == (0, "")
    assert target.read_text().startswith("<!doctype html>")
    again = run("sessions", "export", "dxj0", "-o", str(target), home=home)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)


def test_exports_into_a_directory_are_named_by_id_and_title(
    home: dict[str, str], directory: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    exported = run("sessions", "export", "--all", "-o", str(target), "--format", "text", home=home)
    names = {f"{LEAVES}-autumn-leaves.txt", f"{RIVERS}-name-a-river.txt"}
    assert {Path(line).name for line in exported.stdout.splitlines()} == names
    assert {path.name for path in target.iterdir()} == names
    one = run("sessions", "export", "dxj0", "-o", str(target), home=home)
    assert one.stdout == f"{target / LEAVES}-autumn-leaves.md\n"


def test_an_import_says_what_is_new_and_what_was_there(
    home: dict[str, str], directory: Path, tmp_path: Path
) -> None:
    mine, others, broken = tmp_path / "mine.json", tmp_path / "others.json", tmp_path / "broken.json"
    mine.write_text(run("sessions", "export", "dxj0", "-f", "json", home=home).stdout)
    others.write_text('[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]')
    broken.write_text("{")
    files = [str(path) for path in (mine, broken, others)]
    first = run("sessions", "import", *files, home=home)
    assert (first.returncode, first.stdout) == (1, "")
    assert f"{mine} was there already: {LEAVES}" in first.stderr
    assert f"{others} is imported as" in first.stderr
    assert "broken.json is not JSON" in first.stderr
    told = json.loads(run("sessions", "import", "--json", *files, home=home).stdout)
    assert [each.get("is_new") for each in told] == [False, None, False]
    assert "not JSON" in told[1]["error"]


def test_standard_input_is_imported(home: dict[str, str]) -> None:
    request = '{"model": "m", "messages": [{"role": "user", "content": "Was für Blätter?"}]}'.encode()
    assert "is imported as" in run("sessions", "import", "-", home=home, typed=request).stderr
    assert run("sessions", "search", "blatter", home=home).stdout.endswith("Was für Blätter?\n")
    failed = run("sessions", "import", "-", home=home, typed=b"\xff")
    assert (failed.returncode, failed.stderr.splitlines()[0]) == (
        1,
        "Standard input is not UTF-8 text: byte 0 is none of it.",
    )


def test_a_title_and_tags_are_given_and_taken_away(home: dict[str, str], directory: Path) -> None:
    assert "“Two rivers”" in run("sessions", "rename", "ab12", "Two", "rivers", home=home).stderr
    assert run("sessions", "tag", "two rivers", "water", "Europe", home=home).returncode == 0
    told = json.loads(run("sessions", "tag", "ab12", "water", "--remove", "--json", home=home).stdout)
    assert told == {"id": RIVERS, "tags": ["Europe"]}
    assert "no title any more" in run("sessions", "rename", "ab12", "", home=home).stderr
    listed = json.loads(run("sessions", "list", "--json", home=home).stdout)
    assert next((each["title"], each["tags"]) for each in listed if each["id"] == RIVERS) == ("", ["Europe"])


def test_the_trash_gives_back_until_it_is_emptied(
    home: dict[str, str], directory: Path, tmp_path: Path
) -> None:
    assert "restore" in run("sessions", "rm", "dxj0", "ab12", home=home).stderr
    assert run("sessions", "list", home=home).stdout == ""
    assert set(ids(run("sessions", "list", "--trash", home=home).stdout)) == {LEAVES, RIVERS}
    assert "is in the trash" in run("sessions", "show", LEAVES, home=home).stderr
    assert "no session nope in the trash" in run("sessions", "restore", "nope", home=home).stderr
    assert run("sessions", "restore", "Autumn leaves", home=home).returncode == 0
    assert ids(run("sessions", "list", home=home).stdout) == [LEAVES]
    assert LEAVES in run("sessions", "search", "chlorophyll", home=home).stdout
    run("sessions", "rm", LEAVES, home=home)
    size = sum(path.stat().st_size for path in (directory / "trash").glob("*.jsonl"))
    refused = run("sessions", "purge", home=home)
    assert (refused.returncode, "give --yes" in refused.stderr) == (2, True)
    told = json.loads(run("sessions", "purge", "--yes", "--json", home=home).stdout)
    assert told == {"deleted": 2, "freed": size}
    assert not any(b"chlorophyll" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(("answer", "left"), [("y\r", 0), ("\r", 1), ("\x03", 1)])
def test_emptying_the_trash_in_a_terminal_asks(
    answer: str, left: int, home: dict[str, str], directory: Path
) -> None:
    run("sessions", "rm", LEAVES, home=home)
    with chat("sessions", "purge", home=home) as terminal:
        terminal.wait_for("Delete 1 session for good and free")
        terminal.send(answer)
        assert terminal.wait_for_exit() == 0
    assert len(list((directory / "trash").glob("*.jsonl"))) == left


def test_a_check_tells_by_its_exit_code_too(home: dict[str, str], directory: Path) -> None:
    assert run("sessions", "check", home=home).returncode == 0
    path = directory / f"{LEAVES}.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    checked = run("sessions", "check", home=home)
    assert (checked.returncode, checked.stdout.split("\t")[0]) == (1, str(path))
    with chat("sessions", "check", home=home, columns=40) as terminal:
        assert terminal.wait_for_exit() == 1
        assert "it was set aside." in "".join(terminal.all_rows())
    told = json.loads(run("sessions", "check", "--json", home=home).stdout)
    assert told["is_well"] is False
    assert "never finished" in told["findings"][0]["sentence"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "nope"], 2, "There is no session nope."),
        (["show", "2611"], 2, "2611 may be 2 sessions"),
        (["rm", "dxj0", "nope"], 2, "There is no session nope."),
        (["tag", "dxj0", " "], 2, "A tag of blanks"),
        (["search", "-x"], 2, "No such option"),
        (["search", "--", "-x"], 2, "only words to leave out"),
        (["search", "a", "--since", "someday"], 2, "“someday” is no point in time."),
        (["search", "a", "--role", "king"], 2, "king"),
        (["export"], 2, "not said which session"),
        (["export", "dxj0", "--all"], 2, "not said which session"),
        (["export", "--all"], 2, "need a directory"),
        (["export", "dxj0", "-o", "x.doc"], 2, "x.doc names no format"),
        (["export", "dxj0", "-o", "/dev/null/x.md"], 1, "cannot be written"),
        (["import", "/dev/null/x.json"], 1, "x.json cannot be read"),
        (["list", "--host", "x"], 2, "--host"),
    ],
)
def test_what_goes_wrong_is_a_code_and_a_sentence(
    home: dict[str, str], directory: Path, arguments: list[str], code: int, words: str
) -> None:
    failed = run("sessions", *arguments, home=home)
    assert (failed.returncode, failed.stdout) == (code, "")
    assert words in failed.stderr
    assert "Traceback" not in failed.stderr
    assert len(list(directory.glob("*.jsonl"))) == 2


def test_flags_of_a_chat_mean_nothing_before_the_command(home: dict[str, str]) -> None:
    for flag in (["--model", "m"], ["--continue"]):
        failed = run(*flag, "sessions", "list", home=home)
        assert (failed.returncode, f"{flag[0]} means nothing" in failed.stderr) == (2, True)


@contextmanager
def held(path: Path) -> Iterator[None]:
    lock = Lock.take(path)
    try:
        yield
    finally:
        lock.release()


def test_what_another_process_has_open_is_left_alone(home: dict[str, str], directory: Path) -> None:
    with held(directory / f"{LEAVES}.jsonl"):
        for arguments in (["rename", "dxj0", "x"], ["tag", "dxj0", "x"], ["rm", "dxj0"]):
            failed = run("sessions", *arguments, home=home)
            assert (failed.returncode, "is open in process" in failed.stderr) == (1, True)
        assert run("sessions", "show", "dxj0", home=home).returncode == 0


def test_a_time_that_no_calendar_has_here_is_shown_as_it_stands(
    home: dict[str, str], directory: Path
) -> None:
    write(directory, "late", "Is it over?", at=START.replace(9999, 12, 31, 23, 58))
    for arguments in (["list"], ["show", "late"], ["search", "over"]):
        shown = run("sessions", *arguments, home={**home, "TZ": "XYZ-14"})
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "99" in shown.stdout


def test_what_cannot_be_read_or_written_is_named(
    home: dict[str, str], directory: Path, tmp_path: Path
) -> None:
    (directory / "261124-000000-odd1.jsonl").mkdir(mode=0o700)
    (directory / f"{LEAVES}.lock").mkdir()
    for arguments, sentence in [
        (["show", "odd1"], "The session 261124-000000-odd1.jsonl cannot be read: Is a directory."),
        (["export", "odd1"], "The session 261124-000000-odd1.jsonl cannot be read: Is a directory."),
        (["purge", "--yes"], "The session 261124-000000-odd1 cannot be read: Is a directory."),
        (["rename", "dxj0", "x"], f"The session {LEAVES} cannot be written to: Is a directory."),
        (["rm", "dxj0"], f"The session {LEAVES} cannot be written to: Is a directory."),
    ]:
        failed = run("sessions", *arguments, home=home)
        assert (failed.returncode, failed.stdout) == (1, "")
        assert failed.stderr.splitlines()[0] == sentence
    assert "odd1" in run("sessions", "check", home=home).stdout


def test_a_place_that_is_no_directory_is_said_so(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sessions").write_text("in the way")
    for arguments in (["list"], ["show", "x"], ["search", "x"], ["check"], ["import", "-"]):
        failed = run("sessions", *arguments, home=home, typed=b'[{"role": "user", "content": "Hi"}]')
        assert (failed.returncode, failed.stdout, "Traceback" in failed.stderr) == (1, "", False)
        assert "sessions" in failed.stderr.splitlines()[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_behind_standard_output_is_said(home: dict[str, str], directory: Path) -> None:
    for arguments in (["list"], ["list", "--json"], ["export", "dxj0"]):
        with Path("/dev/full").open("w") as full:
            failed = subprocess.run(
                [*COMMAND, "sessions", *arguments],
                env=home,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        assert failed.returncode == 1
        assert failed.stderr.startswith("Standard output cannot be written: No space left")
