"""What the reader says of a real vault on the local chain, and of those who wait in its redemption queue."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from agent.config.file import load_config
from agent.market.observation import VaultState
from agent.market.vault_reader import VaultReader, VaultSite
from agent.policy import Policy
from agent.replay.stage import vault_terms
from agent.units import Token
from chains.artifacts import load
from chains.functions import Function
from chains.local import (
    AGENT,
    DEPOSITOR,
    SECOND_DEPOSITOR,
    LocalChain,
    PerpTick,
    Sender,
    VaultAddresses,
    World,
    WorldSpec,
    deploy_vault,
    deposit,
    local_chain,
)
from chains.multicall import Call, read_all

USD = 10**6
SHARE = 10**12  # shares have six decimals more than the asset
WEEK_S = 7 * 86_400
MONDAY_S = 4 * 86_400  # 1970-01-01 was a Thursday
APPROVE = Function("approve(address,uint256)", "(bool)")
QUEUE = load("RedemptionQueue")


@dataclass(frozen=True)
class Vault:
    """A vault of one million from two holders, in which nothing was traded yet."""

    chain: LocalChain
    site: VaultSite
    policy: Policy

    def read(self) -> VaultState:
        return VaultReader(self.chain.node, self.site, AGENT).read()

    def request(self, holder: str, shares: int) -> int:
        """Shares go into the queue; the time at which they did."""
        sender = Sender(self.chain.node, holder)
        sender.send(self.site.vault, APPROVE, self.site.queue, shares)
        sender.send(self.site.queue, QUEUE.function("requestRedeem"), shares, holder, holder)
        return self.chain.node.head().timestamp

    def preview(self, shares: int) -> int:
        call = Call(self.site.vault, load("Vault").function("previewRedeem"), (shares,))
        (assets,) = read_all(self.chain.node, self.chain.node.head(), [call])
        return int(assets)


@pytest.fixture
def vault(chain: LocalChain, site_of: Callable[[World, VaultAddresses], VaultSite]) -> Vault:
    policy = load_config("configs/eth-carry.yaml").config.policy
    now = chain.node.head().timestamp + 3_600
    chain.mover.step(now, feed_price=3_000, pool_price=3_000, perp=PerpTick(3_000, 3_000, 3_000, 3_000, 0.0))
    addresses = deploy_vault(chain.node, chain.world, vault_terms(policy))
    for holder, usd in ((DEPOSITOR, 600_000), (SECOND_DEPOSITOR, 400_000)):
        deposit(chain.node, chain.world, addresses.vault, holder, usd * USD)
    return Vault(chain, site_of(chain.world, addresses), policy)


def test_a_young_vault_is_worth_its_deposits_at_a_share_price_of_one(vault: Vault) -> None:
    state = vault.read()
    assert (state.total_assets, state.idle_assets) == (1_000_000 * USD, 1_000_000 * USD)
    # Each deposit leaves its buffer to all holders, and lifts the price by it.
    buffer = vault.policy.flow_buffer
    assert state.share_price_e18 / 10**18 == pytest.approx((1 + buffer) * (1 + 0.4 * buffer), rel=1e-6)
    assert state.high_water_mark_e18 == state.share_price_e18
    marks = (state.day_start_price_e18, state.week_start_price_e18)
    assert all(10**18 * (1 - 1e-6) <= mark <= state.share_price_e18 for mark in marks)


def test_what_cannot_be_liquidated_has_neither_distance_nor_health(vault: Vault) -> None:
    state = vault.read()
    assert (state.liquidation_distance_bps, state.health_bps) == (None, None)
    assert (state.gross_exposure, state.net_delta, state.pending_loss) == (0, 0, 0)


def test_the_oracles_price_is_dollars_per_whole_base_token(vault: Vault) -> None:
    state = vault.read()
    assert state.oracle_price == 3_000.0
    assert state.pool_price == pytest.approx(3_000.0, rel=1e-4)
    assert state.oracle_updated_at <= state.block.timestamp


def test_a_base_token_of_eight_decimals_has_its_price_too(
    eth_spec: WorldSpec, site_of: Callable[[World, VaultAddresses], VaultSite]
) -> None:
    spec = replace(eth_spec, base_symbol="WBTC", base_decimals=8, first_price=60_000.0, perp=None)
    policy = load_config("configs/eth-volatility-target.yaml").config.policy
    with local_chain(spec) as chain:
        site = site_of(chain.world, deploy_vault(chain.node, chain.world, vault_terms(policy)))
        bitcoin = replace(site, base=Token("WBTC", chain.world.base, 8))
        state = VaultReader(chain.node, bitcoin, AGENT).read()
    assert state.oracle_price == 60_000.0
    assert state.pool_price == pytest.approx(60_000.0, rel=1e-4)
    assert state.perp is None
    assert state.share_price_e18 == 10**18, "nobody has deposited yet"


def test_a_heartbeat_is_a_sign_and_no_plan(vault: Vault) -> None:
    before = vault.read()
    Sender(vault.chain.node, AGENT).send(vault.site.vault, load("Vault").function("heartbeat"))
    after = vault.read()
    assert after.last_sign_at == after.block.timestamp > before.last_sign_at
    assert (after.plan_count, after.last_plan_at) == (0, 0)


def test_nobody_waits_in_an_empty_queue(vault: Vault) -> None:
    state = vault.read()
    assert (state.queued_assets, state.queued_since) == (0, 0)


def test_those_who_wait_are_counted_at_what_their_shares_would_bring(vault: Vault) -> None:
    since = vault.request(DEPOSITOR, 100_000 * SHARE)
    state = vault.read()
    assert state.queued_since == since
    assert state.queued_assets == vault.preview(100_000 * SHARE)
    worth = 100_000 * state.share_price_e18 / 10**18 * (1 - vault.policy.flow_buffer)
    assert state.queued_assets / USD == pytest.approx(worth, rel=1e-6)
    assert state.total_assets == 1_000_000 * USD, "they hold their part until they are paid"


def test_the_oldest_of_them_says_since_when(vault: Vault) -> None:
    first = vault.request(DEPOSITOR, 10_000 * SHARE)
    vault.chain.mover.step(first + 600)
    vault.request(SECOND_DEPOSITOR, 20_000 * SHARE)
    state = vault.read()
    assert state.queued_since == first
    assert state.queued_assets == vault.preview(30_000 * SHARE)


def test_once_filled_they_are_gone_and_so_is_the_cash(vault: Vault) -> None:
    vault.request(DEPOSITOR, 100_000 * SHARE)
    before = vault.read()
    Sender(vault.chain.node, SECOND_DEPOSITOR).send(vault.site.queue, QUEUE.function("fill"))
    after = vault.read()
    assert (after.queued_assets, after.queued_since) == (0, 0)
    assert before.idle_assets - after.idle_assets == before.queued_assets
    assert after.share_price_e18 >= before.share_price_e18, "the buffer stays with the others"


def test_the_week_begins_on_monday(vault: Vault) -> None:
    """Deposits next to each other move the price by a buffer; only a checkpoint of a new week forgets the old start."""
    start = vault.read()
    now = start.block.timestamp
    monday = (now - MONDAY_S) // WEEK_S * WEEK_S + WEEK_S + MONDAY_S

    def at(time_s: int) -> VaultState:
        tick = PerpTick(3_000, 3_000, 3_000, 3_000, 0.0)
        vault.chain.mover.step(time_s, feed_price=3_000, pool_price=3_000, perp=tick)
        return vault.read()

    assert start.week_start_price_e18 < start.share_price_e18
    sunday = at(monday - 1)
    assert sunday.week_start_price_e18 == start.week_start_price_e18
    assert at(monday).week_start_price_e18 == sunday.share_price_e18
