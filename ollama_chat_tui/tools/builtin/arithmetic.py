"""A calculator: Python's expressions over numbers, walked node by node, with no way to anything else.

Every operation is looked at before it is done, so that no number grows past a bound: `9**9**9` is refused
and not computed.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable
from typing import Final

from ollama_chat_tui.chat.protocols import Effect, ToolFacts
from ollama_chat_tui.tools.definition import Tool, ToolFailure
from ollama_chat_tui.tools.function import tool_of

_LONGEST: Final = 2000
_MOST_BITS: Final = 10_000  # 3,010 decimal digits; Python refuses to write more than 4,300
_MOST_PLACES: Final = 4000  # more than any number here has
_MOST_FACTORIAL: Final = 1500

Number = int | float

_BINARY: Final[dict[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Number], Number]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: Final[dict[str, Callable[..., Number]]] = {
    **{name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan")},
    **{
        name: getattr(math, name) for name in ("asin", "acos", "atan", "atan2", "hypot", "degrees", "radians")
    },
    **{name: getattr(math, name) for name in ("floor", "ceil", "trunc", "gcd", "fabs")},
    "abs": abs,
    "min": min,
    "max": max,
    "round": lambda number, places=0: _round(number, places),
}
_CONSTANTS: Final = {"pi": math.pi, "e": math.e, "tau": math.tau}


async def calculate(expression: str) -> str:
    """Calculate an arithmetic expression exactly, such as (3 + 4) * 2 ** 10 or sqrt(2).

    Args:
        expression: numbers, + - * / // % ** and brackets, pi, e, and functions such as sqrt, log, sin, round,
            min, max and factorial, as in Python.
    """
    if len(expression) > _LONGEST:
        raise ToolFailure(f"The expression is too long: at most {_LONGEST} characters.")
    try:
        return str(_value(_parsed(expression)))
    except (RecursionError, MemoryError) as exc:
        raise ToolFailure("This is no arithmetic expression.") from exc
    except (ArithmeticError, ValueError, TypeError) as exc:
        raise ToolFailure(f"It cannot be calculated: {exc}.") from exc


def calculator_tool() -> Tool:
    """`calculate`."""
    return tool_of(calculate, ToolFacts(Effect.READS), explain=lambda _: "Calculates.", subject="expression")


def _parsed(expression: str) -> ast.expr:
    try:
        # Python warns of what it takes for a slip, on standard error and in the words of the model.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(expression.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError) as exc:
        raise ToolFailure("This is no arithmetic expression.") from exc


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _bounded(number)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp() if type(node.op) in _UNARY:
            return _UNARY[type(node.op)](_value(node.operand))
        case ast.BinOp(op=ast.Pow()):
            return _power(_value(node.left), _value(node.right))
        case ast.BinOp() if type(node.op) in _BINARY:
            return _bounded(_BINARY[type(node.op)](_value(node.left), _value(node.right)))
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _call(name, [_value(argument) for argument in node.args])
    raise ToolFailure(f"This is not arithmetic: {ast.unparse(node)[:80]}")


def _call(name: str, arguments: list[Number]) -> Number:
    if name == "factorial" and len(arguments) == 1:
        if not isinstance(arguments[0], int) or arguments[0] > _MOST_FACTORIAL:
            raise ToolFailure(f"factorial takes an integer of at most {_MOST_FACTORIAL}.")
        return _bounded(math.factorial(arguments[0]))
    if name == "pow" and len(arguments) == 2:
        return _power(*arguments)
    if name not in _FUNCTIONS:
        raise ToolFailure(f"There is no function {name}. There are: {', '.join(sorted(_FUNCTIONS))}.")
    return _bounded(_FUNCTIONS[name](*arguments))


def _power(base: Number, exponent: Number) -> Number:
    are_whole = isinstance(base, int) and isinstance(exponent, int)
    if are_whole and int(base).bit_length() * abs(exponent) > _MOST_BITS:
        raise ToolFailure("A power on the way is too large a number.")
    result = base**exponent
    if isinstance(result, complex):
        raise ToolFailure("The result is not a real number.")
    return _bounded(result)


def _bounded(number: Number) -> Number:
    if isinstance(number, int) and number.bit_length() > _MOST_BITS:
        raise ToolFailure("A number on the way has more than 3,000 digits.")
    return number


def _round(number: Number, places: int = 0) -> Number:
    """Round, but not to as many places as Python would raise 10 to the power of."""
    return round(number, max(-_MOST_PLACES, min(places, _MOST_PLACES))) if places else round(number)
