"""Fault 49: answers of a node that are none, and a node of another chain."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from lying_nodes import HEARTBEAT_S, code_of, pool_of, rejected
from lying_proxy import LyingProxy, about

from agent.market.chain_reader import ChainReader
from agent.market.vault_reader import VaultSite
from agent.reasons import Code
from chains.functions import Function
from chains.local import AGENT, LocalChain
from chains.multicall import Call, read_all

DECIMALS = Function("decimals()", "(uint8)")


def text(body: str) -> Callable[[Any], bytes]:
    return lambda asked: body.replace("$ID", str(asked["id"])).encode()


def fifty_megabytes(asked: Any) -> bytes:
    return b'{"jsonrpc":"2.0","id":%d,"result":"0x' % asked["id"] + b"0" * 50 * 2**20 + b'"}'


RUBBISH = {
    "50 MB": fifty_megabytes,
    "wrong id": text('{"jsonrpc":"2.0","id":424242,"result":"0x01"}'),
    "null": text('{"jsonrpc":"2.0","id":$ID,"result":null}'),
    "odd length": text('{"jsonrpc":"2.0","id":$ID,"result":"0x012"}'),
    "no hex": text('{"jsonrpc":"2.0","id":$ID,"result":"0xzz"}'),
    "spaces": text('{"jsonrpc":"2.0","id":$ID,"result":"0x01 23"}'),
    "a number": text('{"jsonrpc":"2.0","id":$ID,"result":1}'),
    "cut off": text('{"jsonrpc":"2.0","id":$ID,"resu'),
    "HTML": text("<html>captcha</html>"),
    "a list": text("[]"),
    "error without a code": text('{"jsonrpc":"2.0","id":$ID,"error":{"message":"execution reverted","data":"0xzz"}}'),
}


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH)
def test_fault_49_an_answer_that_is_none_is_dropped(
    chain: LocalChain, proxies: list[LyingProxy], body: Callable[[Any], bytes]
) -> None:
    block = chain.node.head()
    asset = [Call(chain.world.usdc, DECIMALS)]
    proxies[0].body = body
    with pool_of(proxies) as pool:
        assert read_all(pool, block, asset) == [6]
        assert rejected(pool, lambda: read_all(pool, block, asset)) == {(proxies[0].name, Code.CHAIN_BAD_ANSWER)}
        for proxy in proxies[:2]:
            proxy.body = body
        assert code_of(lambda: read_all(pool, block, asset)) is Code.CHAIN_QUORUM


@pytest.mark.parametrize("answer", ["0x", "0x08c379a0" + "00" * 64], ids=["empty", "a revert as a result"])
def test_fault_49_a_well_formed_answer_with_nothing_in_it_is_outvoted_or_refused(
    chain: LocalChain, proxies: list[LyingProxy], answer: str
) -> None:
    block = chain.node.head()
    asset = [Call(chain.world.usdc, DECIMALS)]
    proxies[0].tell = about("eth_call", lambda _: answer)
    with pool_of(proxies) as pool:
        assert read_all(pool, block, asset) == [6]
        assert rejected(pool, lambda: read_all(pool, block, asset)) == {(proxies[0].name, Code.CHAIN_DISAGREES)}
        for proxy in proxies:
            proxy.tell = about("eth_call", lambda _: answer)
        assert code_of(lambda: read_all(pool, block, asset)) is Code.CHAIN_BAD_ANSWER


def test_fault_49_what_a_provider_was_caught_at_stands_in_the_observation(
    proxies: list[LyingProxy], site: VaultSite
) -> None:
    with pool_of(proxies) as pool:
        reader = ChainReader(pool, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
        assert reader.read().notes == ()
        proxies[1].tell = about("eth_call", lambda answer: answer[:-1] + ("0" if answer[-1] != "0" else "1"))
        until, notes = time.monotonic() + 30, {note.code for note in reader.read().notes}
        while not notes and time.monotonic() < until:
            time.sleep(0.02)
            notes = {note.code for note in reader.read().notes}
    assert notes == {Code.CHAIN_DISAGREES}


def test_fault_49_a_provider_of_another_chain_is_dropped(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    proxies[2].tell = about("eth_chainId", lambda _: "0x1")
    with pool_of(proxies) as pool:
        assert pool.head() == chain.node.head()
        assert rejected(pool, pool.head) == {(proxies[2].name, Code.WRONG_CHAIN)}
