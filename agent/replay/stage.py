"""The stage of a replay: a local chain with its market, a vault, the agent that keeps it, and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.config import Config
from agent.cycle import Cycle
from agent.execution import Journal, LocalBroadcaster, LocalSigner, Sender, Venues
from agent.market.source import HistorySource, WorldHour
from agent.market.vault_reader import LoanVenue, PerpVenue, VaultReader, VaultSite
from agent.policy import Policy
from agent.startup import require_agreement, require_loan_terms, require_tokens
from agent.units import SECONDS_PER_HOUR, Token
from chains.local import (
    AaveAddresses,
    LocalChain,
    PerpSpec,
    PerpTick,
    VaultAddresses,
    VaultTerms,
    World,
    WorldSpec,
    deploy_vault,
    local_chain,
)
from chains.local.accounts import AGENT_TEST_KEY
from chains.local.hyper_core import HYPER_CORE_ADDRESS
from chains.local.spec import USDC_DECIMALS
from chains.registry import Chain, load_chain

AGENT_ACTS_AFTER_S = 60  # seconds into the hour: after the market's step and the depositors
JOURNAL_FILE = "journal.sqlite"
SETTLING_STEPS = 2  # HyperCore acts once to debit a transfer to the chain, once more to pay it out


@dataclass
class Stage:
    """Everything a replay drives. `clock` is the time of the newest block that was asked for."""

    config: Config
    market: HistorySource
    chain: Chain
    local: LocalChain
    site: VaultSite
    reader: VaultReader
    cycle: Cycle
    clock: "Clock"
    last_spot: float

    def move_market(self, hour: WorldHour) -> None:
        """The hour's truth happens on the chain: oracle round, perp prices and funding, the pool's price.

        What was not recorded does not happen: a feed without news grows old, as it does in an outage.
        """
        if hour.spot is not None:
            self.last_spot = hour.spot
        perp = None
        if hour.mark is not None and hour.high is not None and hour.low is not None and self.site.perp is not None:
            perp = PerpTick(hour.mark, self.last_spot, hour.high, hour.low, hour.funding_rate_1h or 0.0)
        self.clock.now = hour.time_s
        self.local.mover.step(hour.time_s, feed_price=hour.spot, pool_price=hour.spot, perp=perp)


class Clock:
    """Block time of the local chain, in unix seconds; it only moves forward and never looks at the wall."""

    def __init__(self, now: int) -> None:
        self.now = now

    def forward(self, seconds: int) -> int:
        """The time `seconds` later, which becomes the present."""
        self.now += seconds
        return self.now


@contextmanager
def open_stage(config: Config, market: HistorySource, from_s: int, folder: Path) -> Iterator[Stage]:
    """A fresh chain at the market's prices of `from_s` with an empty vault; the journal goes into `folder`.

    Raises Refusal when the vault on chain is not what the file says, or the signer may not be the agent.
    """
    chain = load_chain(config.chain)
    first_spot = float(market.view(from_s).history.spot[-1])
    genesis = from_s - SECONDS_PER_HOUR
    with local_chain(world_spec(config, genesis, first_spot)) as local:
        site = deployed_site(config, local)
        loan = site.loan
        signer = LocalSigner(AGENT_TEST_KEY)
        require_agreement(local.node, site, config.policy, chain.chain_id, signer.address)
        require_tokens(local.node, site)
        if loan is not None and config.vault.aave is not None:
            require_loan_terms(local.node, site, loan, config.vault.aave)
        perp_adapter = None if site.perp is None else site.perp.adapter
        loan_adapter = None if loan is None else loan.adapter
        adapters = (site.spot_adapter, perp_adapter, site.quoter, loan_adapter)
        venues = Venues(chain.chain_id, site.vault, *adapters)
        reader = VaultReader(local.node, site, signer.address)
        clock = Clock(from_s)
        pause_s = chain.core_action_bound_s

        def await_effect() -> None:
            if site.perp is not None:
                for _ in range(SETTLING_STEPS):
                    local.mover.process(clock.forward(pause_s))

        with Journal(folder / JOURNAL_FILE) as journal:
            broadcaster = LocalBroadcaster(local.node, lambda: clock.forward(2))
            fees = (config.execution.max_fee_gwei, chain.priority_fee_wei)
            urgent_fee = config.execution.urgent_max_fee_gwei
            sender = Sender(local.node, signer, journal, broadcaster, *fees, urgent_max_fee_gwei=urgent_fee)
            cycle = Cycle(config, market, reader, local.node, venues, sender, signer.address, await_effect)
            yield Stage(config, market, chain, local, site, reader, cycle, clock, first_spot)


def deployed_site(config: Config, local: LocalChain) -> VaultSite:
    """Deploys the vault of a strategy on a local chain; where it is, as reading it takes it."""
    addresses = deploy_vault(local.node, local.world, vault_terms(config.policy), aave=local.aave)
    return site_of(config, local.world, addresses, local.aave)


def site_of(config: Config, world: World, addresses: VaultAddresses, aave: AaveAddresses | None = None) -> VaultSite:
    """Where a deployed vault of a strategy is, as reading it takes it."""
    perp = None
    if config.vault.perp_index is not None and addresses.perp_adapter is not None:
        perp = PerpVenue(
            addresses.perp_adapter,
            HYPER_CORE_ADDRESS,
            config.vault.perp_index,
            config.vault.size_decimals,
            config.vault.max_perp_leverage,
        )
    loan = None
    if aave is not None and addresses.loan_adapter is not None:
        tokens = (aave.usdc.a_token, aave.base.variable_debt_token)
        loan = LoanVenue(addresses.loan_adapter, aave.pool, *tokens, config.vault.size_decimals)
    return VaultSite(
        vault=addresses.vault,
        lens=addresses.lens,
        authority=addresses.authority,
        policy=addresses.policy,
        portfolio=addresses.portfolio,
        oracle=addresses.oracle,
        queue=addresses.queue,
        spot_adapter=addresses.spot_adapter,
        pool=world.pool,
        quoter=world.quoter,
        pair=world.pair,
        asset=Token("USDC", world.usdc, USDC_DECIMALS),
        base=Token(config.vault.base_symbol, world.base, config.vault.base_decimals),
        perp=perp,
        loan=loan,
    )


def vault_terms(policy: Policy) -> VaultTerms:
    """What the contracts of a vault with this policy are made with."""
    venue_cap, asset_cap = policy.venue_cap_to_contract(), policy.asset_cap_to_contract()
    return VaultTerms(policy.to_contract().as_tuple(), venue_cap.as_tuple(), asset_cap.as_tuple())


def world_spec(config: Config, genesis: int, first_price: float) -> WorldSpec:
    """The local chain's market of a strategy, at a first price."""
    perp = None
    if config.vault.perp_index is not None:
        perp = PerpSpec(
            coin=config.vault.base_symbol,
            size_decimals=config.vault.size_decimals,
            max_leverage=config.vault.max_perp_leverage,
            index=config.vault.perp_index,
        )
    symbol = "ETH" if config.vault.base_symbol == "WETH" else config.vault.base_symbol
    return WorldSpec(
        genesis_timestamp=genesis,
        base_symbol=symbol,
        base_decimals=config.vault.base_decimals,
        first_price=first_price,
        perp=perp,
        pool_fee_ppm=config.vault.pool_fee,
        lending=config.vault.aave is not None,
    )
