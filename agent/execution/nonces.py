"""The next nonce, when chain, pool and journal agree on it; healed from our own bytes, otherwise refused."""

from agent.execution.delivery import Delivery
from agent.execution.journal import Journal
from agent.execution.plan import Plan
from agent.reasons import Code, Reason, Refusal
from chains.rpc import Reader, data_bytes, quantity

_DELEGATION = b"\xef\x01\x00"  # EIP-7702: code of an account that lets a contract act for it


def agreed_nonce(
    node: Reader, journal: Journal, delivery: Delivery, signer: str, plan: Plan | None = None
) -> int | Reason:
    """The nonce for the signer's next transaction, in one round trip when all is well.

    A chain that is ahead is believed only as far as bytes of ours explain it: those that were written off as refused
    and came into a block after all. The rest is somebody else's, and a person has to look.

    Parameters
    ----------
    plan : what the nonce is for; its number tells a journal that is behind from a key that somebody else uses

    Returns
    -------
    The nonce, or KEY_SHARED, JOURNAL_BEHIND, CHAIN_BEHIND, SIGNER_DELEGATED.

    Raises
    ------
    RpcError, RpcUnavailable, JournalError : nobody can say
    """
    latest_answer, pending_answer, code_answer = node.batch(
        [
            ("eth_getTransactionCount", [signer, "latest"]),
            ("eth_getTransactionCount", [signer, "pending"]),
            ("eth_getCode", [signer, "latest"]),
        ]
    )
    code = data_bytes(code_answer)
    if code:
        whose = "0x" + code[len(_DELEGATION) :].hex() if code.startswith(_DELEGATION) else "a contract"
        return Reason(Code.SIGNER_DELEGATED, f"the agent's account lets {whose} act for it", where="signer")
    latest, pending = quantity(latest_answer), quantity(pending_answer)
    expected = journal.next_nonce(signer)
    if expected is not None and latest > expected and _heal(journal, delivery, signer, expected, latest):
        expected = journal.next_nonce(signer)
    if expected is None and (latest, pending) == (0, 0):
        return 0
    if expected == latest == pending:
        return latest
    unheard_of = plan is not None and plan.number > (journal.last_plan(plan.vault) or 0) + 1
    return _disagreement(latest, pending, expected, unheard_of=unheard_of)


def final_nonce(node: Reader, signer: str, finality_blocks: int) -> int:
    """The nonce that a person may take as it is: no reorganisation can change it any more.

    Raises
    ------
    Refusal : NONCE_NOT_FINAL, it was another one within the last `finality_blocks`
    RpcError, RpcUnavailable : nobody can say
    """
    deep = max(0, node.head().number - finality_blocks)
    before, now = (quantity(node.call("eth_getTransactionCount", signer, at)) for at in (hex(deep), "latest"))
    if before != now:
        message = f"the nonce of {signer} is {now}, and was {before} at block {deep}; it may still be taken back"
        raise Refusal(Reason(Code.NONCE_NOT_FINAL, message, float(now), float(before), f"{finality_blocks} blocks"))
    return now


def _heal(journal: Journal, delivery: Delivery, signer: str, expected: int, latest: int) -> bool:
    """Whether bytes of ours that were written off turned out to be on chain."""
    healed = False
    for opened in journal.written_off(signer, expected, latest):
        receipt = delivery.find(opened)
        if receipt is not None:
            delivery.explain(opened, receipt)
            healed = True
    return healed


def _disagreement(latest: int, pending: int, expected: int | None, *, unheard_of: bool) -> Reason:
    told = f"nonce on chain {latest}, with pending {pending}, by the journal {expected}"
    if expected is not None and latest < expected:
        message = f"{told}: the node's chain ends before what the journal knows to be mined"
        return Reason(Code.CHAIN_BEHIND, message, float(latest), float(expected), "journal")
    if expected is None or (latest > expected and unheard_of):
        message = f"{told}: the journal is new or restored from a backup; look at what was sent, then accept the nonce"
        return Reason(Code.JOURNAL_BEHIND, message, float(latest), float(expected or 0), "journal")
    message = f"{told}: somebody else uses the agent's key"
    return Reason(Code.KEY_SHARED, message, float(pending), float(expected), "journal")
