"""Faults 51 to 74: what a node, a pool, a signer, a thief, a crash and a disk can do to a transaction."""

import multiprocessing
import random
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from counting_chain import COUNTER_CODE, REVERTING_CODE, CountingChain, fresh
from lying_proxy import LyingProxy, about

from agent.chaos.crash import POINTS, crash
from agent.decision import Refused
from agent.execution import (
    Fenced,
    Journal,
    JournalDamaged,
    JournalError,
    LiveBroadcaster,
    LocalBroadcaster,
    LocalSigner,
    NodeSender,
    Outcome,
    Sender,
    SendRules,
    Status,
)
from agent.execution.answers import Client, Verdict, read_answer
from agent.execution.records import Kind
from agent.execution.signer import SigningRefused, Transaction, signed_by
from agent.reasons import Code
from chains.local.accounts import AGENT_TEST_KEY, DEPOSITOR
from chains.local.anvil import Anvil
from chains.providers import ProviderPool
from chains.rpc import Node, RpcError

NOW = 1_750_000_000
GWEI = 10**9
RULES = SendRules(poll_s=0.01, replace_after_s=30, halt_after_s=300)


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with Anvil(NOW) as running:
        yield running


@pytest.fixture
def chain(anvil: Anvil) -> Iterator[CountingChain]:
    with fresh(anvil) as found:
        yield found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


def live(node: Node) -> LiveBroadcaster:
    return LiveBroadcaster(node, NodeSender(node), clients={node.name: Client.ANVIL})


def sender_on(chain: CountingChain, journal: Journal, **changes: Any) -> Sender:
    parts: dict[str, Any] = {"rules": RULES, "urgent_max_fee_gwei": 200.0} | changes
    node = parts.pop("node", chain.node)
    signer, broadcaster = parts.pop("signer", chain.signer), parts.pop("broadcaster", None)
    return Sender(node, signer, journal, broadcaster or live(node), parts.pop("max_fee_gwei", 50.0), 10**8, **parts)


def outcome_of(result: Any) -> Outcome:
    assert isinstance(result, Outcome), result
    return result


def code_of(result: Any) -> Code:
    assert isinstance(result, (Refused, Outcome)), result
    code: Code = result.reasons[0].code
    return code


def codes_in(journal: Journal) -> list[str]:
    """Every code that the journal holds, oldest first."""
    return [str(code) for (code,) in journal._store.rows("SELECT code FROM outcomes ORDER BY id")]


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


@pytest.fixture
def proxy(chain: CountingChain) -> Iterator[LyingProxy]:
    started = LyingProxy(chain.url)
    yield started
    started.close()


def test_fault_51_an_answer_that_never_came_means_the_same_bytes_and_one_effect(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    chain.set_automine(False)
    node = Node(proxy.url, timeout_s=1)
    sender = sender_on(chain, journal, broadcaster=LiveBroadcaster(chain.node, NodeSender(node)))
    proxy.delay_s = 1.5
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.OUTCOME_UNKNOWN
    proxy.delay_s = 0
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    finish(sender)
    chain.mine()
    assert (finish(sender).status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)
    assert len(attempts_in(journal)) == 1
    node.close()


def test_fault_52_a_node_that_has_the_bytes_already_has_them(chain: CountingChain, journal: Journal) -> None:
    sender = hold(chain, journal)
    unfinished = journal.unfinished(chain.signer.address)
    assert unfinished is not None
    again = live(chain.node).broadcast(unfinished.attempt.raw, unfinished.attempt.hash, private=False)
    assert (again.answer.verdict, again.answer.code) == (Verdict.IN_POOL, Code.ALREADY_KNOWN)
    chain.mine()
    late = live(chain.node).broadcast(unfinished.attempt.raw, unfinished.attempt.hash, private=False)
    assert (late.answer.verdict, late.answer.code) == (Verdict.UNKNOWN, Code.NONCE_USED)
    assert (finish(sender).status, chain.count()) == (Status.MINED, 1)


@pytest.mark.parametrize("client", [*Client, None])
def test_fault_53_an_unknown_transaction_is_no_known_transaction(client: Client | None) -> None:
    answer = read_answer(client, RpcError(-32000, "eth_sendRawTransaction: unknown transaction"))
    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, Code.ANSWER_UNCLASSED)


def test_fault_54_a_replacement_pays_an_eighth_more_on_both_fees_and_keeps_its_nonce(
    chain: CountingChain, journal: Journal
) -> None:
    sender = hold(chain, journal)
    for _ in range(3):
        chain.pass_time(RULES.replace_after_s)
        assert code_of(finish(sender)) is Code.FEE_BUMPED
    attempts = attempts_in(journal)
    assert {nonce for _, nonce, *_ in attempts} == {0}
    for (_, _, old_max, old_tip, _), (_, _, new_max, new_tip, _) in pairwise(attempts):
        assert int(new_max) * 1000 >= int(old_max) * 1125
        assert int(new_tip) * 1000 >= int(old_tip) * 1125
    chain.node.call("evm_mine")
    assert (finish(sender).status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)


def test_fault_55_a_fee_above_the_routine_cap_waits_but_a_plan_that_reduces_risk_goes(
    chain: CountingChain, journal: Journal
) -> None:
    rehearsed = chain.rehearsed()
    dear = replace(rehearsed, block=replace(rehearsed.block, base_fee_wei=60 * GWEI))
    sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
    refused = sender.send(dear, "")
    assert isinstance(refused, Refused)
    (reason,) = refused.reasons
    assert (reason.code, reason.bound, reason.where) == (Code.FEE_ABOVE_CAP, 50.0, "execution.max_fee_gwei")
    assert chain.nonce() == 0
    too_dear = replace(rehearsed, block=replace(rehearsed.block, base_fee_wei=201 * GWEI))
    assert code_of(sender.send(too_dear, "", urgent=True)) is Code.FEE_ABOVE_CAP
    assert outcome_of(sender.send(dear, "", urgent=True)).status is Status.MINED
    assert int(attempts_in(journal)[0][2]) > 60 * GWEI


def test_fault_56_a_plan_whose_time_is_over_is_cancelled_with_its_own_nonce(
    chain: CountingChain, journal: Journal
) -> None:
    sender = hold(chain, journal)
    chain.pass_time(121)
    finish(sender)
    assert [kind for kind, *_ in attempts_in(journal)] == [Kind.PLAN, Kind.CANCEL]
    chain.mine()
    finished = finish(sender)
    assert (finished.status, code_of(finished)) == (Status.CANCELLED, Code.PLAN_CANCELLED)
    assert (chain.count(), chain.nonce()) == (0, 1)
    chain.set_automine(True)
    assert outcome_of(sender.send(chain.rehearsed(2), "")).status is Status.MINED


def test_fault_56_what_is_stuck_at_the_highest_fee_halts_and_is_still_found_when_it_is_mined(
    chain: CountingChain, journal: Journal
) -> None:
    sender = hold(chain, journal, max_fee_gwei=0.11, urgent_max_fee_gwei=0.11)
    chain.pass_time(121)
    assert code_of(finish(sender)) is Code.FEE_ABOVE_CAP
    chain.pass_time(RULES.halt_after_s)
    stuck = finish(sender)
    assert ([reason.code for reason in stuck.halting], stuck.status) == ([Code.TRANSACTION_STUCK], Status.UNKNOWN)
    assert code_of(sender.send(chain.rehearsed(2), "")) is Code.JOURNAL_UNFINISHED
    chain.mine()
    assert (finish(sender).status, chain.nonce()) == (Status.MINED, 1)


def test_fault_57_what_the_pool_dropped_goes_out_again_with_the_same_bytes(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    sender = hold(chain, journal, node=Node(proxy.url))
    for _ in range(3):
        chain.node.call("anvil_dropAllTransactions", nullable=True)
        assert code_of(finish(sender)) is Code.POOL_DROPPED
    chain.mine()
    assert (finish(sender).status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)
    sent = [one["params"][0] for one in proxy.requests if one["method"] == "eth_sendRawTransaction"]
    assert (len(sent), len(set(sent)), len(attempts_in(journal))) == (4, 1, 1)


# Where a reorganisation may catch a plan: in the pool; in a block; with the blocks it needs on top; and two of them.
PHASES = ("pending", "in a block", "confirmed", "two plans")
DEEP = replace(RULES, confirmation_blocks=2, finality_blocks=12)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("depth", range(1, 13))
def test_fault_58_after_a_reorganisation_there_is_exactly_one_effect(
    chain: CountingChain, journal: Journal, depth: int, phase: str
) -> None:
    for _ in range(13):
        chain.mine()
    plans = 2 if phase == "two plans" else 1
    sender = sender_on(chain, journal, rules=DEEP)
    chain.set_automine(False)
    for number in range(1, plans + 1):
        sender.send(chain.rehearsed(number, gas_limit=300_000), "")
        for _ in range({"pending": 0, "in a block": 1, "confirmed": 3, "two plans": 3}[phase]):
            chain.mine()
        if phase in ("confirmed", "two plans"):
            assert finish(sender).status is Status.MINED
    chain.node.call("anvil_reorg", depth, [], nullable=True)
    for _ in range(40):
        sender.finish_unfinished()
        chain.mine()
    assert (chain.count(), chain.nonce()) == (plans, plans)
    assert sender.finish_unfinished() is None
    assert journal.watched(chain.signer.address) == [], "all of it is final"
    known = {raw for *_, raw in attempts_in(journal)}
    assert len(known) == plans, "the same bytes, never others"


def test_fault_58_a_plan_that_the_new_chain_would_refuse_is_cancelled(chain: CountingChain, journal: Journal) -> None:
    for _ in range(5):
        chain.mine()
    sender = sender_on(chain, journal, rules=DEEP)
    chain.set_automine(False)
    sender.send(chain.rehearsed(), "")
    for _ in range(3):
        chain.mine()
    assert finish(sender).status is Status.MINED
    chain.node.call("anvil_reorg", 4, [], nullable=True)
    chain.set_code(REVERTING_CODE)
    for _ in range(20):
        sender.finish_unfinished()
        chain.mine()
    chain.set_code(COUNTER_CODE)
    assert (chain.count(), chain.nonce()) == (0, 1)
    assert {"REORGED", "PLAN_CANCELLED"} < set(codes_in(journal))


def test_fault_58_a_stranger_who_takes_the_nonce_on_the_new_chain_halts(chain: CountingChain, journal: Journal) -> None:
    for _ in range(5):
        chain.mine()
    sender = sender_on(chain, journal, rules=DEEP)
    chain.set_automine(False)
    sender.send(chain.rehearsed(), "")
    for _ in range(3):
        chain.mine()
    assert finish(sender).status is Status.MINED
    chain.node.call("anvil_reorg", 4, [], nullable=True)
    burn_nonces(chain, 1)
    lost = finish(sender)
    assert ([reason.code for reason in lost.halting], chain.count()) == ([Code.KEY_SHARED], 0)
    assert code_of(sender.send(chain.rehearsed(1), "")) is Code.KEY_SHARED


def test_fault_59_two_equal_reverts_halt_until_a_person_accepts_them(chain: CountingChain, journal: Journal) -> None:
    sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
    chain.set_code(REVERTING_CODE)
    for number in (1, 2):
        assert outcome_of(sender.send(chain.rehearsed(number), "")).status is Status.REVERTED
    refused = sender.send(chain.rehearsed(3), "")
    assert (code_of(refused), chain.nonce()) == (Code.REVERT_REPEATED, 2)
    chain.set_code(COUNTER_CODE)
    assert code_of(sender.send(chain.rehearsed(3), "")) is Code.REVERT_REPEATED
    journal.accept(chain.signer.address, chain.nonce(), "Ada", "the pool was empty")
    assert outcome_of(sender.send(chain.rehearsed(3), "")).status is Status.MINED


def test_fault_60_a_receipt_that_one_provider_of_three_knows_confirms_nothing(
    chain: CountingChain, journal: Journal
) -> None:
    with ExitStack() as stack:
        proxies = [LyingProxy(chain.url) for _ in range(3)]
        for one in proxies:
            stack.callback(one.close)
        pool = stack.enter_context(
            ProviderPool([one.url for one in proxies], chain_id=31337, deadline_s=2, max_head_age_s=None)
        )
        sender = sender_on(chain, journal, node=pool, broadcaster=LiveBroadcaster(pool, pool))
        for one in proxies[1:]:
            one.tell = about("eth_getTransactionReceipt", lambda receipt: None)
        proxies[1].down = True
        sent = outcome_of(sender.send(chain.rehearsed(), ""))
        assert sent.status is Status.UNKNOWN
        proxies[1].down = False
        proxies[1].tell = about("eth_getTransactionReceipt", lambda receipt: receipt and {**receipt, "status": "0x0"})
        for _ in range(3):
            assert code_of(finish(sender)) is Code.RECEIPT_UNCONFIRMED
        proxies[1].be_truthful()
        until = time.monotonic() + 10  # a provider that was away is given a rest first
        while (found := finish(sender)).status is Status.UNKNOWN and time.monotonic() < until:
            time.sleep(0.1)
        assert (found.status, chain.count()) == (Status.MINED, 1)


def test_fault_61_no_estimate_is_asked_for_and_a_plan_that_burns_its_bound_halts(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    proxy.tell = about("eth_estimateGas", lambda _: hex(21_000))
    node = Node(proxy.url)
    sender = sender_on(chain, journal, node=node, broadcaster=LocalBroadcaster(node))
    assert outcome_of(sender.send(chain.rehearsed(), "")).status is Status.MINED
    assert "eth_estimateGas" not in {one["method"] for one in proxy.requests}
    chain.set_code("0x5b5f56")  # runs until its gas is gone
    burnt = outcome_of(sender.send(chain.rehearsed(2), ""))
    assert (burnt.status, [reason.code for reason in burnt.halting]) == (Status.REVERTED, [Code.GAS_EXHAUSTED])
    assert (burnt.gas_used, chain.count()) == (500_000, 1)
    node.close()


def burn_nonces(chain: CountingChain, count: int) -> None:
    """A stranger who has the key sends transactions of his own."""
    for _ in range(count):
        request = {"from": chain.signer.address, "to": DEPOSITOR, "gas": hex(21_000), "gasPrice": hex(10 * GWEI)}
        chain.node.call("eth_sendTransaction", request)
        chain.mine()


def test_fault_66_a_process_that_does_not_lead_sends_nothing_new_and_nothing_again(
    chain: CountingChain, journal: Journal
) -> None:
    leads = True

    def fence() -> None:
        if not leads:
            raise Fenced("another agent leads")

    sender = hold(chain, journal, fence=fence)
    assert sender.key_problem() is None, "what waits is ours"
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    leads = False
    with pytest.raises(Fenced) as fenced:
        sender.finish_unfinished()
    assert fenced.value.reason.code is Code.FENCED
    chain.pass_time(121)
    with pytest.raises(Fenced):
        sender.finish_unfinished()
    chain.mine()
    assert (chain.count(), chain.nonce(), len(attempts_in(journal))) == (0, 0, 1)
    leads = True
    finish(sender)
    chain.mine()
    assert finish(sender).status is Status.CANCELLED
    leads = False
    with pytest.raises(Fenced):
        sender.send(chain.rehearsed(2), "")
    assert (journal.unfinished(chain.signer.address), chain.nonce()) == (None, 1)


def test_fault_67_three_nonces_burnt_by_a_stranger_halt_at_once_and_only_a_person_lifts_it(
    chain: CountingChain, journal: Journal
) -> None:
    sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
    outcome_of(sender.send(chain.rehearsed(), ""))
    assert sender.key_problem() is None
    burn_nonces(chain, 3)
    started = time.monotonic()
    problem = sender.key_problem()
    assert problem is not None, "without waiting for the next plan"
    assert problem.code is Code.KEY_SHARED
    for _ in range(2):
        assert code_of(sender.send(chain.rehearsed(2), "")) is Code.KEY_SHARED
    assert (time.monotonic() - started < 60, chain.nonce(), chain.count()) == (True, 4, 1)
    journal.accept(chain.signer.address, 4, "Ada", "I moved dust by hand")
    assert outcome_of(sender.send(chain.rehearsed(2), "")).status is Status.MINED


def test_fault_67_a_nonce_burnt_under_a_waiting_plan_halts_within_a_minute(
    chain: CountingChain, journal: Journal
) -> None:
    chain.set_automine(False)
    sender = sender_on(chain, journal, rules=replace(RULES, wait_s=20, poll_s=0.05))
    thief = threading.Timer(0.3, steal_nonces, (chain.url,))
    thief.start()
    started = time.monotonic()
    lost = outcome_of(sender.send(chain.rehearsed(), ""))
    thief.join()
    assert ([reason.code for reason in lost.halting], lost.status) == ([Code.KEY_SHARED], Status.REFUSED)
    assert (time.monotonic() - started < 60, chain.count()) == (True, 0)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.KEY_SHARED


def steal_nonces(url: str) -> None:
    node = Node(url)
    node.call("anvil_dropAllTransactions", nullable=True)
    burn_nonces(CountingChain(node, url, LocalSigner(AGENT_TEST_KEY)), 3)
    node.close()


def test_fault_67_bytes_that_were_refused_and_mined_after_all_are_healed_and_not_blamed_on_anybody(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    node = Node(proxy.url)
    honest = LiveBroadcaster(chain.node, NodeSender(node), clients={node.name: Client.ANVIL})
    proxy.body = lambda asked: (
        b'{"jsonrpc":"2.0","id":%d,"error":{"code":-32003,"message":"insufficient funds for gas * price + value"}}'
        % asked["id"]
    )
    sender = sender_on(chain, journal, broadcaster=honest)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.GAS_RESERVE
    raw = attempts_in(journal)[0][4]
    chain.node.call("eth_sendRawTransaction", "0x" + raw.hex())  # the lying node had passed it on
    proxy.be_truthful()
    journal.accept(chain.signer.address, 0, "Ada", "new journal")
    assert outcome_of(sender.send(chain.rehearsed(2), "")).status in (Status.MINED, Status.UNKNOWN)
    sender.finish_unfinished()
    assert (chain.count(), chain.nonce()) == (2, 2)
    node.close()


class Broken(LocalSigner):
    """Signs as it is told to go wrong."""

    def __init__(self, wrong: Callable[[Transaction], Any]) -> None:
        super().__init__(AGENT_TEST_KEY)
        self._wrong = wrong

    def sign(self, transaction: Transaction) -> Any:
        return self._wrong(transaction)


def of_another_address(transaction: Transaction) -> Any:
    other = LocalSigner("0x" + "47" * 32).sign(transaction)
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

    fields = TypedTransaction.from_bytes(HexBytes(other.raw)).as_dict()
    return signed_by(LocalSigner(AGENT_TEST_KEY).address, transaction, fields["r"], fields["s"], fields["v"])


def with_high_s(transaction: Transaction) -> Any:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    return signed_by(LocalSigner(AGENT_TEST_KEY).address, transaction, 1, order - 1, 0)


@pytest.mark.parametrize("wrong", [of_another_address, with_high_s])
def test_fault_68_a_signature_that_is_not_the_agents_canonical_one_never_leaves(
    chain: CountingChain, journal: Journal, wrong: Callable[[Transaction], Any]
) -> None:
    sender = sender_on(chain, journal, signer=Broken(wrong))
    with pytest.raises(SigningRefused) as refused:
        sender.send(chain.rehearsed(), "")
    assert refused.value.reason.code is Code.SIGNER_FAILED
    assert (journal.unfinished(chain.signer.address), chain.nonce()) == (None, 0)


def test_fault_69_code_on_the_agents_account_halts(chain: CountingChain, journal: Journal) -> None:
    sender = sender_on(chain, journal)
    chain.node.call("anvil_setCode", chain.signer.address, "0xef0100" + DEPOSITOR[2:], nullable=True)
    refused = sender.send(chain.rehearsed(), "")
    chain.node.call("anvil_setCode", chain.signer.address, "0x", nullable=True)
    assert (code_of(refused), chain.nonce()) == (Code.SIGNER_DELEGATED, 0)
    assert DEPOSITOR[2:].lower() in str(refused)


@pytest.mark.slow
def test_fault_71_killed_at_every_point_nothing_is_lost_doubled_or_unexplained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert crash(len(POINTS), 11, tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"kills {len(POINTS)}, lost 0, doubled 0, unreconciled 0"


def fill_disk(journal: Journal) -> None:
    ((pages,),) = journal._store.rows("PRAGMA page_count")
    journal._store.rows(f"PRAGMA max_page_count = {pages}")


def make_read_only(journal: Journal) -> None:
    journal._store.rows("PRAGMA query_only = 1")


@pytest.mark.parametrize("harm", [fill_disk, make_read_only])
def test_fault_73_what_cannot_be_written_is_not_sent(
    chain: CountingChain, journal: Journal, harm: Callable[[Journal], None]
) -> None:
    sender = sender_on(chain, journal)
    harm(journal)
    with pytest.raises(JournalError) as error:
        sender.send(chain.rehearsed(calldata=bytes(100_000)), "")
    assert error.value.reason.code is Code.JOURNAL_UNWRITABLE
    assert (chain.count(), chain.nonce()) == (0, 0)


def send_with_a_broken_disk(url: str, path: Path, told: Any) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    node = Node(url)
    with Journal(path) as journal:
        chain = CountingChain(node, url, LocalSigner(AGENT_TEST_KEY))
        sender = sender_on(chain, journal)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))  # every write beyond fails in the kernel
        try:
            sender.send(chain.rehearsed(calldata=bytes(300_000)), "")
        except JournalError as error:
            told.send(str(error.reason.code))


def test_fault_73_a_disk_that_breaks_while_it_writes_means_no_send(chain: CountingChain, tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    arguments = (chain.url, tmp_path / "journal.db", theirs)
    process = multiprocessing.get_context("fork").Process(target=send_with_a_broken_disk, args=arguments)
    process.start()
    process.join(20)
    assert ours.poll()
    assert (ours.recv(), chain.nonce()) == ("JOURNAL_UNWRITABLE", 0)


def test_fault_73_a_file_system_that_cannot_be_written_is_refused_at_the_start() -> None:
    with pytest.raises(JournalError) as error:
        Journal(Path("/proc/journal.db"))
    assert error.value.reason.code is Code.JOURNAL_UNWRITABLE


def test_fault_74_a_flipped_bit_is_found_or_harmless(chain: CountingChain, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        hold(chain, journal)
        written = journal.unfinished(chain.signer.address)
    content, chance = path.read_bytes(), random.Random(74)
    refused: list[Code] = []
    for _ in range(300):
        position, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        path.write_bytes(content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :])
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            with Journal(path) as journal:
                found = journal.unfinished(chain.signer.address)
                assert found in (written, None)
        except JournalError as error:
            refused.append(error.reason.code)
    assert len(refused) > 10
    assert set(refused) <= {Code.JOURNAL_DAMAGED, Code.JOURNAL_UNWRITABLE}


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.1])
def test_fault_74_a_truncated_journal_is_refused(chain: CountingChain, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        hold(chain, journal)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(JournalError) as error, Journal(path) as journal:
        journal.watched(chain.signer.address)
    assert error.value.reason.code in (Code.JOURNAL_DAMAGED, Code.JOURNAL_UNWRITABLE)


def test_fault_74_a_journal_of_an_older_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 1")
    with pytest.raises(JournalDamaged, match="expected schema 2, found 1"):
        Journal(path)


def test_fault_74_a_journal_from_yesterdays_backup_sends_nothing_again(chain: CountingChain, tmp_path: Path) -> None:
    path, backup = tmp_path / "journal.db", tmp_path / "backup.db"
    with Journal(path) as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        outcome_of(sender.send(chain.rehearsed(1), ""))
    backup.write_bytes(path.read_bytes())
    with Journal(path) as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        for number in (2, 3):
            outcome_of(sender.send(chain.rehearsed(number), ""))
    with Journal(backup) as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        assert sender.finish_unfinished() is None
        assert code_of(sender.send(chain.rehearsed(4), "")) is Code.JOURNAL_BEHIND
    assert (chain.count(), chain.nonce()) == (3, 3)


def test_fault_74_a_new_journal_for_a_key_that_was_used_needs_a_person(chain: CountingChain, tmp_path: Path) -> None:
    burn_nonces(chain, 1)
    with Journal(tmp_path / "new.db") as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        assert code_of(sender.send(chain.rehearsed(9), "")) is Code.JOURNAL_BEHIND
        with pytest.raises(ValueError, match="name"):
            journal.accept(chain.signer.address, 1, " ", "")
        journal.accept(chain.signer.address, 1, "Ada", "a new machine")
        assert outcome_of(sender.send(chain.rehearsed(9), "")).status is Status.MINED
