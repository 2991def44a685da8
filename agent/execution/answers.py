"""What each client's words to a broadcast mean: certainly not in its pool, certainly in it, or neither."""

import re
from dataclasses import dataclass
from enum import StrEnum

from agent.reasons import Code
from chains.rpc import RpcError


class Verdict(StrEnum):
    """What is known after a broadcast. Only a refusal by every node that was asked means that nothing was sent."""

    IN_POOL = "in pool"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """One node's answer to a broadcast, understood."""

    verdict: Verdict
    code: Code
    note: str


class Client(StrEnum):
    """The clients whose words are known, by how `web3_clientVersion` begins."""

    GETH = "geth"
    NETHERMIND = "nethermind"
    ERIGON = "erigon"
    BESU = "besu"
    RETH = "reth"
    ANVIL = "anvil"


_GETH_LIKE = (Client.GETH, Client.ERIGON, Client.RETH, Client.NETHERMIND, Client.ANVIL)
_ALL = tuple(Client)

# Only what a client finds out before a transaction enters its pool is a refusal. "nonce too low", "replacement
# underpriced" and "txpool is full" are none: each can be said of a nonce that bytes of ours have taken already.
# Each row is matched against the whole message, or against what comes before a colon or comma with details.
_TABLE: tuple[tuple[tuple[Client, ...], str, Verdict, Code], ...] = (
    # in the pool already, by its hash
    (_GETH_LIKE, "already known", Verdict.IN_POOL, Code.ALREADY_KNOWN),
    ((Client.GETH, Client.BESU), "known transaction", Verdict.IN_POOL, Code.ALREADY_KNOWN),
    ((Client.NETHERMIND,), "AlreadyKnown", Verdict.IN_POOL, Code.ALREADY_KNOWN),
    ((Client.ERIGON,), "existing txn? with same hash", Verdict.IN_POOL, Code.ALREADY_KNOWN),
    ((Client.ANVIL,), "transaction already imported", Verdict.IN_POOL, Code.ALREADY_KNOWN),
    # the account cannot pay
    (_GETH_LIKE, r"insufficient funds( for gas \* price \+ value| for transfer)?", Verdict.REFUSED, Code.GAS_RESERVE),
    ((Client.NETHERMIND,), "InsufficientFunds", Verdict.REFUSED, Code.GAS_RESERVE),
    ((Client.BESU,), "upfront cost exceeds account balance", Verdict.REFUSED, Code.GAS_RESERVE),
    # the fee is too low for this node
    (_GETH_LIKE, "max fee per gas less than block base fee", Verdict.REFUSED, Code.FEE_TOO_LOW),
    (_GETH_LIKE, "transaction underpriced", Verdict.REFUSED, Code.FEE_TOO_LOW),
    ((Client.ERIGON,), "underpriced|fee too low", Verdict.REFUSED, Code.FEE_TOO_LOW),
    ((Client.NETHERMIND,), "FeeTooLow|FeeTooLowToCompete", Verdict.REFUSED, Code.FEE_TOO_LOW),
    (
        (Client.BESU,),
        "gas price below (current base fee|configured minimum gas price)",
        Verdict.REFUSED,
        Code.FEE_TOO_LOW,
    ),
    # the node's own ceiling
    (
        (Client.GETH, Client.ERIGON, Client.RETH),
        "tx fee .* exceeds the configured cap.*",
        Verdict.REFUSED,
        Code.NODE_FEE_CAP,
    ),
    ((Client.BESU,), "transaction fee cap exceeded", Verdict.REFUSED, Code.NODE_FEE_CAP),
    # the gas limit
    (_GETH_LIKE, "intrinsic gas too (low|high)|exceeds block gas limit", Verdict.REFUSED, Code.GAS_LIMIT),
    ((Client.ERIGON,), "IntrinsicGas|gas limit is too high", Verdict.REFUSED, Code.GAS_LIMIT),
    ((Client.NETHERMIND,), "GasLimitExceeded|gas limit reached", Verdict.REFUSED, Code.GAS_LIMIT),
    (
        (Client.BESU,),
        "intrinsic gas exceeds gas limit|transaction gas limit exceeds block gas limit",
        Verdict.REFUSED,
        Code.GAS_LIMIT,
    ),
    # another chain
    (_GETH_LIKE, "invalid chain ?id( for signer)?", Verdict.REFUSED, Code.WRONG_CHAIN),
    ((Client.BESU,), "wrong chainId", Verdict.REFUSED, Code.WRONG_CHAIN),
    # neither: bytes of ours, or of somebody else, may have the nonce
    (
        _ALL,
        "replacement transaction underpriced|transaction replacement underpriced",
        Verdict.UNKNOWN,
        Code.UNDERPRICED,
    ),
    ((Client.ERIGON,), "could not replace existing tx", Verdict.UNKNOWN, Code.UNDERPRICED),
    ((Client.NETHERMIND,), "ReplacementNotAllowed", Verdict.UNKNOWN, Code.UNDERPRICED),
    (_ALL, "nonce too low", Verdict.UNKNOWN, Code.NONCE_USED),
    ((Client.NETHERMIND,), "OldNonce", Verdict.UNKNOWN, Code.NONCE_USED),
)
_ROWS = tuple(
    (clients, re.compile(rf"(?:^|: )(?:INTERNAL_ERROR: )?(?:{words})(?=$|[:,.])", re.IGNORECASE), verdict, code)
    for clients, words, verdict, code in _TABLE
)


def client_of(version: str) -> Client | None:
    """The client that calls itself so in `web3_clientVersion`, or None when its words are not known.

    >>> client_of("Geth/v1.16.4-stable/linux-amd64/go1.24"), client_of("somebody/1.0")
    (<Client.GETH: 'geth'>, None)
    """
    name = version.partition("/")[0].strip().lower()
    return Client(name) if name in set(Client) else None


def read_answer(client: Client | None, error: RpcError) -> Answer:
    """What a node's error to `eth_sendRawTransaction` means.

    Parameters
    ----------
    client : whose words they are; of an unknown client nothing is a certain refusal, because a gateway may answer for
        one node what another has taken

    Returns
    -------
    The first row that fits, or unknown with `ANSWER_UNCLASSED`: "unknown transaction" is not "known transaction".
    """
    note = f"the node answered: {error.message}"
    for clients, pattern, verdict, code in _ROWS:
        if (client is None or client in clients) and pattern.search(error.message):
            if client is None and verdict is Verdict.REFUSED:
                return Answer(Verdict.UNKNOWN, code, note)
            return Answer(verdict, code, note)
    return Answer(Verdict.UNKNOWN, Code.ANSWER_UNCLASSED, note)
