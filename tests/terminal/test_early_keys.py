"""The tty between two prompts: keys wait as they are, and afterwards all is as before."""

from __future__ import annotations

import os
import pty
import termios

from ollama_chat_tui.terminal.early_keys import keep_early_keys


def test_keep_early_keys_without_echo_and_the_modes_come_back() -> None:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with keep_early_keys(slave):
        os.write(master, b"hi\r\x04")
        assert os.read(slave, 10) == b"hi\r\x04"
        assert termios.tcgetattr(slave)[3] & termios.ISIG
    assert termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)


def test_what_is_no_terminal_is_left_alone() -> None:
    read_end, write_end = os.pipe()
    with keep_early_keys(read_end):
        os.write(write_end, b"x")
    assert os.read(read_end, 1) == b"x"
    os.close(read_end)
    os.close(write_end)


def test_a_terminal_that_is_gone_is_no_error() -> None:
    master, slave = pty.openpty()
    with keep_early_keys(slave):
        os.close(slave)
    os.close(master)
