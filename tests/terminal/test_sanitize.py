"""The table of the border, code point by code point."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.terminal.sanitize import Sanitizer, sanitize, sanitize_line

NEWLINES = {0x0A, 0x0B, 0x0C, 0x85, 0x2028, 0x2029}
BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
INVISIBLE = {0x00AD, 0x115F, 0x1160, 0x180E, 0x200B, 0x3164, 0xFEFF, 0xFFA0, *range(0x2060, 0x2066)}
DEPRECATED = {
    *range(0x206A, 0x2070),
    *range(0xFFF0, 0xFFFC),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
}
SMUGGLING = set(range(0xE0000, 0xE1000))
DROPPED = {0x0D} | BIDI | INVISIBLE | DEPRECATED | SMUGGLING
KEPT_FORMATS = {0x200E, 0x200F, 0x061C}
TAGS = (0xE0067, 0xE0062, 0xE007F)
DEPENDENT = {0x200C, 0x200D, *range(0xFE00, 0xFE10)}


def expected(code: int) -> str:
    if code in NEWLINES:
        return "\n"
    if code in DROPPED or code in DEPENDENT:
        return ""
    if code != 0x09 and code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000:
        return "\ufffd"
    return chr(code)


def test_every_code_point() -> None:
    wrong = [hex(code) for code in range(0x110000) if sanitize(chr(code)) != expected(code)]
    assert wrong == []


def test_no_invisible_format_character_passes_but_those_that_scripts_and_emoji_need() -> None:
    passing = {
        code for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf" and sanitize(chr(code))
    }
    # Signs of Arabic, Syriac, Kaithi and Egyptian that are seen, or shape what is.
    scripts = {
        code
        for code in passing
        if unicodedata.name(chr(code), "").split()[0] in {"ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN"}
    }
    assert passing - scripts <= KEPT_FORMATS


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦 family, 👍🏽 skin, 🇩🇪 flag, 1️⃣ key, ❤️ heart",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotland",
        "می‌خواهم",  # ZWNJ
        "क्‍ष नमस्ते",  # ZWJ
        "العربية 123 abc",
        "עברית",
        "ภาษาไทย",
        "1️⃣ ©️ ❤️‍🔥 🏴‍☠️ 葛\ufe00",
        "e\u0301 Z\u0351\u036b",
        "中文，日本語、한국어",
        "┌─┐│█▌",
        "a\u00a0b\tc\nd",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert sanitize(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x9b31m\x9d0;title\x9c", "\ufffd31m\ufffd0;title\ufffd"),
        ("safe\roverwritten\r\nnext", "safeoverwritten\nnext"),
        ("abc\u202edef\u2066g", "abcdefg"),
        ("pass\U000e0041\U000e0042word", "password"),
        ("🏴\U000e0041\U000e0042", "🏴"),  # not a flag: hidden text behind one
        ("pass\u200d\u200cwo\ufe0frd", "password"),
        ("中\u200d文", "中文"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f"),
        ("👩\u200d\u200d👧", "👩\u200d👧"),
        ("🏴" + "\U000e0067" * 9 + "\U000e007f", "🏴"),
    ],
)
def test_what_drives_a_terminal_or_hides_goes(text: str, clean: str) -> None:
    assert sanitize(text) == clean


@given(st.text(st.characters(codec=None)))
def test_sanitising_again_changes_nothing(text: str) -> None:
    assert sanitize(sanitize(text)) == sanitize(text)


def test_one_row_stays_one_row() -> None:
    assert sanitize_line("a\nb\tc\u2028d") == "a b c d"


PIECES = st.lists(
    st.sampled_from(
        [*"ab\n\x1b\u200b中क❤👩م", "\u200d", "\u200c", "\ufe0f", "\ufe01", "🏴", *map(chr, TAGS)]
    ),
    max_size=12,
)


@given(st.lists(PIECES.map("".join), max_size=8))
def test_pieces_give_what_the_whole_gives(pieces: list[str]) -> None:
    sanitizer = Sanitizer()
    cleaned = [sanitizer.feed(piece) for piece in pieces]
    assert "".join([*cleaned, sanitizer.flush()]) == sanitize("".join(pieces))


def test_the_beginning_of_a_flag_waits_for_its_rest() -> None:
    sanitizer = Sanitizer()
    assert sanitizer.feed("x🏴\U000e0067\U000e0062") == "x"
    assert sanitizer.feed("\U000e0065\U000e006e\U000e0067\U000e007f!") == (
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f!"
    )
    assert sanitizer.feed("🏴") == ""
    assert sanitizer.flush() == "🏴"
