"""Strict matching of requests: method, path, and every parameter known and valid, or a miss that says what is near."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from agent.market.replay_server.view import View

Rule = Callable[[str], Any]  # takes the parameter's text, gives its value, raises ValueError saying what it takes
Query = Mapping[str, Any]
REQUIRED = object()
SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Parameter:
    """How one parameter is read, and its value when it is left out."""

    rule: Rule
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class Route:
    """One request a venue answers. `{name}` in the path is a parameter too; a body's keys are parameters."""

    method: str
    path: str
    answer: Callable[[View, Query], Any]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The request as a miss shows it: parameters in brackets may be left out."""
        named = [
            name if parameter.default is REQUIRED else f"[{name}]"
            for name, parameter in self.parameters.items()
            if f"{{{name}}}" not in self.path
        ]
        return f"{self.method} {self.path}" + (f"?{'&'.join(named)}" if named else "")

    def reads(self, method: str, path: str) -> dict[str, str] | None:
        """The parameters in the path, or None when method or path differ."""
        if method != self.method:
            return None
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return None if found is None else found.groupdict()


class Miss(Exception):
    """No route takes the request. `complaints` say what the nearest ones would have taken."""

    def __init__(self, request: str, complaints: Sequence[str], nearest: Sequence[str]) -> None:
        super().__init__(request)
        self.request = request
        self.complaints = tuple(complaints)
        self.nearest = tuple(nearest)


def match(routes: Sequence[Route], method: str, path: str, given: Mapping[str, str]) -> tuple[Route, Query]:
    """The route of a request and its parameters as values. Raises Miss when there is none."""
    complaints = []
    for route in routes:
        in_path = route.reads(method, path)
        if in_path is None:
            continue
        try:
            return route, _values(route, {**given, **in_path})
        except ValueError as error:
            complaints.append(f"{route.summary}: {error}")
    likeness = sorted(routes, key=lambda route: SequenceMatcher(None, route.path, path).ratio(), reverse=True)
    nearest = [route.summary for route in likeness[:SUGGESTIONS]]
    text = "&".join(f"{name}={value}" for name, value in sorted(given.items()))
    raise Miss(f"{method} {path}" + (f"?{text}" if text else ""), complaints, nearest)


def of_another_market(route: Route, query: Query) -> Query:
    """The same request about another market; the query itself when it names none."""
    changed = dict(query)
    for name, parameter in route.parameters.items():
        if isinstance(parameter.rule, named) and query[name] is not None:
            changed[name] = parameter.rule.another(query[name])
    return changed


def _values(route: Route, given: Mapping[str, str]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(route.parameters))
    if unknown:
        raise ValueError(f"takes no {', '.join(unknown)}")
    values = {}
    for name, parameter in route.parameters.items():
        if name in given:
            try:
                values[name] = parameter.rule(given[name])
            except ValueError as error:
                raise ValueError(f"{name}={given[name]}: {error}") from error
        elif parameter.default is REQUIRED:
            raise ValueError(f"needs {name}")
        else:
            values[name] = parameter.default
    return values


def whole(minimum: int, maximum: int) -> Rule:
    """A whole number within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,18}", text) or not minimum <= int(text) <= maximum:
            raise ValueError(f"takes a whole number from {minimum} to {maximum}")
        return int(text)

    return read


def one_number_of(*numbers: int) -> Rule:
    """One of some whole numbers."""
    words = one_of(*map(str, numbers))

    def read(text: str) -> int:
        return int(words(text))

    return read


def at_most(maximum: int) -> Rule:
    """A whole number from 1; a larger one counts as `maximum`, as venues have it that cut a page silently."""
    within = whole(1, 10**9)

    def read(text: str) -> int:
        return min(int(within(text)), maximum)

    return read


def one_of(*words: str) -> Rule:
    """One of some words, exactly."""

    def read(text: str) -> str:
        if text not in words:
            near = get_close_matches(text, words, 1)
            raise ValueError(f"takes {' or '.join(words)}" + (f"; did you mean {near[0]}?" if near else ""))
        return text

    return read


@dataclass(frozen=True, slots=True)
class named:  # noqa: N801 - reads like the other rules where routes are written
    """The name of one of some things; the value is the thing."""

    things: Mapping[str, Any]

    def __call__(self, text: str) -> Any:
        return self.things[one_of(*self.things)(text)]

    def another(self, thing: Any) -> Any:
        """The next thing of another asset, or the same where there is none."""
        things = list(self.things.values())
        place = things.index(thing)
        return next((one for one in things[place + 1 :] + things[:place] if one.base != thing.base), thing)


def anything(text: str) -> str:
    """A parameter that the venue knows and does not look at, or takes as it is."""
    return text


def iso_moment(text: str) -> int:
    """A moment such as 2023-02-01T00:00:00.000Z in unix milliseconds."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", text):
        raise ValueError("takes a moment such as 2023-02-01T00:00:00.000Z")
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


milliseconds: Rule = whole(0, 10**13)
seconds: Rule = whole(0, 10**10)
