"""Which answers to a broadcast are certain refusals; after every other one the chain is asked what happened."""

import re

from agent.reasons import Code
from chains.rpc import RpcError

# Only what a node finds out before a transaction enters its pool. "already known", "nonce too low" and "replacement
# transaction underpriced" are not here: each can be said of a transaction of ours that is in the pool or on chain.
_REFUSALS = (
    (re.compile(r"\binsufficient funds\b", re.IGNORECASE), Code.GAS_RESERVE),
    (re.compile(r"\bmax(imum)? fee per gas less than block base fee\b", re.IGNORECASE), Code.GAS_RESERVE),
    (re.compile(r"\bintrinsic gas too (low|high)\b", re.IGNORECASE), Code.GAS_RESERVE),
    (re.compile(r"\bexceeds block gas limit\b", re.IGNORECASE), Code.GAS_RESERVE),
    (re.compile(r"(?<!replacement )\btransaction underpriced\b", re.IGNORECASE), Code.GAS_RESERVE),
    (re.compile(r"\binvalid chain id\b", re.IGNORECASE), Code.WRONG_CHAIN),
)


def refusal_code(error: RpcError) -> Code | None:
    """The code of a refusal after which a transaction is certainly in no pool, or None when that is not certain."""
    for pattern, code in _REFUSALS:
        if pattern.search(error.message):
            return code
    return None
