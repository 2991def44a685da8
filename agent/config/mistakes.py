"""The models' validation errors in the words of the file: what was expected, what came, what was probably meant."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from agent.config.models import CarryStrategy, Config, LendingNeutralStrategy, VolatilityTargetStrategy
from agent.config.scaling import SCALING_METHODS
from agent.config.text import Document, shown
from agent.reasons import Code, Reason

STRATEGIES: Mapping[str, type[BaseModel]] = {
    "carry": CarryStrategy,
    "volatility_target": VolatilityTargetStrategy,
    "lending_neutral": LendingNeutralStrategy,
}
KINDS = " or ".join(STRATEGIES)


def mistake(detail: ErrorDetails, document: Document, root: type[BaseModel] = Config) -> Iterator[Reason]:
    """One validation error as a reason whose `where` is the dotted key; nothing when the text's reader told it."""
    parts = _place(detail["loc"])
    key, got = ".".join(parts), detail["input"]
    match detail["type"]:
        case "missing":
            if key not in document.lines:  # written, but refused as null or alias: told already
                yield Reason(Code.CONFIG_MISSING, f"{key} is missing; nothing is implied", where=key)
        case "extra_forbidden":
            yield Reason(Code.CONFIG_UNKNOWN_KEY, f"{key} is unknown; {_suggestion(parts, document, root)}", where=key)
        case "union_tag_not_found":
            tag = detail["ctx"]["discriminator"].strip("'")
            if f"{key}.{tag}" not in document.lines:
                kinds = KINDS if key == "strategy" else "what says which of them this is"
                yield Reason(Code.CONFIG_MISSING, f"{key}.{tag} is missing; it is {kinds}", where=f"{key}.{tag}")
        case "union_tag_invalid":
            tag, kinds = detail["ctx"]["discriminator"].strip("'"), detail["ctx"]["expected_tags"].replace("'", "")
            names = kinds.split(", ")
            near = difflib.get_close_matches(str(got[tag]), names, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            message = f"{key}.{tag}: expected {' or '.join(names)}, got {_came(got[tag])}{meant}"
            yield Reason(Code.CONFIG_OUT_OF_RANGE, message, where=f"{key}.{tag}")
        case kind:
            code, expected = _expectation(kind, detail.get("ctx", {}))
            yield Reason(code, f"{key}: expected {expected}, got {_came(got)}", where=key)


def _place(location: tuple[int | str, ...]) -> list[str]:
    """The dotted key's parts: the models name kinds and methods on the way to their fields, the file does not."""
    parts = [str(part) for index, part in enumerate(location) if not (index == 1 and part in STRATEGIES)]
    if parts[1:2] == ["scaling"] and parts[3:4] and parts[3] in SCALING_METHODS:
        del parts[3]
    return parts


def _expectation(kind: str, bounds: Mapping[str, Any]) -> tuple[Code, str]:
    match kind:
        case "float_type":
            return Code.CONFIG_NOT_A_NUMBER, "a number"
        case "int_type" | "int_from_float":
            return Code.CONFIG_NOT_A_NUMBER, "a whole number"
        case "finite_number":
            return Code.CONFIG_NOT_A_NUMBER, "a finite number"
        case "greater_than":
            return Code.CONFIG_OUT_OF_RANGE, f"a number above {bounds['gt']:g}"
        case "greater_than_equal":
            return Code.CONFIG_OUT_OF_RANGE, f"a number from {bounds['ge']:g} on"
        case "less_than":
            return Code.CONFIG_OUT_OF_RANGE, f"a number below {bounds['lt']:g}"
        case "less_than_equal":
            return Code.CONFIG_OUT_OF_RANGE, f"a number up to {bounds['le']:g}"
        case "literal_error":
            return Code.CONFIG_OUT_OF_RANGE, str(bounds["expected"])
        case "value_error":
            return Code.CONFIG_OUT_OF_RANGE, str(bounds["error"])
        case "string_pattern_mismatch":
            return Code.CONFIG_OUT_OF_RANGE, f"text of the form {bounds['pattern']}"
        case "string_type":
            return Code.CONFIG_SYNTAX, "text"
        case "too_short":
            return Code.CONFIG_OUT_OF_RANGE, f"a list of at least {bounds['min_length']}"
        case "too_long":
            return Code.CONFIG_OUT_OF_RANGE, f"a list of at most {bounds['max_length']}"
        case "tuple_type" | "list_type":
            return Code.CONFIG_SYNTAX, "a list"
        case _:
            return Code.CONFIG_SYNTAX, "a block of keys"


def _came(got: object) -> str:
    """The faulty value, and how to write it when that is plain."""
    if isinstance(got, bool):
        return f"{str(got).lower()}; true and false are not numbers"
    if isinstance(got, dict):
        return "a block of keys"
    if isinstance(got, list):
        return "a list"
    if not isinstance(got, str):
        return shown(got)
    if got.endswith("%") and got[:-1].strip().replace(".", "", 1).isdecimal():
        return f"the text {shown(got)}; write {float(got[:-1]) / 100:g}"
    return f"the text {shown(got)}"


def _suggestion(parts: list[str], document: Document, root: type[BaseModel]) -> str:
    """A near name in this block, or else the same name in another one, or else the names there are."""
    model = _model_at(parts[:-1], document, root)
    names = list(model.model_fields) if model else []
    near = difflib.get_close_matches(parts[-1], names, n=1)
    if near:
        return f"did you mean {'.'.join([*parts[:-1], near[0]])}?"
    for key in _every_key(root, "", document):
        if key.rpartition(".")[2] == parts[-1]:
            return f"did you mean {key}?"
    return f"the names here are {', '.join(names)}"


def _model_at(parts: list[str], document: Document, root: type[BaseModel]) -> type[BaseModel] | None:
    if parts[1:2] == ["scaling"] and len(parts) == 3:
        return SCALING_METHODS.get(_method_of(int(parts[2]), document))
    model: type[BaseModel] | None = root
    for part in parts:
        model = _inner(model, part, document) if model else None
    return model


def _method_of(index: int, document: Document) -> str:
    """The method that an entry of `strategy.scaling` names; an error inside of it says that it is one."""
    strategy = document.values.get("strategy")
    entries = strategy.get("scaling") if isinstance(strategy, dict) else None
    entry = entries[index] if isinstance(entries, list) else None
    return str(entry.get("method")) if isinstance(entry, dict) else ""


def _inner(model: type[BaseModel], part: str, document: Document) -> type[BaseModel] | None:
    """The model of the block `part` inside `model`; None for a plain value."""
    if model is Config and part == "strategy":
        strategy = document.values.get("strategy")
        kind = strategy.get("kind") if isinstance(strategy, dict) else None
        return STRATEGIES.get(str(kind))
    field = model.model_fields.get(part)
    if field is None or part == "scaling":
        return None
    candidates = (field.annotation, *getattr(field.annotation, "__args__", ()))
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _every_key(model: type[BaseModel], prefix: str, document: Document) -> Iterator[str]:
    for name in model.model_fields:
        yield f"{prefix}{name}"
        inner = _inner(model, name, document)
        if inner is not None:
            yield from _every_key(inner, f"{prefix}{name}.", document)
