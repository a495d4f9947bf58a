"""Whatever happens to the caches, searching and listing go on, and no session is touched."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollama_chat_tui.sessions.catalog import Catalog
from ollama_chat_tui.sessions.search import Search
from tests.sessions.written import write

LOOK = """
import sys
from pathlib import Path
from ollama_chat_tui.sessions.catalog import Catalog
from ollama_chat_tui.sessions.search import Search
directory, cache = map(Path, sys.argv[1:])
with Catalog(directory, cache) as catalog, Search(directory, cache) as search:
    print(len(catalog.sessions()), len(search.find("whale", limit=1000)))
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "sessions"
    for number in range(3):
        write(path, f"s{number}", "a whale", "no whale " * 50, "a bird")
    return path


def look(directory: Path, cache: Path) -> tuple[int, int]:
    """How many sessions are listed and how many messages found; the sessions are as before."""
    before = {path: path.read_bytes() for path in directory.glob("*.jsonl")}
    with Catalog(directory, cache) as catalog, Search(directory, cache) as search:
        found = len(catalog.sessions()), len(search.find("whale"))
    assert {path: path.read_bytes() for path in directory.glob("*.jsonl")} == before
    return found


def files(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.sqlite"))


def is_kept(cache: Path) -> bool:
    """Whether both caches are whole SQLite files with sessions in them."""
    for path in files(cache):
        db = sqlite3.connect(path)
        count, check = (
            db.execute(sql).fetchone()[0] for sql in ("SELECT count(*) FROM session", "PRAGMA quick_check")
        )
        db.close()
        if (count, check) != (3, "ok"):
            return False
    return len(files(cache)) == 2


def damage_none(path: Path) -> None:
    path.unlink()


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def damage_text(path: Path) -> None:
    path.write_text("not a database\n" * 1000)


def damage_zeros(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def damage_foreign(path: Path) -> None:
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE session (name TEXT)")
    db.commit()
    db.close()


def damage_other_program(path: Path) -> None:
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("PRAGMA application_id = 7")
    db.execute("CREATE TABLE bookmark (name TEXT)")
    db.close()


def damage_later_layout(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()


def damage_lost_table(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("DROP TABLE session")
    db.close()


@pytest.mark.parametrize(
    "damage",
    [
        damage_none,
        damage_empty,
        damage_half,
        damage_text,
        damage_zeros,
        damage_foreign,
        damage_other_program,
        damage_later_layout,
        damage_lost_table,
    ],
)
def test_a_cache_that_is_not_what_it_should_be_is_made_anew(directory: Path, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    cache = tmp_path / "cache"
    assert look(directory, cache) == (3, 6)
    for path in files(cache):
        damage(path)
    assert look(directory, cache) == (3, 6)
    assert is_kept(cache)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 0.999), junk=st.binary(min_size=1, max_size=300))
def test_no_damage_is_ever_a_traceback(directory: Path, tmp_path: Path, place: float, junk: bytes) -> None:
    cache = tmp_path / "cache"
    look(directory, cache)
    for path in files(cache):
        with path.open("r+b") as file:
            file.seek(int(place * path.stat().st_size))
            file.write(junk)
    look(directory, cache)
    for path in files(cache):
        path.unlink()


def test_damage_while_the_cache_is_open_is_survived(directory: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with Search(directory, cache) as search:
        assert len(search.find("whale")) == 6
        for path in cache.iterdir():
            path.write_bytes(b"\xff" * 100_000)
        assert len(search.find("whale")) == 6
        write(directory, "s3", "a whale")
        assert len(search.find("whale")) == 7


def test_a_cache_of_a_later_version_is_left_alone_and_one_of_an_earlier_version_goes(
    directory: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "search-99.sqlite").write_bytes(b"of the future")
    (cache / "search-0.sqlite").write_bytes(b"of the past")
    assert look(directory, cache) == (3, 6)
    assert (cache / "search-99.sqlite").read_bytes() == b"of the future"
    assert not (cache / "search-0.sqlite").exists()


def test_a_cache_directory_that_is_a_file_is_done_without(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert look(directory, tmp_path / "cache") == (3, 6)
    assert (tmp_path / "cache").read_text() == "in the way"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no file system that takes nothing")
def test_a_file_system_that_takes_nothing_is_done_without(directory: Path) -> None:
    assert look(directory, Path("/proc/ollama-chat")) == (3, 6)


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions")
def test_a_cache_that_may_not_be_written_is_done_without(directory: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    cache = tmp_path / "cache"
    look(directory, cache)
    write(directory, "s3", "a whale")
    for path in files(cache):
        path.chmod(0o400)
    cache.chmod(0o500)
    assert look(directory, cache) == (4, 7)
    cache.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a process's files")
@pytest.mark.parametrize("limit", [0, 4096, 20_000, 60_000])
def test_a_full_disk_is_done_without(directory: Path, tmp_path: Path, limit: int) -> None:
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})){LOOK}"
    done = run(code, directory, tmp_path / "cache")
    assert done.communicate() == ("3 6\n", "")


def run(code: str, directory: Path, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(directory), str(cache)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_several_processes_may_build_one_cache(tmp_path: Path) -> None:
    directory, cache = tmp_path / "sessions", tmp_path / "cache"
    for number in range(60):
        write(directory, f"s{number}", *["a whale"] * 10)
    processes = [run(LOOK, directory, cache) for _ in range(4)]
    assert [process.communicate() for process in processes] == [("60 600\n", "")] * 4
    db = sqlite3.connect(cache / "search-1.sqlite")
    assert db.execute("SELECT count(*) FROM message").fetchone() == (600,)
    assert db.execute("SELECT count(*) FROM words WHERE words MATCH 'whale'").fetchone() == (600,)
    db.close()


def test_a_process_that_is_killed_leaves_a_cache_that_serves(directory: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    code = LOOK.replace("print(", 'import os; search.find("whale"); os.kill(os.getpid(), 9); print(')
    if sys.platform != "win32":
        run(code, directory, cache).communicate()
    write(directory, "s3", "a whale")
    assert look(directory, cache) == (4, 7)


def test_only_the_owner_may_read_the_cache(directory: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o755)
    with Search(directory, cache) as search:
        search.find("whale")
        modes = {path.stat().st_mode & 0o077 for path in cache.iterdir()}
    assert modes == {0} or sys.platform == "win32"
