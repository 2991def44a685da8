"""Contract functions and errors prepared once: selector and codecs, with no contract object in the way."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

# eth_abi takes 0.3 s to import, so nobody pays for it before the first call is encoded.

AbiEntry = Mapping[str, Any]


class UndecodableResult(ValueError):
    """Returned bytes do not have the shape the function promises, for example because no contract lives there."""


def keccak(data: bytes) -> bytes:
    """The hash of Ethereum, 32 bytes."""
    from eth_hash.auto import keccak as hashed

    return hashed(data)


def _keccak(text: str) -> bytes:
    return keccak(text.encode())


@lru_cache(maxsize=1024)
def _encoder(types: str) -> Any:
    from eth_abi.registry import registry

    return registry.get_encoder(types)


@lru_cache(maxsize=1024)
def _decoder(types: str) -> Any:
    from eth_abi.registry import registry

    return registry.get_decoder(types)


def abi_encode(types: str, values: tuple[Any, ...]) -> bytes:
    """`abi.encode(...)` of values; `types` in parentheses, for example "(uint8,uint256)"."""
    from eth_abi.exceptions import EncodingError

    if types == "()" and not values:
        return b""
    try:
        return bytes(_encoder(types)(values))
    except EncodingError as error:
        raise ValueError(f"cannot encode {values!r} as {types}: {error}") from error


def abi_decode(types: str, data: bytes) -> tuple[Any, ...]:
    """The values of `abi.encode(...)`; addresses come as lower-case 0x text, tuples as tuples.

    Raises `UndecodableResult` when the data are too short or not of these types.
    """
    from eth_abi.decoding import ContextFramesBytesIO
    from eth_abi.exceptions import DecodingError

    if types == "()":
        return ()
    try:
        stream = ContextFramesBytesIO(data)  # type: ignore[no-untyped-call]  # eth_abi leaves it untyped
        return tuple(_decoder(types)(stream))
    except (DecodingError, OverflowError, UnicodeDecodeError) as error:
        raise UndecodableResult(f"{len(data)} bytes do not decode as {types}: {error}") from error


@dataclass(frozen=True)
class Function:
    """One contract function: `Function("balanceOf(address)", "(uint256)")`.

    Parameters
    ----------
    signature : name and argument types as the selector is made of; a struct is its tuple of types
    returns : types of the results, in parentheses; "()" for none
    """

    signature: str
    returns: str = "()"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w+\(.*\)", self.signature) or " " in self.signature:
            raise ValueError(f"function signature: expected name(type,...) without spaces, got {self.signature!r}")
        if not re.fullmatch(r"\(.*\)", self.returns):
            raise ValueError(f"function {self.signature}: expected results as (type,...), got {self.returns!r}")

    @classmethod
    def from_abi(cls, abi: Iterable[AbiEntry], name: str) -> Self:
        """The one function of that name in a contract's ABI."""
        found = [entry for entry in abi if entry["type"] == "function" and entry["name"] == name]
        if len(found) != 1:
            raise ValueError(f"expected one function {name} in the ABI, found {len(found)}")
        return cls(name + _types(found[0]["inputs"]), _types(found[0]["outputs"]))

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]

    @cached_property
    def inputs(self) -> str:
        return self.signature[len(self.name) :]

    @cached_property
    def selector(self) -> bytes:
        return _keccak(self.signature)[:4]

    def encode(self, *args: Any) -> bytes:
        """Calldata: selector and arguments."""
        return self.selector + abi_encode(self.inputs, args)

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Results as a tuple, whatever their number."""
        return abi_decode(self.returns, data)


@dataclass(frozen=True, slots=True)
class RawFunction:
    """A read that takes bare `abi.encode(...)` without a selector, as precompiles do."""

    signature: str
    inputs: str
    returns: str

    def encode(self, *args: Any) -> bytes:
        """Calldata: the arguments alone."""
        return abi_encode(self.inputs, args)

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Results as a tuple, whatever their number."""
        return abi_decode(self.returns, data)


@dataclass(frozen=True, slots=True)
class RevertReason:
    """Why a contract reverted: the error's name and its arguments in the order of its declaration."""

    name: str
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(str(arg) for arg in self.args)})"


class ErrorRegistry:
    """Custom errors by selector, so that a revert reads as the name the contract gave it."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, str]] = {}
        for name, types in (("Error", "(string)"), ("Panic", "(uint256)")):
            self._known[_keccak(name + types)[:4]] = (name, types)

    def add_abi(self, abi: Iterable[AbiEntry]) -> None:
        """Learns every error that a contract's ABI declares."""
        for entry in abi:
            if entry["type"] == "error":
                types = _types(entry["inputs"])
                self._known[_keccak(entry["name"] + types)[:4]] = (entry["name"], types)

    def decode(self, data: bytes) -> RevertReason:
        """The reason in revert data. Empty data give "NoReason"; an unknown error its selector and raw arguments."""
        if not data:
            return RevertReason("NoReason")
        name, types = self._known.get(data[:4], ("", ""))
        if name:
            try:
                return RevertReason(name, abi_decode(types, data[4:]))
            except UndecodableResult:
                name = ""
        return RevertReason("0x" + data[:4].hex(), (data[4:],))


def constructor_inputs(abi: Iterable[AbiEntry]) -> str:
    """Types of a contract's constructor, in parentheses; "()" when it takes nothing."""
    for entry in abi:
        if entry["type"] == "constructor":
            return _types(entry["inputs"])
    return "()"


def _types(parameters: Iterable[AbiEntry]) -> str:
    return "(" + ",".join(_type(parameter) for parameter in parameters) + ")"


def _type(parameter: AbiEntry) -> str:
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        return _types(parameter["components"]) + kind.removeprefix("tuple")
    return kind
