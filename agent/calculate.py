"""`ballast calculate`: one formula of the scaling room on numbers that a person types."""

import difflib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from agent.check import EXIT_OK
from agent.reasons import Code, Reason, Refusal
from agent.scaling.formulas import FORMULAS

if TYPE_CHECKING:
    from rich.console import Console

TYPED = 4_096  # characters of one argument; nobody types more
DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")  # JSON knows neither .5 nor 1.


def calculate(formula: str, typed: Sequence[str]) -> Any:
    """The answer of a formula.

    Parameters
    ----------
    formula : its name
    typed : arguments as NAME=VALUE; a value is a number, a word, or JSON

    Raises
    ------
    Refusal : no such formula, no such argument, one that is missing or not readable, or numbers that it refuses
    """
    function = FORMULAS.get(formula)
    if function is None:
        near = difflib.get_close_matches(formula, FORMULAS, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"`ballast calculate` lists all {len(FORMULAS)}"
        raise _refusal(Code.CONFIG_UNKNOWN_KEY, f"{formula} is no formula; {hint}", "formula")
    hints = get_type_hints(inspect.unwrap(function))
    parameters = inspect.signature(function).parameters
    values = {name: _value(name, text, hints[name]) for name, text in _pairs(typed, list(parameters))}
    missing = [
        name for name, parameter in parameters.items() if name not in values and parameter.default is parameter.empty
    ]
    if missing:
        message = f"{formula} also needs {', '.join(missing)}; it takes {', '.join(parameters)}"
        raise _refusal(Code.CONFIG_MISSING, message, missing[0])
    try:
        return function(**values)
    except (ValueError, TypeError) as error:
        raise _refusal(Code.CONFIG_OUT_OF_RANGE, f"{formula}: {error}", formula) from error


def report_calculation(formula: str | None, typed: Sequence[str], console: "Console") -> int:
    """Print the answer with the formula itself, or every formula there is; returns the exit code."""
    if formula is None:
        for name, function in FORMULAS.items():
            console.print(f"[bold]{name}[/]  {_first_line(function)}", highlight=False, soft_wrap=True)
        return EXIT_OK
    answer = calculate(formula, typed)
    console.print(inspect.getdoc(FORMULAS[formula]) or "", markup=False, highlight=False, soft_wrap=True)
    for line in _lines(answer):
        console.print(f"[bold]{line}[/]", highlight=False, soft_wrap=True)
    return EXIT_OK


def _first_line(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").split("\n")[0]


def _pairs(typed: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for one in typed:
        name, equals, text = one.partition("=")
        if not equals or len(one) > TYPED:
            raise _refusal(Code.CONFIG_SYNTAX, f"expected NAME=VALUE, got {one[:60]!r}", name[:60])
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1) or names
            message = f"{name} is unknown; did you mean {' or '.join(near)}?"
            raise _refusal(Code.CONFIG_UNKNOWN_KEY, message, name)
        if name in seen:
            raise _refusal(Code.CONFIG_DUPLICATE_KEY, f"{name} is given twice", name)
        seen.add(name)
        yield name, text


def _value(name: str, text: str, hint: Any) -> Any:
    try:
        value = float(text) if DECIMAL.fullmatch(text) else json.loads(text, parse_constant=_no_number)
    except ValueError:
        value = text
    record = next((one for one in (hint, *get_args(hint)) if isinstance(one, type) and is_dataclass(one)), None)
    if "ndarray" in str(hint):
        import numpy as np

        value = np.array(value, dtype=np.float64) if isinstance(value, list) else value
    elif record is not None and isinstance(value, list):
        # A record is the list of its fields; a sequence of them a list of lists.
        several = bool(value) and isinstance(value[0], list)
        value = [record(*one) for one in value] if several else record(*value)
    wanted_word = "str" in str(hint) or "Literal" in str(hint)
    if (isinstance(value, str) and not wanted_word) or (isinstance(value, bool) and hint is not bool):
        message = f"{name}: expected a number or a list of numbers, got {text[:60]!r}"
        raise _refusal(Code.CONFIG_NOT_A_NUMBER, message, name)
    return value


def _no_number(text: str) -> float:
    raise ValueError(text)


def _lines(answer: Any) -> Iterator[str]:
    if isinstance(answer, Reason):
        yield str(answer)
    elif is_dataclass(answer) and not isinstance(answer, type):
        for field in fields(answer):
            yield f"{field.name} = {_shown(getattr(answer, field.name))}"
    elif isinstance(answer, tuple) and answer and is_dataclass(answer[0]):
        for row in answer:
            yield ", ".join(f"{field.name} {_shown(getattr(row, field.name))}" for field in fields(row))
    else:
        yield _shown(answer)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_shown(one) for one in value)
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


def _refusal(code: Code, message: str, where: str) -> Refusal:
    return Refusal(Reason(code, message, where=where))
