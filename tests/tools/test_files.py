"""The file tools in real folders: what they read, and every way out of them that was thought of."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ollama_chat_tui.tools.builtin import files
from ollama_chat_tui.tools.builtin.files import file_tools
from ollama_chat_tui.tools.definition import ToolFailure
from ollama_chat_tui.tools.folder import Folders
from tests.scripted_replies import PATIENCE_S
from tests.tools.calling import called

SECRET = "the secret"


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """An allowed folder beside a file that must not be read."""
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text(SECRET)
    folder = tmp_path / "inside"
    (folder / "sub").mkdir(parents=True)
    (folder / "notes.txt").write_text("one\ntwo\nthree\n")
    (folder / "sub" / "code.py").write_text("print('Two')\n")
    return folder


async def use(folder: Path, name: str, **arguments: object) -> str:
    return await called(file_tools(Folders([folder])), name, **arguments)


class TestReading:
    async def test_a_file_by_a_relative_or_an_absolute_path(self, inside: Path) -> None:
        assert await use(inside, "read_file", path="notes.txt") == "one\ntwo\nthree"
        assert await use(inside, "read_file", path=str(inside / "sub" / "code.py")) == "print('Two')"
        assert await use(inside, "read_file", path="sub/../notes.txt") == "one\ntwo\nthree"

    async def test_a_part_says_that_it_is_one(self, inside: Path) -> None:
        part = await use(inside, "read_file", path="notes.txt", first_line=2, lines=1)
        assert part == "two\n[Lines 2 to 2 of 3.]"
        assert await use(inside, "read_file", path="notes.txt", first_line=9) == "notes.txt has 3 lines."

    async def test_a_huge_file_is_read_to_a_bound(self, inside: Path) -> None:
        with (inside / "huge").open("wb") as file:
            file.write(b"line\n" * 300_000)
            file.truncate(10 << 30)  # a hole of 10 GB
        result = await use(inside, "read_file", path="huge", lines=10**9)
        assert len(result) < 1_100_000
        assert "the file has more than 500,000 bytes" in result

    async def test_what_is_no_text_is_said(self, inside: Path) -> None:
        (inside / "binary").write_bytes(b"\x7fELF\0\0")
        (inside / "empty").touch()
        assert await use(inside, "read_file", path="binary") == "binary is not a text file."
        assert await use(inside, "read_file", path="empty") == "empty is empty."
        assert await use(inside, "read_file", path="sub") == "sub is a folder, not a file."
        assert "cannot be opened" in await use(inside, "read_file", path="none.txt")

    async def test_a_link_that_stays_inside_is_followed(self, inside: Path) -> None:
        (inside / "relative").symlink_to("sub/code.py")
        (inside / "absolute").symlink_to(inside / "notes.txt")
        (inside / "sub" / "up").symlink_to("../notes.txt")
        (inside / "folder").symlink_to("sub")
        assert await use(inside, "read_file", path="relative") == "print('Two')"
        assert await use(inside, "read_file", path="absolute") == "one\ntwo\nthree"
        assert await use(inside, "read_file", path="folder/up") == "one\ntwo\nthree"

    async def test_the_allowed_folder_may_be_reached_by_a_link(self, inside: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(inside)
        assert await use(tmp_path / "link", "read_file", path="notes.txt") == "one\ntwo\nthree"


class TestListingAndSearching:
    async def test_what_is_there_is_listed_with_its_subfolders(self, inside: Path) -> None:
        listed = (await use(inside, "list_files")).splitlines()
        assert listed == ["notes.txt  14 bytes", "sub  (folder)", "sub/code.py  13 bytes"]
        assert await use(inside, "list_files", pattern="*.py") == "sub/code.py  13 bytes"
        assert await use(inside, "list_files", path="sub", pattern="*.c") == "Nothing is there."
        assert await use(inside, "list_files", path="notes.txt") == "notes.txt is a file, not a folder."

    async def test_a_text_is_found_whatever_its_case(self, inside: Path) -> None:
        assert await use(inside, "search_files", text="TWO") == (
            "notes.txt:2: two\nsub/code.py:1: print('Two')"
        )
        assert await use(inside, "search_files", text="two", pattern="*.py") == "sub/code.py:1: print('Two')"
        assert await use(inside, "search_files", text="four") == "No file holds that text."
        assert await use(inside, "search_files", text="") == "There is nothing to look for."

    async def test_many_files_and_hits_are_bounded(self, inside: Path) -> None:
        for number in range(1100):
            (inside / f"f{number}").write_text("hit\n")
        (inside / "long").write_text("hit" * 100_000)
        assert "[Only the first 1000 are listed.]" in await use(inside, "list_files")
        hits = await use(inside, "search_files", text="hit")
        assert "[Only the first 200 lines are shown.]" in hits
        assert len(hits) < 100_000

    async def test_a_pattern_made_to_take_long_is_refused(self, inside: Path) -> None:
        for tool, more in (("list_files", {}), ("search_files", {"text": "two"})):
            result = await use(inside, tool, pattern="[" * 60_000, **more)
            assert result == "The pattern is too long: at most 1000 characters."

    async def test_many_hits_far_down_fill_no_memory(self, inside: Path) -> None:
        """Each hit names the whole way, so that half a megabyte of hits is a thousand times as long."""
        deep = inside
        for _ in range(12):
            deep /= "d" * 250
            deep.mkdir()
        (deep / "hits").write_text("x\n" * 249_000)
        tracemalloc.start()
        try:
            assert "[Only the first 200 lines are shown.]" in await use(inside, "search_files", text="x")
            assert tracemalloc.get_traced_memory()[1] < 100_000_000
        finally:
            tracemalloc.stop()

    async def test_a_search_that_takes_too_long_ends_with_what_it_has(
        self, inside: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "_SEARCH_S", -1.0)
        assert "there may be more" in await use(inside, "search_files", text="two")

    async def test_links_are_named_and_not_entered(self, inside: Path, tmp_path: Path) -> None:
        (inside / "out").symlink_to(tmp_path / "outside")
        (inside / "round").symlink_to(inside)
        (inside / "secret").symlink_to(tmp_path / "secret.txt")
        assert "out  (link)" in await use(inside, "list_files")
        assert await use(inside, "search_files", text="secret") == "No file holds that text."


class TestEscapes:
    @pytest.mark.parametrize(
        "path",
        [
            "../secret.txt",
            "sub/../../secret.txt",
            "sub/../../inside/../secret.txt",
            "./.././secret.txt",
            "{outer}/secret.txt",
            "{outer}/inside/../secret.txt",
            "//{outer}/secret.txt",
            "{outer}/inside-not/secret.txt",
            "/etc/passwd",
            "/proc/self/environ",
            "/dev/zero",
            "direct",
            "folder/secret.txt",
            "relative",
            "chain",
            "sub/deep/secret.txt",
            "root/etc/passwd",
            "loop",
            "proc/self/root/etc/passwd",
            "notes.txt\0",
            "~/x",
            "notes.txt/..",
            "",
        ],
    )
    @pytest.mark.parametrize("tool", ["read_file", "list_files", "search_files"])
    async def test_by_a_path_or_a_link_are_refused(
        self, inside: Path, tmp_path: Path, path: str, tool: str
    ) -> None:
        for link, target in {
            "direct": tmp_path / "secret.txt",
            "folder": tmp_path / "outside",
            "relative": Path("../secret.txt"),
            "chain": Path("relative"),
            "sub/deep": Path("../../outside"),
            "root": Path("/"),
            "proc": Path("/proc"),
            "loop": Path("loop"),
        }.items():
            (inside / link).symlink_to(target)
        (tmp_path / "inside-not").mkdir()
        (tmp_path / "inside-not" / "secret.txt").write_text(SECRET)
        more = {"text": "e"} if tool == "search_files" else {}
        result = await use(inside, tool, path=path.format(outer=tmp_path), **more)
        assert SECRET not in result
        assert "root:" not in result

    async def test_into_devices_fifos_and_sockets_are_refused_without_waiting(self, inside: Path) -> None:
        os.mkfifo(inside / "fifo")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(inside / "socket"))
            assert await use(inside, "read_file", path="fifo") == "fifo is a FIFO, which is not opened."
            assert await use(inside, "read_file", path="socket") == "socket is a socket, which is not opened."
            assert await use(inside, "search_files", text="x") == "No file holds that text."
        devices = Path("/dev")
        assert await use(devices, "read_file", path="zero") == "zero is a device, which is not opened."
        assert await use(devices, "read_file", path="tty") == "tty is a device, which is not opened."

    async def test_without_an_allowed_folder_nothing_is_read(self) -> None:
        tools = file_tools(Folders([]))
        assert await called(tools, "read_file", path="x") == "No folder is allowed."
        assert "not in an allowed folder" in await called(tools, "read_file", path="/etc/passwd")

    @pytest.mark.parametrize("what", ["file", "folder", "parent"])
    def test_by_a_race_are_lost(self, inside: Path, tmp_path: Path, what: str) -> None:
        """While one side reads, the other replaces the path by a link to the secret, again and again."""
        (inside / "a" / "b").mkdir(parents=True)
        target = {"file": "a/b/secret.txt", "folder": "a/b", "parent": "a"}[what]
        (inside / "a" / "b" / "secret.txt").write_text("harmless")
        (tmp_path / "outside" / "b").mkdir()
        (tmp_path / "outside" / "b" / "secret.txt").write_text(SECRET)
        outer = {"file": "outside/secret.txt", "folder": "outside", "parent": "outside"}[what]
        folders = Folders([inside])
        seen: set[str] = set()
        with _swapping(inside / target, tmp_path / outer):
            deadline_s, tries = time.monotonic() + PATIENCE_S, 0
            while (tries < 3000 or len(seen) < 2) and time.monotonic() < deadline_s:
                tries += 1
                try:
                    with folders.open_file("a/b/secret.txt") as descriptor:
                        seen.add(os.read(descriptor, 100).decode())
                except ToolFailure:
                    seen.add("refused")
        assert seen == {"harmless", "refused"}

    async def test_no_descriptor_is_left_open(self, inside: Path, tmp_path: Path) -> None:
        (inside / "link").symlink_to(tmp_path / "secret.txt")
        (inside / "winding").symlink_to("sub/../" * 200 + "notes.txt")
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
        try:
            for _ in range(30):
                for path in ("notes.txt", "../x", "link", "sub", "none", "sub/code.py/x"):
                    await use(inside, "read_file", path=path)
            for path in ("sub/../" * 200 + "notes.txt", "winding"):
                assert await use(inside, "read_file", path=path) == "one\ntwo\nthree"
            assert await use(inside, "read_file", path="notes.txt") == "one\ntwo\nthree"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@contextmanager
def _swapping(path: Path, other: Path) -> Iterator[None]:
    """Let a thread exchange what stands at `path` for a link to `other` and back, without a gap."""
    link, kept = path.with_name("spare-link"), path.with_name("spare")
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            link.symlink_to(other)
            path.rename(kept)
            link.rename(path)
            path.unlink()
            kept.rename(path)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
