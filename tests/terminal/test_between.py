"""The tty between two prompts: keys wait as they are, and afterwards all is as before."""

from __future__ import annotations

import os
import pty
import termios

from ollama_chat_tui.terminal.between import keys_wait


def test_keys_wait_without_echo_and_the_modes_come_back() -> None:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with keys_wait(slave):
        os.write(master, b"hi\r\x04")
        assert os.read(slave, 10) == b"hi\r\x04"
        assert termios.tcgetattr(slave)[3] & termios.ISIG
    assert termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)


def test_what_is_no_terminal_is_left_alone() -> None:
    read_end, write_end = os.pipe()
    with keys_wait(read_end):
        os.write(write_end, b"x")
    assert os.read(read_end, 1) == b"x"
    os.close(read_end)
    os.close(write_end)


def test_a_terminal_that_is_gone_is_no_error() -> None:
    master, slave = pty.openpty()
    with keys_wait(slave):
        os.close(slave)
    os.close(master)
