"""A vault state, a strategy file, a counting contract and a funded vault on real nodes, for the tests of execution."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "chains"))
sys.path.insert(0, str(Path(__file__).parent))
from counting_chain import NOW
from counting_fixtures import chain, counting_anvil, journal, proxy
from vault_desk import GENESIS, PERP, PRICE, USD, Desk

from agent.config import Config
from agent.execution import Journal, Venues
from agent.market.observation import Block, History, MarketView, Mode, Observation, PerpState, VaultState
from agent.market.vault_reader import VaultSite
from agent.replay.stage import vault_terms
from agent.units import Token
from chains.local import DEPOSITOR, LocalChain, VaultAddresses, World, WorldSpec, deploy_vault, deposit, local_chain

__all__ = ["chain", "counting_anvil", "journal", "proxy"]


@pytest.fixture
def venues() -> Venues:
    addresses = [f"0x{number:040x}" for number in (1, 2, 3, 4)]
    return Venues(
        chain_id=31337, vault=addresses[0], spot_adapter=addresses[1], perp_adapter=addresses[2], quoter=addresses[3]
    )


@pytest.fixture
def perp_state() -> PerpState:
    return PerpState(
        size=-100_000,
        expected_size=-100_000,
        size_decimals=4,
        max_leverage=25,
        mark_price=2500.2,
        oracle_price=2500.0,
        account_value=10_000_000_000,
        withdrawable=5_000_000_000,
        core_spot_usdc=2_000_000_000,
        in_flight=0,
        pending_until=0,
        funding_received=0,
        fees_paid=0,
        traded_notional=0,
        fills=1,
        rejections=0,
        liquidations=0,
    )


@pytest.fixture
def vault_state(perp_state: PerpState) -> VaultState:
    return VaultState(
        block=Block(100, "0x" + "ab" * 32, NOW, 10**9),
        asset=Token("USDC", "0x" + "0a" * 20, 6),
        base=Token("WETH", "0x" + "0b" * 20, 18),
        total_assets=100_000_000_000,
        idle_assets=50_000_000_000,
        total_supply=10**17,
        share_price_e18=10**18,
        high_water_mark_e18=10**18,
        day_start_price_e18=10**18,
        week_start_price_e18=10**18,
        gross_exposure=50_000_000_000,
        net_delta=0,
        pending_loss=0,
        liquidation_distance_bps=4_000,
        health_bps=200_000,
        mode=Mode.ACTIVE,
        plan_count=6,
        last_plan_at=NOW - 3_600,
        state_hash=bytes(range(32)),
        spot_base=10 * 10**18,
        perp=perp_state,
        oracle_price=2500.0,
        oracle_updated_at=NOW - 60,
        pool_price=2500.5,
    )


@pytest.fixture
def observe() -> Callable[[VaultState], Observation]:
    """Wraps a vault state into an observation of a market nobody looks at here."""
    empty = History(np.array([], dtype=np.int64), np.array([]), None, None, None)

    def wrap(state: VaultState) -> Observation:
        market = MarketView(state.block.timestamp, "ETHUSDT", None, None, None, None, empty, ())
        return Observation(state.block.timestamp, market, state)

    return wrap


@pytest.fixture(scope="session")
def config() -> Config:
    """The strategy file that users copy."""
    from ruamel.yaml import YAML

    path = Path(__file__).resolve().parents[2] / "configs" / "eth-carry.yaml"
    return Config.model_validate(YAML(typ="safe").load(path.read_text()))


@pytest.fixture(scope="session")
def stage(
    config: Config, site_of: Callable[[World, VaultAddresses], VaultSite]
) -> Iterator[tuple[LocalChain, VaultSite, Venues]]:
    with local_chain(WorldSpec(GENESIS, "ETH", 18, PRICE, PERP)) as local:
        world = local.world
        addresses = deploy_vault(local.node, world, vault_terms(config.policy))
        deposit(local.node, world, addresses.vault, DEPOSITOR, 1_000_000 * USD)
        site = site_of(world, addresses)
        venues = Venues(31337, addresses.vault, addresses.spot_adapter, addresses.perp_adapter, world.quoter)
        yield local, site, venues


@pytest.fixture
def desk(
    stage: tuple[LocalChain, VaultSite, Venues],
    config: Config,
    observe: Callable[[VaultState], Observation],
    tmp_path: Path,
) -> Iterator[Desk]:
    local, site, venues = stage
    snapshot = local.node.call("evm_snapshot")
    with Journal(tmp_path / "journal.db") as journal:
        desk = Desk(local, site, venues, config, journal, local.node.head().timestamp, observe)
        desk.move(3_600)
        yield desk
    local.node.call("evm_revert", snapshot)
