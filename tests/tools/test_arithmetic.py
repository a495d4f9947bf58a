"""The calculator: exact where it can be, and never stuck."""

from __future__ import annotations

import warnings

import pytest

from ollama_chat_tui.tools.builtin.arithmetic import calculator_tool
from ollama_chat_tui.tools.builtin.clock import clock_tool
from tests.tools.calling import called


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("(3 + 4) * 2 ** 10", "7168"),
        ("2^10", "1024"),
        ("-7 // 2 + 7 % 3", "-3"),
        ("1/3", "0.3333333333333333"),
        ("2**100", "1267650600228229401496703205376"),
        ("sqrt(2)*sqrt(2) - pi/pi", "1.0000000000000004"),
        ("round(2.71828, 2)", "2.72"),
        ("round(15, -1)", "20"),
        ("round(10**2000, -10**9)", "0"),
        ("round(2.5, 10**9)", "2.5"),
        ("factorial(20)", "2432902008176640000"),
        ("max(1, 2, 3) + min(4, 5)", "7"),
        ("1e308 * 10", "inf"),
        (" 1 + 1 ", "2"),
    ],
)
async def test_it_calculates(expression: str, result: str) -> None:
    assert await called(calculator_tool(), "calculate", expression=expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "(9**99)**999",
        "10**3000 * 10**3000 * 10**3000",
        "2**-(10**9)",
        "factorial(10**9)",
        "factorial(factorial(20))",
        "pow(9, 9**9)",
        "9" * 2001,
        "(" * 1000,
        "-" * 1999 + "1",
        "1+" * 999 + "x",
    ],
)
async def test_what_would_take_for_ever_is_refused(expression: str) -> None:
    result = await called(calculator_tool(), "calculate", expression=expression)
    assert not result.lstrip("-").isdecimal()


async def test_rounding_to_endless_places_ends() -> None:
    assert await called(calculator_tool(), "calculate", expression="round(5, -10**9)") == "0"


@pytest.mark.parametrize("expression", ["1if 1 else 2", "'\\\x1b'"])
async def test_no_warning_of_python_gets_onto_the_screen(expression: str) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result = await called(calculator_tool(), "calculate", expression=expression)
    assert result.startswith("This is not arithmetic")
    assert warned == []


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("__import__('os').system('x')", "This is not arithmetic"),
        ("(1).__class__", "This is not arithmetic"),
        ("open('/etc/passwd')", "This is not arithmetic"),
        ("exec(1)", "There is no function exec"),
        ("[1]*3", "This is not arithmetic"),
        ("'a'*10**9", "This is not arithmetic"),
        ("(lambda: 1)()", "This is not arithmetic"),
        ("x := 3", "This is no arithmetic expression."),
        ("1/0", "It cannot be calculated: division by zero."),
        ("sqrt(-1)", "It cannot be calculated: math domain error."),
        ("(-8) ** 0.5", "The result is not a real number."),
        ("min()", "It cannot be calculated"),
        ("2.0 ** 5000", "It cannot be calculated"),
        ("", "This is no arithmetic expression."),
        ("\0", "This is no arithmetic expression."),
    ],
)
async def test_what_is_no_arithmetic_is_said(expression: str, said: str) -> None:
    assert (await called(calculator_tool(), "calculate", expression=expression)).startswith(said)


async def test_the_clock_knows_zones() -> None:
    assert (await called(clock_tool(), "now", zone="UTC")).endswith("UTC (UTC+0000)")
    assert "There is no time zone" in await called(clock_tool(), "now", zone="../../etc/passwd")
    assert "There is no time zone" in await called(clock_tool(), "now", zone="Mars/Olympus")
