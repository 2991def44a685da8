"""One look at the chain in two round trips: the vault, and oracle, pool and venues as they stand at the same block."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.market.chain_problems import provider_reason
from agent.market.observation import VaultState
from agent.market.oracle_facts import feed_problems, pool_problem, reserve_problem, sequencer_problem
from agent.market.vault_reader import VaultReader, VaultSite
from agent.reasons import Code, Reason
from chains import artifacts
from chains.multicall import Call, Query, read_all, read_queries
from chains.providers import ProviderPool
from chains.rpc import BlockRef, Reader, data_bytes
from chains.venues import aave_v3_market, chainlink, hypercore, uniswap_v3_pool
from chains.venues.aave_v3 import AccountData
from chains.venues.aave_v3_market import ReserveState
from chains.venues.chainlink import FeedState, Round
from chains.venues.uniswap_v3 import TICK_LENS_ADDRESS, slot0
from chains.venues.uniswap_v3_pool import OutsideOfWindow, PoolState
from chains.venues.uniswap_v3_ticks import Depth, word_of

_ORACLE_TERMS = ("aggregator", "minAnswer", "maxAnswer", "sequencer", "sequencerGraceSeconds")
_NOBODY = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class CoreView:
    """HyperCore's perp and the vault's account there, in the venue's scales."""

    market: hypercore.Market
    account: hypercore.Account


@dataclass(frozen=True, slots=True)
class LoanView:
    """Aave's reserves of the vault's asset and base, and the vault's account there."""

    asset: ReserveState
    base: ReserveState
    account: AccountData


@dataclass(frozen=True, slots=True)
class ChainView:
    """Everything read at one block; money and prices are the chain's integers.

    `vault.problems` forbid deciding; `vault.notes` say what was dropped without that: providers' faults since the last
    look, and depths, which are None when the pool's ticks were not known far enough.
    """

    vault: VaultState
    feed: FeedState
    pool: PoolState
    depth_bps: int
    buy_base: Depth | None  # the asset that lifts the pool's price by the depth's basis points, and the base it brings
    sell_base: Depth | None
    core: CoreView | None
    loan: LoanView | None


class ChainReader:
    """Prepares all calls once, which takes a few round trips; each `look` takes two.

    Parameters
    ----------
    node : one node, or a pool of providers that must agree
    site : the vault
    agent : whose gas money is read
    max_oracle_age_s : heartbeat of the feed
    window_s : of the pool's mean price
    depth_bps : how far from the pool's price its depth is counted
    """

    def __init__(
        self,
        node: Reader,
        site: VaultSite,
        agent: str,
        *,
        max_oracle_age_s: float,
        window_s: int = 1_800,
        depth_bps: int = 50,
    ) -> None:
        self._node = node
        self._site = site
        self._vault = VaultReader(node, site, agent)
        self._max_oracle_age_s = max_oracle_age_s
        self._window_s = window_s
        self._depth_bps = depth_bps
        self._last_good: Round | None = None
        block = node.head()
        oracle = artifacts.load("PriceOracle")
        asked = [Call(site.oracle, oracle.function(name)) for name in _ORACLE_TERMS]
        aggregator, least, greatest, self._sequencer, self._grace_s, state, self._spacing = read_all(
            node, block, [*asked, slot0(site.pool), uniswap_v3_pool.spacing(site.pool)]
        )
        tick: int = state[1]
        code = node.call("eth_getCode", TICK_LENS_ADDRESS, {"blockHash": block.hash}, parse=data_bytes)
        self._has_lens = len(code) > 0
        terms = chainlink.read_terms(node, block, aggregator)
        low = least if terms.min_answer is None else max(least, terms.min_answer)
        high = greatest if terms.max_answer is None else min(greatest, terms.max_answer)
        self._terms = terms._replace(min_answer=low, max_answer=high)
        self._fixed = self._prepare(block)
        self._look_around(tick)

    def read(self) -> VaultState:
        """The vault with the problems of everything it depends on; raises what `VaultReader.read` raises."""
        return self.look().vault

    def look(self) -> ChainView:
        """All of the chain at its newest block; raises what `VaultReader.read` raises.

        A third round trip is needed only when the pool has left the ticks around which it was last seen.
        """
        block = self._node.head()
        vault_answers, feed, pool, *venues = read_queries(
            self._node, block, [*self._fixed[:2], self._pool, *self._fixed[2:]]
        )
        if self._has_lens and not pool.first_tick <= pool.tick <= pool.last_tick:
            self._look_around(pool.tick)
            (pool,) = read_queries(self._node, block, [self._pool])
        if word_of(pool.tick, self._spacing) != self._word:
            self._look_around(pool.tick)
        problems = self._feed_problems(feed, block)
        if self._sequencer != _NOBODY:
            problems.append(sequencer_problem(Round(*venues.pop()), block.timestamp, self._grace_s))
        core = CoreView(*venues) if self._site.perp is not None else None
        loan = LoanView(*venues) if self._site.loan is not None else None
        problems.append(pool_problem(pool))
        if loan is not None:
            problems += [reserve_problem("asset", loan.asset), reserve_problem("base", loan.base)]
        found = tuple(problem for problem in problems if problem is not None)
        notes = self._provider_notes()
        # Base rises against the asset when token0 rises, if base is token0, and when it falls otherwise.
        rise = self._depth_bps if self._site.pair.base_is_token0 else -self._depth_bps
        buy, sell = (_depth(pool, bps, notes) for bps in (rise, -rise))
        vault = replace(self._vault.state(block, vault_answers), problems=found, notes=tuple(notes))
        return ChainView(vault, feed, pool, self._depth_bps, buy, sell, core, loan)

    def _prepare(self, block: BlockRef) -> list[Query[Any]]:
        """All that is asked every time but the pool, in the order in which `look` takes it apart."""
        site = self._site
        queries: list[Query[Any]] = [Query(tuple(self._vault.calls), list), chainlink.feed(self._terms.proxy)]
        if site.perp is not None:
            queries += [hypercore.market(site.perp.index), hypercore.account(site.perp.adapter, site.perp.index)]
        if site.loan is not None:
            pool = site.loan.pool
            oracle = aave_v3_market.read_oracle(self._node, block, pool)
            tokens = aave_v3_market.read_tokens(self._node, block, pool, [site.asset.address, site.base.address])
            queries += [aave_v3_market.reserve(pool, oracle, one) for one in tokens]
            queries.append(aave_v3_market.account(pool, site.loan.adapter))
        if self._sequencer != _NOBODY:
            queries.append(Query((chainlink.latest_round(self._sequencer),), _only))
        return queries

    def _provider_notes(self) -> list[Reason]:
        """What providers were caught at since the last look; vaults that share a pool tell each fault once."""
        faults = self._node.take_faults() if isinstance(self._node, ProviderPool) else []
        return [provider_reason(fault) for fault in faults]

    def _look_around(self, tick: int) -> None:
        """Prepares the question about the pool for the ticks around one, which rarely changes."""
        self._word = word_of(tick, self._spacing)
        self._pool = uniswap_v3_pool.pool(self._site.pool, self._spacing, self._window_s, tick, has_lens=self._has_lens)

    def _feed_problems(self, feed: FeedState, block: BlockRef) -> list[Reason | None]:
        problems: list[Reason | None] = []
        problems += feed_problems(feed, self._terms, block.timestamp, self._max_oracle_age_s, self._last_good)
        if not problems:
            self._last_good = feed.round
        return problems


def _depth(pool: PoolState, bps: int, notes: list[Reason]) -> Depth | None:
    try:
        return pool.depth(bps)
    except OutsideOfWindow as error:
        notes.append(Reason(Code.POOL_DEPTH_UNKNOWN, str(error), where="pool"))
        return None


def _only(answers: Sequence[Any]) -> Any:
    return answers[0]
