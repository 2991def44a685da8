"""A sender in front of the counting chain, and what its journal and its outcomes say."""

from typing import Any

from counting_chain import CountingChain
from sender_answers import live, outcome_of

from agent.execution import Journal, Outcome, Sender, SendRules, Status
from chains.local.accounts import DEPOSITOR

GWEI = 10**9
RULES = SendRules(poll_s=0.01, replace_after_s=30, halt_after_s=300)


def sender_on(chain: CountingChain, journal: Journal, **changes: Any) -> Sender:
    parts: dict[str, Any] = {"rules": RULES, "urgent_max_fee_gwei": 200.0} | changes
    node = parts.pop("node", chain.node)
    signer, broadcaster = parts.pop("signer", chain.signer), parts.pop("broadcaster", None)
    return Sender(node, signer, journal, broadcaster or live(node), parts.pop("max_fee_gwei", 50.0), 10**8, **parts)


def attempts_in(journal: Journal) -> list[tuple[Any, ...]]:
    return journal._store.rows("SELECT kind, nonce, max_fee_wei, priority_fee_wei, raw FROM attempts ORDER BY id")


def hold(chain: CountingChain, journal: Journal, **changes: Any) -> Sender:
    """A plan that was sent and waits in the pool."""
    chain.set_automine(False)
    sender = sender_on(chain, journal, **changes)
    assert outcome_of(sender.send(chain.rehearsed(), "")).status is Status.UNKNOWN
    return sender


def finish(sender: Sender) -> Outcome:
    found = sender.finish_unfinished()
    assert found is not None
    return found


def burn_nonces(chain: CountingChain, count: int) -> None:
    """A stranger who has the key sends transactions of his own."""
    for _ in range(count):
        request = {"from": chain.signer.address, "to": DEPOSITOR, "gas": hex(21_000), "gasPrice": hex(10 * GWEI)}
        chain.node.call("eth_sendTransaction", request)
        chain.mine()
