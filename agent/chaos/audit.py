"""Compares a journal with the chain it is about: what was lost, done twice, or cannot be explained."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from chains.rpc import Node, quantity

ON_CHAIN = ("mined", "reverted", "cancelled")


@dataclass(frozen=True, slots=True)
class Mined:
    """One transaction of the agent on the chain."""

    hash: str
    nonce: int
    success: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """Each entry is one sentence about one plan or transaction."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unreconciled: tuple[str, ...]


def transactions_of(node: Node, agent: str, from_block: int, to_block: int) -> list[Mined]:
    """Every transaction of the agent in these blocks, both included, in the order of the chain."""
    found: list[Mined] = []
    for number in range(from_block, to_block + 1):
        for one in node.call("eth_getBlockByNumber", hex(number), True)["transactions"]:
            if one["from"].lower() == agent.lower():
                receipt = node.call("eth_getTransactionReceipt", one["hash"])
                found.append(Mined(one["hash"], quantity(one["nonce"]), quantity(receipt["status"]) == 1))
    return found


def audit(journal: Path, mined: list[Mined], plans_carried_out: int) -> Findings:
    """Reads the journal as a stranger would, without the agent's code, and holds it against the chain.

    Parameters
    ----------
    mined : every transaction of the agent, from its first
    plans_carried_out : what the vault itself counts
    """
    database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        intents = database.execute(
            "SELECT i.id, i.plan_number, i.state, (SELECT status FROM outcomes o WHERE o.intent_id = i.id"
            " ORDER BY o.id DESC LIMIT 1) FROM intents i ORDER BY i.id"
        ).fetchall()
        attempts = database.execute("SELECT intent_id, hash, kind FROM attempts").fetchall()
    finally:
        database.close()
    owner = {transaction_hash: (intent_id, kind) for intent_id, transaction_hash, kind in attempts}
    plan_of = {intent_id: number for intent_id, number, _, _ in intents}
    lost, doubled, unreconciled = [], [], []

    effects: dict[int, int] = {}
    seen: dict[int, str] = {}
    for number, transaction in enumerate(mined):
        if transaction.nonce != number:
            unreconciled.append(f"nonce {transaction.nonce} is the {number}th transaction of the agent")
        if transaction.hash not in owner:
            unreconciled.append(f"the journal does not know {transaction.hash}")
            continue
        intent_id, kind = owner[transaction.hash]
        if intent_id in seen:
            doubled.append(f"intent {intent_id} came into two blocks")
        seen[intent_id] = kind if transaction.success else "reverted"
        if kind == "plan" and transaction.success:
            effects[plan_of[intent_id]] = effects.get(plan_of[intent_id], 0) + 1
    doubled += [f"plan {number} took effect {count} times" for number, count in effects.items() if count > 1]

    told = {"plan": "mined", "cancel": "cancelled", "reverted": "reverted"}
    for intent_id, _, state, status in intents:
        if state == "open":
            unreconciled.append(f"intent {intent_id} is unfinished")
        elif status in ON_CHAIN and intent_id not in seen:
            lost.append(f"intent {intent_id} is {status} in the journal and not on the chain")
        elif intent_id in seen and status != told[seen[intent_id]]:
            unreconciled.append(f"intent {intent_id} is {status} in the journal and {told[seen[intent_id]]} on chain")
    if plans_carried_out != len(effects):
        unreconciled.append(f"the vault counts {plans_carried_out} plans, the chain {len(effects)}")
    return Findings(tuple(lost), tuple(doubled), tuple(unreconciled))
