"""A node that misbehaves on demand, in front of a real one."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import aiohttp
import pytest
from rich.console import Console

from agent.chaos.proxy import Chance, ChaosProxy, Fault, chance, serve_chaos
from agent.reasons import Refusal
from chains.local import Anvil
from chains.providers import ProviderPool
from chains.rpc import Node, RpcUnavailable, quantity

CHAIN_ID = 31337


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with Anvil(1_700_000_000) as running:
        yield running


@contextmanager
def running(proxy: ChaosProxy) -> Iterator[str]:
    """The proxy in a thread; its address."""
    loop = asyncio.new_event_loop()
    port: list[int] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        told: asyncio.Future[int] = loop.create_future()
        told.add_done_callback(lambda future: (port.append(future.result()), ready.set()))
        await proxy.serve(0, stop, told)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield f"http://127.0.0.1:{port[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@pytest.fixture
def behind(anvil: Anvil) -> Iterator[Callable[..., tuple[ChaosProxy, Node]]]:
    with ExitStack() as undo:

        def made(*chances: Chance, seed: int = 7, delay_s: float = 0.0) -> tuple[ChaosProxy, Node]:
            proxy = ChaosProxy(anvil.url, chances, seed, delay_s)
            node = Node(undo.enter_context(running(proxy)), timeout_s=3.0)
            undo.callback(node.close)
            return proxy, node

        yield made


def test_without_a_fault_it_is_the_node(anvil: Anvil, behind: Callable[..., tuple[ChaosProxy, Node]]) -> None:
    _, node = behind()
    assert node.head() == anvil.node.head()


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.LOSE, Fault.STALL, Fault.RATE_LIMIT, Fault.TRUNCATE])
def test_an_answer_that_does_not_come_is_no_answer(
    fault: Fault, behind: Callable[..., tuple[ChaosProxy, Node]]
) -> None:
    proxy, node = behind(Chance(fault, 1.0))
    with pytest.raises(RpcUnavailable):
        node.call("eth_chainId")
    assert proxy.struck[fault] == 1
    assert proxy.forwarded == (1 if fault in (Fault.DROP, Fault.TRUNCATE) else 0)


def test_a_dropped_answer_leaves_its_effect_on_the_chain(
    anvil: Anvil, behind: Callable[..., tuple[ChaosProxy, Node]]
) -> None:
    _, node = behind(Chance(Fault.DROP, 1.0))
    before = anvil.node.head().number
    with pytest.raises(RpcUnavailable):
        node.call("evm_mine")
    assert anvil.node.head().number == before + 1


def test_a_lie_has_the_shape_of_the_truth(behind: Callable[..., tuple[ChaosProxy, Node]]) -> None:
    _, node = behind(Chance(Fault.LIE, 1.0))
    assert quantity(node.call("eth_chainId")) == CHAIN_ID + 1


def test_a_frozen_head_stays_while_the_chain_goes_on(
    anvil: Anvil, behind: Callable[..., tuple[ChaosProxy, Node]]
) -> None:
    _, node = behind(Chance(Fault.FREEZE, 1.0))
    first = node.head()
    anvil.node.call("evm_mine")
    assert node.head() == first
    assert anvil.node.head().number == first.number + 1


def test_a_batch_in_another_order_is_the_same_batch(behind: Callable[..., tuple[ChaosProxy, Node]]) -> None:
    _, node = behind(Chance(Fault.REORDER, 1.0))
    asked = [("eth_chainId", []), ("eth_blockNumber", []), ("eth_gasPrice", []), ("net_version", [])]
    assert node.batch(asked)[0] == hex(CHAIN_ID)


def test_a_delayed_answer_is_the_truth_later(behind: Callable[..., tuple[ChaosProxy, Node]]) -> None:
    _, node = behind(Chance(Fault.DELAY, 1.0), delay_s=0.2)
    assert quantity(node.call("eth_chainId")) == CHAIN_ID


def test_one_seed_gives_the_same_faults(behind: Callable[..., tuple[ChaosProxy, Node]]) -> None:
    def pattern(seed: int) -> list[int]:
        _, node = behind(Chance(Fault.LIE, 0.5), seed=seed)
        return [quantity(node.call("eth_chainId")) for _ in range(20)]

    assert pattern(1) == pattern(1)
    assert pattern(1) != pattern(2)


def test_a_pool_believes_the_two_that_agree(anvil: Anvil, behind: Callable[..., tuple[ChaosProxy, Node]]) -> None:
    _, liar = behind(Chance(Fault.LIE, 1.0))
    _, slow = behind(Chance(Fault.DELAY, 1.0), delay_s=0.05)
    with ProviderPool([anvil.url, slow.url, liar.url], chain_id=CHAIN_ID) as pool:
        assert pool.head() == anvil.node.head()
        account = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        assert pool.call("eth_getBalance", account, "latest") == anvil.node.call("eth_getBalance", account, "latest")


def test_a_fault_that_nobody_knows_is_refused_with_those_there_are() -> None:
    assert chance("lie=0.02") == Chance(Fault.LIE, 0.02)
    assert chance("stall") == Chance(Fault.STALL, 1.0)
    for text in ("nonsense", "lie=2", "lie=0", "lie=nan", "lie=x"):
        with pytest.raises(Refusal, match="--fault"):
            chance(text)


# What the proxy itself cannot do is an answer, not a traceback.


def answer(body: bytes) -> tuple[int, str]:
    async def ask() -> tuple[int, str]:
        proxy, stopping = ChaosProxy("http://127.0.0.1:9", [], 7), asyncio.Event()
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(proxy.serve(0, stopping, ready))
        url = f"http://127.0.0.1:{await ready}"
        async with aiohttp.ClientSession() as session, session.post(url, data=body) as told:
            found = told.status, await told.text()
        stopping.set()
        await serving
        return found

    return asyncio.run(ask())


def test_a_node_that_is_away_and_a_question_that_is_none() -> None:
    assert answer(b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}')[0] == 502
    assert answer(b"nonsense") == (400, "not JSON-RPC")


def test_a_port_that_is_taken_is_refused() -> None:
    async def taken() -> asyncio.Server:
        return await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(taken())
    try:
        with pytest.raises(Refusal, match="--port"):
            serve_chaos("http://127.0.0.1:9", server.sockets[0].getsockname()[1], [], 7, 1.0, Console(quiet=True))
    finally:
        server.close()
        loop.close()
