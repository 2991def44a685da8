"""Keeps secrets out of everything that is written: known values, and whatever looks like one."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote

from agent.reasons import Reason
from chains.rpc import basic

HIDDEN = "[hidden]"
LONGEST_TEXT = 4_000  # of others, in a log or a status
WITH_HOSTS = ("http", "https", "ws", "wss")
SHORTEST = 6  # shorter values are words, and hiding words makes logs useless
_PRIVATE_KEY = re.compile(r"(?<![0-9a-fA-F])(?:0x)?[0-9a-fA-F]{64}(?![0-9a-fA-F])")
_CREDENTIALS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^\s/]+)@", re.IGNORECASE)
_URL_KEY = re.compile(r"(?P<host>(?:https?|wss?)://[^\s/?#]+)(?P<rest>[/?][^\s\"'<>]+)", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<name>\b(?:password|passphrase|secret|token|api[_-]?key|authorization|bearer)\b[\"']?\s*[:=]?\s*[\"']?"
    r"(?:bearer\s+|basic\s+)?)"
    # After a blank, words are words and addresses are public: "the password does not open it", "token 0x12...".
    r"(?P<value>(?!0x[0-9a-f]{40}(?![0-9a-f]))(?:(?<!\s)|(?=[a-z]*[^a-z\s\"',}]))[^\s\"',}]{6,})",
    re.IGNORECASE,
)
# Transaction and block hashes have a private key's shape; the fields that hold them are public.
_PUBLIC = re.compile(
    r"(?P<name>\b(?:hash|tx|transaction|block|digest|root|receipt of)\w*\b[\"']?\s*[:=]?\s*[\"']?)$", re.IGNORECASE
)


class Redactor:
    """Replaces secrets in text.

    Parameters
    ----------
    values : secrets of this process: keystore passwords, tokens, node addresses with a key in them. Parts of an address
        (its path, its query) are hidden too.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        parts = {part for value in values for part in _parts(value) if len(part) >= SHORTEST}
        known = {written for part in parts for written in _as_written(part)}
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(value) for value in longest_first)) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _CREDENTIALS.sub(rf"\g<scheme>{HIDDEN}@", text)
        text = _URL_KEY.sub(rf"\g<host>/{HIDDEN}", text)
        text = _NAMED.sub(rf"\g<name>{HIDDEN}", text)
        return _PRIVATE_KEY.sub(_unless_public, text)

    def reason(self, reason: Reason) -> Reason:
        """The reason without secrets, for a database or a terminal."""
        return replace(reason, message=self(reason.message), where=self(reason.where))

    def data(self, value: object, name: str = "") -> object:
        """What may be written as JSON: every text in it without secrets and cut when it is long, no NaN.

        Parameters
        ----------
        name : under which the value is told; it goes along, because a transaction's hash looks like a private key
        """
        if isinstance(value, bool | int) or value is None:
            return value
        if isinstance(value, float):
            return value if value - value == 0 else str(value)
        if isinstance(value, Mapping):
            return {self(str(key)): self.data(inner, str(key)) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(inner, name) for inner in value]
        return self(f"{name}: {value}").removeprefix(f"{name}: ")[:LONGEST_TEXT]


NOTHING_KNOWN = Redactor()  # hides what looks like a secret


def _unless_public(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 40) : found.start()]
    return found.group() if _PUBLIC.search(before) else HIDDEN


def _parts(value: str) -> set[str]:
    """A secret and, of an address, whatever of it could be a key; hosts of nodes and user names are none."""
    if "://" not in value:
        return {value}
    scheme, rest = value.split("://", 1)
    authority, *place = re.split(r"[/?&=#]", rest)
    credentials, _, host = authority.rpartition("@")
    user, colon, password = credentials.partition(":")
    parts = {value, *place, password if colon else user}
    if credentials:
        parts.add(basic(credentials))  # as a node is told them
    if scheme not in WITH_HOSTS:
        parts |= {host, *host.split(":")}  # Apprise writes keys where others write a host
    return parts | {unquote(part) for part in parts}


def _as_written(value: str) -> set[str]:
    """A secret as messages may quote it."""
    return {value, quote(value, safe=""), repr(value)[1:-1], json.dumps(value)[1:-1]}
