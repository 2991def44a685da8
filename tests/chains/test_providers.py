"""Three providers of a real node, some of which fail or lie."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eth_account import Account
from lying_proxy import Entry, LyingProxy, about

from chains.functions import Function
from chains.local import AGENT_TEST_KEY, Anvil, LocalChain, Sender
from chains.local.accounts import AGENT, DEPLOYER
from chains.multicall import Call, read_all
from chains.providers import (
    ChainForked,
    FaultKind,
    ProviderHealth,
    ProviderPool,
    ProvidersDisagree,
    QuorumMissing,
)
from chains.rpc import BadAnswer, Node, RpcError, RpcUnavailable, quantity

CHAIN_ID = 31337
BALANCE_OF = Function("balanceOf(address)", "(uint256)")
TRANSFER_FROM = Function("transferFrom(address,address,uint256)", "(bool)")


class Providers:
    """A pool of three truthful proxies in front of one node."""

    def __init__(self, url: str) -> None:
        self.proxies = [LyingProxy(url) for _ in range(3)]

    def pool(self, **options: Any) -> ProviderPool:
        return ProviderPool([proxy.url for proxy in self.proxies], chain_id=CHAIN_ID, **options)

    def close(self) -> None:
        for proxy in self.proxies:
            proxy.close()


@pytest.fixture
def providers(chain: LocalChain) -> Iterator[Providers]:
    started = Providers(chain.url)
    yield started
    started.close()


@pytest.fixture
def pool(providers: Providers) -> Iterator[ProviderPool]:
    with providers.pool(deadline_s=30) as running:
        yield running


def caught(pool: ProviderPool, ask: Any) -> set[tuple[str, FaultKind]]:
    """Asks until a fault is on record, because an answer later than the quorum is judged in the background."""
    deadline = time.monotonic() + 30
    faults: set[tuple[str, FaultKind]] = set()
    while not faults and time.monotonic() < deadline:
        ask()
        time.sleep(0.02)
        faults = {(fault.provider, fault.kind) for fault in pool.take_faults()}
    return faults


def test_reads_what_a_single_node_reads(chain: LocalChain, pool: ProviderPool) -> None:
    block = pool.head()
    assert block == chain.node.head()
    call = Call(chain.world.usdc, BALANCE_OF, (chain.world.mover,))
    assert read_all(pool, block, [call]) == read_all(chain.node, block, [call])
    assert pool.batch([("eth_chainId", []), ("net_version", [])]) == [hex(CHAIN_ID), str(CHAIN_ID)]
    assert pool.round_trips == 3


def test_a_value_that_one_of_three_makes_up_is_rejected_and_on_record(
    chain: LocalChain, providers: Providers, pool: ProviderPool
) -> None:
    liar = providers.proxies[0]
    liar.tell = about("eth_getBalance", lambda _: hex(7))
    ask = lambda: pool.call("eth_getBalance", DEPLOYER, "latest", parse=quantity)  # noqa: E731
    assert ask() == quantity(chain.node.call("eth_getBalance", DEPLOYER, "latest"))
    assert caught(pool, ask) == {(liar.name, FaultKind.DISAGREES)}
    scores = {health.provider: health.score for health in pool.health()}
    assert scores[liar.name] < min(score for name, score in scores.items() if name != liar.name)


def test_two_that_are_down_leave_no_answer_even_from_the_truthful_one(providers: Providers, pool: ProviderPool) -> None:
    for proxy in providers.proxies[1:]:
        proxy.down = True
    for _ in range(4):  # however often it is asked: the quorum does not shrink to those that are left
        with pytest.raises(QuorumMissing, match="2 providers must agree"):
            pool.call("eth_chainId")
    with pytest.raises(QuorumMissing):
        pool.head()


def test_two_that_disagree_leave_no_answer(providers: Providers, pool: ProviderPool) -> None:
    providers.proxies[0].down = True
    providers.proxies[1].tell = about("eth_getBalance", lambda _: "0x7")
    with pytest.raises(ProvidersDisagree):
        pool.call("eth_getBalance", DEPLOYER, "latest")


def test_three_that_say_three_things_leave_no_answer(providers: Providers, pool: ProviderPool) -> None:
    for number, proxy in enumerate(providers.proxies):
        proxy.tell = about("eth_getBalance", lambda _, number=number: hex(number))
    with pytest.raises(ProvidersDisagree):
        pool.call("eth_getBalance", DEPLOYER, "latest")


def held_back(proxy: LyingProxy) -> threading.Event:
    """Lets a provider answer nothing until the event, or for half a minute."""
    go_on = threading.Event()

    def later(_: Entry, result: Any) -> Any:
        go_on.wait(30)
        return result

    proxy.tell = later
    return go_on


def test_a_slow_provider_holds_up_nobody(providers: Providers) -> None:
    go_on = held_back(providers.proxies[2])
    with providers.pool(deadline_s=60) as pool:
        started = time.monotonic()
        for _ in range(5):
            pool.head()
        assert time.monotonic() - started < 20
        go_on.set()


def test_a_call_ends_at_its_deadline_and_the_pool_recovers(providers: Providers) -> None:
    with providers.pool(deadline_s=3) as pool:
        held = [held_back(proxy) for proxy in providers.proxies]
        started = time.monotonic()
        with pytest.raises(QuorumMissing):
            pool.head()
        assert time.monotonic() - started < 20
        assert {fault.kind for fault in pool.take_faults()} == {FaultKind.NO_ANSWER}
        for go_on in held:
            go_on.set()
        assert pool.head().number > 0


def wait_for(happened: Callable[[], bool]) -> None:
    """Waits for what is done in the background."""
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def ask_until(pool: ProviderPool, happened: Callable[[], bool]) -> None:
    """Asks again and again: who is slower than the quorum may not be asked at all, and is judged in the background."""
    wait_for(lambda: pool.call("eth_chainId") == hex(CHAIN_ID) and happened())


def record_of(pool: ProviderPool, proxy: LyingProxy) -> ProviderHealth:
    return next(health for health in pool.health() if health.provider == proxy.name)


def test_who_fails_again_and_again_rests_and_is_asked_again_later(providers: Providers) -> None:
    now, broken = [100.0], providers.proxies[0]
    broken.status = 500
    with providers.pool(deadline_s=30, monotonic=lambda: now[0]) as pool:
        ask_until(pool, lambda: record_of(pool, broken).asked_again_in_s > 0)
        asked = len(broken.requests)
        for _ in range(20):
            pool.call("eth_chainId")
        assert len(broken.requests) <= asked + 1, "it is not hammered while it fails"
        broken.be_truthful()
        now[0] += record_of(pool, broken).asked_again_in_s
        ask_until(pool, lambda: record_of(pool, broken).answers > 0)
        assert record_of(pool, broken).asked_again_in_s == 0


def test_a_provider_that_asks_for_a_pause_gets_it(providers: Providers) -> None:
    busy = providers.proxies[0]
    busy.status, busy.headers = 429, {"Retry-After": "120"}
    with providers.pool(deadline_s=30, monotonic=lambda: 100.0) as pool:
        ask_until(pool, lambda: record_of(pool, busy).failures > 0)
        assert record_of(pool, busy).asked_again_in_s == 120


def test_a_revert_that_two_tell_alike_is_an_answer(chain: LocalChain, pool: ProviderPool) -> None:
    data = TRANSFER_FROM.encode(DEPLOYER, AGENT, 1)
    with pytest.raises(RpcError) as refused:
        pool.call_at(pool.head().hash, chain.world.usdc, data)
    assert (refused.value.revert_data or b"")[:4].hex() == "fb8f41b2"


def test_heads_that_differ_by_a_block_meet_at_the_lower_one(chain: LocalChain, providers: Providers) -> None:
    Sender(chain.node, DEPLOYER).send(chain.world.weth, Function("deposit()"), value=1)
    newest = chain.node.head()
    parent = chain.node.call("eth_getBlockByNumber", hex(newest.number - 1), False)
    older = lambda result: parent if quantity(result["number"]) == newest.number else result  # noqa: E731
    for proxy in providers.proxies[:2]:
        proxy.tell = about("eth_getBlockByNumber", older)
    providers.proxies[1].down = True
    with providers.pool() as pool:
        assert pool.head().number == newest.number - 1
        assert pool.round_trips == 2


def test_a_single_liar_cannot_lift_the_head(chain: LocalChain, providers: Providers, pool: ProviderPool) -> None:
    liar = providers.proxies[0]
    liar.tell = about("eth_getBlockByNumber", lambda block: {**block, "number": "0xffffff"})
    assert pool.head() == chain.node.head()
    assert (liar.name, FaultKind.AHEAD) in caught(pool, pool.head)


@pytest.mark.parametrize(
    ("urls", "options"),
    [
        (["http://a"], {}),
        (["http://a", "http://b", "http://c", "http://d"], {"needed": 2}),
        (["http://a", "http://b", "http://c"], {"needed": 1}),
        (["http://a", "http://b"], {"needed": 3}),
        (["http://a/key1", "http://a/key2", "http://b"], {}),
        (["http://a", "http://b"], {"deadline_s": float("nan")}),
    ],
    ids=["one", "half of four", "less than two", "more than there are", "one host twice", "no deadline"],
)
def test_refuses_a_quorum_that_proves_nothing(urls: list[str], options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"provider|deadline"):
        ProviderPool(urls, chain_id=1, **options)


def test_a_single_endpoint_can_be_trusted_on_purpose(chain: LocalChain) -> None:
    with ProviderPool([chain.url], chain_id=CHAIN_ID, needed=1) as pool:
        assert pool.head() == chain.node.head()


def test_messages_name_no_path_of_an_endpoint(providers: Providers) -> None:
    urls = [f"{proxy.url}/v3/SECRET-KEY" for proxy in providers.proxies]
    for proxy in providers.proxies:
        proxy.status = 500
    with ProviderPool(urls, chain_id=CHAIN_ID) as pool:
        with pytest.raises(QuorumMissing) as refused:
            pool.head()
        assert "SECRET" not in f"{refused.value} {pool.take_faults()} {pool.health()}"


def signed_transfer(node: Node) -> bytes:
    nonce = quantity(node.call("eth_getTransactionCount", AGENT, "latest"))
    fields = {"to": DEPLOYER, "value": 1, "gas": 21_000, "maxFeePerGas": 10**9, "maxPriorityFeePerGas": 0}
    transaction = {**fields, "nonce": nonce, "chainId": CHAIN_ID, "type": 2}
    return bytes(Account.sign_transaction(transaction, AGENT_TEST_KEY).raw_transaction)


def test_sends_once_through_every_endpoint(chain: LocalChain, providers: Providers, pool: ProviderPool) -> None:
    raw = signed_transfer(chain.node)
    answers = pool.send_raw(raw)
    (first,) = {answer.hash for answer in answers if answer.accepted}
    assert [answer.provider for answer in answers] == [proxy.name for proxy in providers.proxies]
    wait_for(lambda: all(proxy.requests for proxy in providers.proxies))
    sent = [[entry["method"] for entry in proxy.requests] for proxy in providers.proxies]
    assert sent == [["eth_sendRawTransaction"]] * 3
    wait_for(lambda: chain.node.call("eth_getTransactionReceipt", first, nullable=True) is not None)
    assert chain.node.call("eth_getTransactionReceipt", first)["status"] == "0x1"


def test_a_lost_answer_to_a_send_is_unknown_and_not_asked_again(
    chain: LocalChain, providers: Providers, pool: ProviderPool
) -> None:
    for proxy in providers.proxies:
        proxy.down = True
    answers = pool.send_raw(signed_transfer(chain.node))
    assert all(isinstance(answer.error, RpcUnavailable) and not answer.accepted for answer in answers)
    assert [len(proxy.requests) for proxy in providers.proxies] == [1, 1, 1]


def test_a_refusal_of_every_endpoint_is_told_as_each_worded_it(chain: LocalChain, pool: ProviderPool) -> None:
    raw = signed_transfer(chain.node)
    pool.send_raw(raw)
    time.sleep(0.1)
    answers = pool.send_raw(raw)
    assert [type(answer.error) for answer in answers] == [RpcError] * 3


def test_a_provider_that_answers_a_send_with_another_hash_answered_nothing(
    chain: LocalChain, providers: Providers, pool: ProviderPool
) -> None:
    for proxy in providers.proxies:
        proxy.tell = about("eth_sendRawTransaction", lambda _: "0x" + "11" * 32)
    answers = pool.send_raw(signed_transfer(chain.node))
    assert BadAnswer in {type(answer.error) for answer in answers}, "the others say that they know it already"
    assert not any(answer.accepted for answer in answers)


def test_sends_go_to_their_own_endpoints_when_there_are_any(chain: LocalChain, providers: Providers) -> None:
    private = LyingProxy(chain.url)
    try:
        urls = [proxy.url for proxy in providers.proxies]
        with ProviderPool(urls, [private.url], chain_id=CHAIN_ID) as pool:
            (answer,) = pool.send_raw(signed_transfer(chain.node))
        assert answer.accepted
        assert not any(proxy.requests for proxy in providers.proxies)
    finally:
        private.close()


def test_two_chains_at_one_height_are_a_fork() -> None:
    with (
        Anvil(1_700_000_000) as one,
        Anvil(1_700_000_001) as other,
        ProviderPool([one.url, other.url], chain_id=CHAIN_ID) as pool,
        pytest.raises(ChainForked),
    ):
        pool.head()


def test_many_threads_may_read_at_once(chain: LocalChain, pool: ProviderPool) -> None:
    block, errors = pool.head(), []
    call = Call(chain.world.usdc, BALANCE_OF, (chain.world.mover,))
    expected = read_all(chain.node, block, [call])

    def read() -> None:
        for _ in range(10):
            if read_all(pool, block, [call]) != expected:
                errors.append("another value")

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
