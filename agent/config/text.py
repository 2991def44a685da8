"""YAML text to plain values with the line of every key; a hostile file is refused before it can cost anything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from agent.reasons import Code, Reason, Refusal

NodeEvent = ScalarEvent | SequenceStartEvent | MappingStartEvent

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8  # the deepest key of a strategy file is the third level
MAX_EVENTS = 1_000  # a strategy file has about 150
MAX_BRACKETS = 100  # the scanner's time grows with the square of open brackets
SECRET = re.compile(r"[0-9a-fA-F]{64}")  # a private key; nothing else in a strategy file is that long
DECIMAL = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")  # neither 0x10, 1_000, .inf nor .nan


@dataclass(slots=True)
class Document:
    """The values as written, the line of every dotted key, and what was wrong with the text."""

    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)


def parse(text: str, path: str) -> Document:
    """Read one YAML document whose top level is a block of keys.

    Numbers, text and blocks only: anchors, aliases, tags and null are refused, and so is a key written twice.

    Raises
    ------
    Refusal : the text cannot be read to its end (syntax, too deep, too long, a private key inside).
    """
    _refuse_secrets(text, path)
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        raise Refusal(_syntax(path, 1, f"expected blocks of keys, got more than {MAX_BRACKETS} brackets"))
    yaml = YAML(typ="safe", pure=True)
    reader = _Reader(yaml, path)
    try:
        return reader.document(yaml.parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Refusal(*reader.document_so_far.reasons, _syntax(path, line, f"not YAML: {error.problem}")) from error
    except YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise Refusal(_syntax(path, line, "not YAML: a character that text may not contain")) from error


class _Reader:
    """Builds the document from the parser's events, so that nothing is ever expanded or constructed."""

    def __init__(self, yaml: YAML, path: str) -> None:
        self._resolver = yaml.resolver
        self._path = path
        self._count = 0
        self.document_so_far = Document()

    def document(self, events: Iterator[Event]) -> Document:
        document = self.document_so_far
        documents = 0
        counted = self._counted(events)
        for event in counted:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._complain(event, "expected one document, got a second one after `---`")
                    break
            elif isinstance(event, MappingStartEvent):
                document.values = self._block(event, counted, "", 1)
            elif isinstance(event, (ScalarEvent, SequenceStartEvent, AliasEvent)):
                self._complain(event, "expected a block of keys at the top level")
                break
        if documents == 0:
            raise Refusal(_syntax(self._path, 1, "expected a strategy, got an empty file"))
        return document

    def _counted(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            self._count += 1
            if self._count > MAX_EVENTS:
                raise Refusal(_syntax(self._path, _line(event), f"expected at most {MAX_EVENTS} YAML elements"))
            yield event

    def _block(self, start: MappingStartEvent, events: Iterator[Event], prefix: str, depth: int) -> dict[str, object]:
        self._check_start(start, depth)
        lines = self.document_so_far.lines
        values: dict[str, object] = {}
        seen: set[str] = set()
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            if not isinstance(event, ScalarEvent):
                self._complain(event, "expected a name before the colon, got something else")
                self._value(event, events, prefix + "?", depth + 1)
                self._value(next(events), events, prefix + "?", depth + 1)
                continue
            self._check_start(event, depth)
            key, dotted = str(event.value), f"{prefix}{event.value}"
            first = lines.setdefault(dotted, _line(event))
            if twice := key in seen:
                message = f"{dotted} is written twice, first on line {first}; keep one"
                self._complain(event, message, Code.CONFIG_DUPLICATE_KEY)
            seen.add(key)
            present, value = self._value(next(events), events, dotted, depth + 1)
            if present and not twice:
                values[key] = value
        return values

    def _value(self, event: Event, events: Iterator[Event], dotted: str, depth: int) -> tuple[bool, object]:
        """Whether there is a value, and the value; what is refused here counts as absent."""
        if isinstance(event, AliasEvent):
            self._complain(event, f"{dotted}: aliases (*{event.anchor}) are refused; write the value itself")
            return False, None
        if isinstance(event, MappingStartEvent):
            return True, self._block(event, events, f"{dotted}.", depth)
        if isinstance(event, SequenceStartEvent):
            self._check_start(event, depth)
            items: list[object] = []
            for item in events:
                if isinstance(item, SequenceEndEvent):
                    break
                self.document_so_far.lines.setdefault(f"{dotted}.{len(items)}", _line(item))
                items.append(self._value(item, events, f"{dotted}.{len(items)}", depth + 1)[1])
            return True, items
        if not isinstance(event, ScalarEvent):
            raise Refusal(_syntax(self._path, _line(event), f"{dotted}: expected a value"))
        self._check_start(event, depth)
        return self._scalar(event, dotted)

    def _scalar(self, event: ScalarEvent, dotted: str) -> tuple[bool, object]:
        text = str(event.value)
        tag = str(self._resolver.resolve(ScalarNode, text, event.implicit)).rpartition(":")[2]
        if tag == "null":
            # The parser sees an empty value only at the next token, so the place is the key's.
            line = self.document_so_far.lines.get(dotted, _line(event))
            message = f"{dotted}: expected a value, got nothing (null); nothing is implied"
            self.document_so_far.reasons.append(Reason(Code.CONFIG_MISSING, message, where=place(self._path, line)))
            return False, None
        if tag == "bool":
            return True, text.lower() == "true"
        if tag in ("int", "float"):
            if DECIMAL.fullmatch(text):
                return True, int(text) if tag == "int" else float(text)
            message = f"{dotted}: expected a plain decimal number, got {shown(text)}"
            self._complain(event, message, Code.CONFIG_NOT_A_NUMBER)
            return False, None
        return True, text

    def _check_start(self, event: NodeEvent, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Refusal(_syntax(self._path, _line(event), f"expected at most {MAX_DEPTH} levels, got more"))
        if event.anchor is not None:
            self._complain(event, f"anchors (&{event.anchor}) are refused; write each value where it is used")
        if event.tag is not None:
            self._complain(event, f"tags ({shown(str(event.tag))}) are refused; write a number or text")

    def _complain(self, event: Event, message: str, code: Code = Code.CONFIG_SYNTAX) -> None:
        self.document_so_far.reasons.append(Reason(code, message, where=place(self._path, _line(event))))


def place(path: str, line: int) -> str:
    """Where a person finds it: the path as typed, and the line.

    >>> place("configs/eth-carry.yaml", 14)
    'configs/eth-carry.yaml, line 14'
    """
    return f"{path}, line {line}"


def shown(value: object) -> str:
    """A value as a message shows it: quoted, escaped, and short however long the input was."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _syntax(path: str, line: int, message: str) -> Reason:
    return Reason(Code.CONFIG_SYNTAX, message, where=place(path, line))


def _refuse_secrets(text: str, path: str) -> None:
    # Alone and first: no other message may quote the line.
    reasons = [
        Reason(
            Code.CONFIG_SECRET,
            "64 hex digits look like a private key; keys never belong in a strategy file",
            where=place(path, number),
        )
        for number, line in enumerate(text.splitlines(), start=1)
        if SECRET.search(line)
    ]
    if reasons:
        raise Refusal(*reasons)
