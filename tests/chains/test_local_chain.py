"""The local chain: time, prices, deployments, and the end of the node."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from chains.artifacts import load
from chains.functions import Function
from chains.local import (
    AGENT,
    CURATOR,
    DEPLOYER,
    DEPOSITOR,
    GUARDIAN,
    OWNER,
    Anvil,
    LocalChain,
    PerpTick,
    Sender,
    TransactionFailed,
    VaultTerms,
    WorldSpec,
    deploy_vault,
    deploy_world,
    deposit,
    local_chain,
)
from chains.local.vault import GOVERNANCE_DELAY_S
from chains.local.world import full_range_liquidity
from chains.multicall import Call, read_all
from chains.rpc import BlockRef, RpcError, data_bytes
from chains.venues import chainlink, hypercore, uniswap_v3

LIMITS = (
    *(20_000, 5_000, 1_500, 20_000, 200),  # where positions may be: gross, net, liquidation, health, idle
    *(100, 100, 100, 100, 40_000),  # what trading may cost: fill, plan, two budgets, turnover
    *(500, 1_000, 1_500),  # losses of a day, of a week, from the highest price
    *(2_500, 5),  # growth of a day, buffer of flows
    *(10**12, 60, 7_200, 172_800, 1, 10**14),  # trade, cooldown, oracle, silence, latch, all assets
)
TERMS = VaultTerms(LIMITS, venue_cap=(10**13, 10_000), asset_cap=(2 * 10**13, 20_000))
BALANCE_OF = Function("balanceOf(address)", "(uint256)")
MINT = Function("mint(address,uint256)")
APPROVE = Function("approve(address,uint256)", "(bool)")
SWAP = Function("exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))", "(uint256)")


def next_hour(chain: LocalChain) -> int:
    return chain.node.head().timestamp + 3600


def pool_price(chain: LocalChain, block: BlockRef) -> float:
    (state,) = read_all(chain.node, block, [uniswap_v3.slot0(chain.world.pool)])
    return chain.world.pair.price(state[0])


def feed_round(chain: LocalChain, block: BlockRef) -> chainlink.Round:
    (values,) = read_all(chain.node, block, [chainlink.latest_round(chain.world.feed)])
    return chainlink.Round(*values)


def bps(actual: float, expected: float) -> float:
    return abs(actual / expected - 1) * 10_000


def test_a_world_starts_with_feed_pool_and_perp_at_the_first_price(eth_spec: WorldSpec) -> None:
    with local_chain(eth_spec) as chain:
        block = chain.node.head()
        mark, oracle = read_all(chain.node, block, [hypercore.mark_price(1), hypercore.oracle_price(1)])
        assert bps(pool_price(chain, block), eth_spec.first_price) < 1
        assert feed_round(chain, block).price(8) == eth_spec.first_price
        assert hypercore.price(mark, 4) == hypercore.price(oracle, 4) == eth_spec.first_price


def test_a_step_moves_everything_in_one_block_at_the_exact_time_in_one_round_trip(chain: LocalChain) -> None:
    now, trips, number = next_hour(chain), chain.node.round_trips, chain.node.head().number
    tick = PerpTick(mark=3101.5, oracle=3100.25, high=3150, low=3000, funding_rate_1h=1.25e-5)
    block = chain.mover.step(now, feed_price=3100.75, pool_price=3100.75, perp=tick)
    assert chain.node.round_trips == trips + 2  # the other one asked for the block's number
    assert chain.node.head() == block
    assert (block.timestamp, block.number) == (now, number + 1)
    mark, oracle = read_all(chain.node, block, [hypercore.mark_price(1), hypercore.oracle_price(1)])
    assert bps(pool_price(chain, block), 3100.75) < 1
    assert feed_round(chain, block).price(8) == 3100.75
    assert feed_round(chain, block).updated_at == now
    assert (hypercore.price(mark, 4), hypercore.price(oracle, 4)) == (3101.5, 3100.25)


def test_the_pool_follows_the_mover_through_a_crash_and_a_rally(chain: LocalChain) -> None:
    for price in (1500.0, 31.0, 2999.99, 90_000.0, 3000.0):
        block = chain.mover.step(next_hour(chain), pool_price=price)
        assert bps(pool_price(chain, block), price) < 1


def test_an_hour_without_spot_data_leaves_feed_and_pool_alone(chain: LocalChain) -> None:
    before = chain.mover.step(next_hour(chain), feed_price=3000, pool_price=3000)
    after = chain.mover.step(next_hour(chain), perp=PerpTick(3200, 3200, 3200, 3200, 0.0))
    assert feed_round(chain, after) == feed_round(chain, before)
    assert pool_price(chain, after) == pool_price(chain, before)


def test_a_block_follows_its_parent_by_one_second_unless_told_otherwise(chain: LocalChain) -> None:
    before = chain.node.head().timestamp
    Sender(chain.node, DEPLOYER).send(chain.world.usdc, MINT, DEPLOYER, 1)
    assert chain.node.head().timestamp == before + 1


def test_the_base_fee_stays_what_it_is(chain: LocalChain) -> None:
    fees = {chain.mover.step(next_hour(chain)).base_fee_wei for _ in range(10)}
    assert fees == {chain.node.head().base_fee_wei}


def test_a_step_into_the_past_is_refused_and_moves_nothing(chain: LocalChain) -> None:
    before = feed_round(chain, chain.node.head())
    with pytest.raises(RpcError, match="imestamp"):
        chain.mover.step(chain.node.head().timestamp - 10, feed_price=before.price(8) * 2)
    assert feed_round(chain, chain.node.head()) == before


@pytest.mark.parametrize("wrong", [{"pool_fee_ppm": 100}, {"base_decimals": 8}, {"pool_depth_usd": 0}])
def test_refuses_a_world_that_cannot_be_built(eth_spec: WorldSpec, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(eth_spec, **wrong)


@pytest.mark.parametrize(
    "tick",
    [
        {"mark": float("nan")},
        {"oracle": 0.0},
        {"high": 2900.0},
        {"low": 3100.0},
        {"funding_rate_1h": float("inf")},
    ],
)
def test_refuses_a_tick_that_is_no_market(tick: dict[str, float]) -> None:
    good = PerpTick(mark=3000, oracle=3000, high=3000, low=3000, funding_rate_1h=0)
    with pytest.raises(ValueError, match="perp tick"):
        replace(good, **tick)


def test_the_markets_own_failures_carry_their_reason(chain: LocalChain) -> None:
    with pytest.raises(TransactionFailed, match=r"OnlyOwner\(\)"):
        Sender(chain.node, AGENT).send(chain.world.mover, load("MarketMover").function("provideLiquidity"), -10, 10, 1)


def test_quoter_equals_execution_to_the_unit(chain: LocalChain) -> None:
    world, sender, amount = chain.world, Sender(chain.node, DEPOSITOR), 25_000 * 10**6
    sender.send(world.usdc, MINT, DEPOSITOR, amount)
    sender.send(world.usdc, APPROVE, world.router, amount)
    ask = uniswap_v3.quote_exact_input(world.quoter, world.usdc, world.base, amount, world.pool_fee_ppm)
    holding = Call(world.base, BALANCE_OF, (DEPOSITOR,))
    quoted, before = read_all(chain.node, chain.node.head(), [ask, holding])
    swap = (world.usdc, world.base, world.pool_fee_ppm, DEPOSITOR, amount, 0, 0)
    sender.send(world.router, SWAP, swap)
    (after,) = read_all(chain.node, chain.node.head(), [holding])
    assert uniswap_v3.Quote(*quoted).amount_out == after - before


def test_a_trade_of_the_pools_depth_moves_its_price_by_one_percent(chain: LocalChain, eth_spec: WorldSpec) -> None:
    world, sender = chain.world, Sender(chain.node, DEPOSITOR)
    start = pool_price(chain, chain.mover.step(next_hour(chain), pool_price=eth_spec.first_price))
    amount = eth_spec.pool_depth_usd * 10**6
    sender.send(world.usdc, MINT, DEPOSITOR, amount)
    sender.send(world.usdc, APPROVE, world.router, amount)
    sender.send(world.router, SWAP, (world.usdc, world.base, world.pool_fee_ppm, DEPOSITOR, amount, 0, 0))
    assert pool_price(chain, chain.node.head()) / start == pytest.approx(1.01, rel=1e-4)


def test_liquidity_does_not_depend_on_the_order_of_the_tokens() -> None:
    low, high = "0x" + "11" * 20, "0x" + "ee" * 20
    amounts = []
    for base, quote in ((low, high), (high, low)):
        pair = uniswap_v3.Pair(base, quote, 8, 6)
        amounts.append(full_range_liquidity(1_000_000, pair, pair.sqrt_price_x96(60_000.0)))
    assert amounts[0] == pytest.approx(amounts[1], rel=1e-9)


def test_eight_decimals_and_both_orders_of_the_tokens(eth_spec: WorldSpec) -> None:
    spec = replace(eth_spec, base_symbol="WBTC", base_decimals=8, first_price=60_000.0, perp=None)
    seen = set()
    with Anvil(spec.genesis_timestamp) as anvil:
        for _ in range(8):  # every deployment gets new addresses, and with them a new order
            world = deploy_world(anvil.node, spec)
            (state,) = read_all(anvil.node, anvil.node.head(), [uniswap_v3.slot0(world.pool)])
            assert bps(world.pair.price(state[0]), 60_000.0) < 1
            seen.add(world.pair.base_is_token0)
            if len(seen) == 2:
                return
    pytest.fail("eight deployments all had the same order of tokens")


def test_two_worlds_of_one_specification_have_the_same_addresses(chain: LocalChain, eth_spec: WorldSpec) -> None:
    with local_chain(eth_spec) as another:
        assert another.world == chain.world


def test_a_vault_is_ready_for_deposits_and_reports_them(chain: LocalChain) -> None:
    chain.mover.step(next_hour(chain), feed_price=3000, pool_price=3000, perp=PerpTick(3000, 3000, 3000, 3000, 0.0))
    vault = deploy_vault(chain.node, chain.world, TERMS)
    deposit(chain.node, chain.world, vault.vault, DEPOSITOR, 50_000 * 10**6)
    assert vault.perp_adapter is not None
    cap_of = load("Policy").function("capOf")
    calls = [
        Call(vault.vault, load("Vault").function("totalAssets")),
        Call(vault.portfolio, load("Portfolio").function("adapters")),
        Call(vault.policy, load("Policy").function("limits")),
        Call(vault.vault, load("Vault").function("queue")),
        hypercore.account_exists(vault.perp_adapter),
        *(Call(vault.policy, cap_of, (key,)) for key in (vault.spot_adapter, vault.perp_adapter, chain.world.base)),
    ]
    assets, adapters, limits, queue, on_core, *caps = read_all(chain.node, chain.node.head(), calls)
    assert assets == 50_000 * 10**6
    assert [adapter.lower() for adapter in adapters] == [vault.spot_adapter, vault.perp_adapter]
    assert limits == LIMITS
    assert queue.lower() == vault.queue
    assert on_core
    assert caps == [TERMS.venue_cap, TERMS.venue_cap, TERMS.asset_cap]


def test_a_vault_is_handed_over_so_that_its_deployer_can_do_nothing_and_its_owner_must_wait(chain: LocalChain) -> None:
    vault = deploy_vault(chain.node, chain.world, TERMS)
    has_role = load("Authority").function("hasRole")
    holders = [(0, DEPLOYER, 0), (1, OWNER, GOVERNANCE_DELAY_S), (2, CURATOR, GOVERNANCE_DELAY_S), (3, GUARDIAN, 0)]
    calls = [Call(vault.authority, has_role, (role, account)) for role, account, _ in holders]
    answers = read_all(chain.node, chain.node.head(), calls)
    assert answers == [(role > 0, delay) for role, _, delay in holders]
    set_agent = load("Vault").function("setAgent")
    for account in (DEPLOYER, OWNER, GUARDIAN, AGENT):
        with pytest.raises(TransactionFailed, match=r"AccessManagedUnauthorized|AccessManagerNotScheduled"):
            Sender(chain.node, account).send(vault.vault, set_agent, DEPOSITOR)


def test_a_vault_in_a_world_without_perp_has_only_the_spot_leg(eth_spec: WorldSpec) -> None:
    with local_chain(replace(eth_spec, perp=None)) as chain:
        assert deploy_vault(chain.node, chain.world, TERMS).perp_adapter is None
        with pytest.raises(ValueError, match="without a perp"):
            chain.mover.step(next_hour(chain), perp=PerpTick(1, 1, 1, 1, 0.0))


def test_uniswaps_pool_code_is_the_published_one(chain: LocalChain) -> None:
    code = data_bytes(chain.node.call("eth_getCode", chain.world.pool, "latest"))
    assert len(code) == 22_142  # as on Ethereum's main net


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_node_ends_with_its_owner_however_that_ends(end: signal.Signals) -> None:
    script = "import time; from chains.local import Anvil\nwith Anvil(1) as a: print(a.url, flush=True); time.sleep(60)"
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    port = int(owner.stdout.readline().rpartition(":")[2])
    owner.send_signal(end)
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 5
    while is_listening(port):
        assert time.monotonic() < deadline, "anvil is still there"
        time.sleep(0.02)


def test_closing_the_node_removes_what_it_left_on_disk() -> None:
    with Anvil(1) as anvil:
        home = anvil.home
        assert os.path.isdir(home)
    assert not os.path.exists(home)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
