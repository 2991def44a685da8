"""Faults 42 to 44, 46 and 50: prices that are old, impossible, out by a factor, or of a kind that is never read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from lying_nodes import CHAIN_ID, HEARTBEAT_S, calm
from lying_proxy import LyingProxy
from vault_world import CARRY_CONFIG, invested

from agent.config.file import load_config
from agent.market.chain_reader import ChainReader
from agent.market.oracle_facts import feed_problems, pool_problem, sequencer_problem
from agent.market.vault_reader import VaultSite
from agent.reasons import Code, Reason, Refusal
from agent.strategies import decide
from chains import artifacts
from chains.artifacts import Artifact
from chains.functions import Function
from chains.local import AGENT, DEPLOYER, LocalChain, Sender
from chains.local.vendor import load_vendor
from chains.multicall import read_queries
from chains.providers import ProviderPool
from chains.venues import chainlink, uniswap_v3_pool
from chains.venues.chainlink import FeedState, FeedTerms, Round

TERMS = FeedTerms("0x01", "0x02", 8, 10**7, 10**12)
GOOD = Round(7, 3_000 * 10**8, 1_000, 1_000, 7)


def codes(reader: ChainReader) -> set[Code]:
    return {problem.code for problem in reader.read().problems}


def problems_of(latest: Round, decimals: int = 8, aggregator: str = "0x02", last: Round | None = None) -> set[Code]:
    state = FeedState(latest, decimals, aggregator)
    return {problem.code for problem in feed_problems(state, TERMS, 1_600, 600, last)}


# 42: Chainlink


def test_fault_42_an_answer_older_than_its_heartbeat_is_no_price(chain: LocalChain, site: VaultSite) -> None:
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
    answered = reader.look().feed.round.updated_at
    chain.mover.step(answered + HEARTBEAT_S)
    assert codes(reader) == set()
    chain.mover.step(answered + HEARTBEAT_S + 1)
    assert codes(reader) == {Code.ORACLE_STALE}
    calm(chain)
    assert codes(reader) == set()


@pytest.mark.parametrize(
    "latest",
    [
        GOOD._replace(answer=0),
        GOOD._replace(answer=-1),
        GOOD._replace(answer=10**7),  # where LUNA stood on Venus and Blizz: at the least answer
        GOOD._replace(answer=10**12),
        GOOD._replace(updated_at=1_601),
        GOOD._replace(updated_at=0),
        GOOD._replace(answered_in_round=6),
    ],
    ids=["zero", "negative", "at the minimum", "at the maximum", "from the future", "never", "carried over"],
)
def test_fault_42_a_round_that_is_none_is_refused(latest: Round) -> None:
    assert problems_of(GOOD) == set()
    assert Code.ORACLE_INVALID in problems_of(latest)


def test_fault_42_other_decimals_or_another_aggregator_are_refused() -> None:
    assert problems_of(GOOD, decimals=18) == {Code.ORACLE_INVALID}
    assert problems_of(GOOD, aggregator="0x03") == {Code.ORACLE_INVALID}


def test_fault_42_bounds_are_those_of_the_real_aggregator_and_of_the_vaults_oracle(
    chain: LocalChain, site: VaultSite
) -> None:
    terms = chainlink.read_terms(chain.node, chain.node.head(), chain.world.feed)
    assert (terms.aggregator, terms.decimals) == (chain.world.aggregator, 8)
    assert (terms.min_answer, terms.max_answer) == (1, 10**18)
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
    calm(chain, 150.0)  # a twentieth, where the vault's oracle stops to believe
    assert Code.ORACLE_INVALID in codes(reader)
    calm(chain)


# 43: the sequencer


UPTIME_FEED: Artifact = load_vendor("FluxAggregator")


def test_fault_43_a_sequencer_that_is_down_or_only_just_back_forbids_deciding(
    chain: LocalChain, site: VaultSite
) -> None:
    grace_s = 3_600
    sender = Sender(chain.node, DEPLOYER)
    arguments = (chain.world.usdc, 0, 600, "0x" + "00" * 20, 0, 10, 0, "L2 sequencer uptime")
    uptime = sender.create(UPTIME_FEED, *arguments)
    sender.send(uptime, UPTIME_FEED.function("changeOracles"), [], [DEPLOYER], [DEPLOYER], 1, 1, 0)
    sender.send(uptime, UPTIME_FEED.function("submit"), 1, 0)
    calm(chain)
    feed = (chain.world.usdc, chain.world.base, chain.world.feed, 10**10, 10**13, "0x" + "00" * 20, 0, uptime, grace_s)
    calm(chain)
    oracle = sender.create(artifacts.load("PriceOracle"), feed)
    reader = ChainReader(chain.node, replace(site, oracle=oracle), AGENT, max_oracle_age_s=HEARTBEAT_S)
    assert codes(reader) == set()
    sender.send(uptime, UPTIME_FEED.function("submit"), 2, 1)
    assert codes(reader) == {Code.SEQUENCER_DOWN}
    sender.send(uptime, UPTIME_FEED.function("submit"), 3, 0)
    assert codes(reader) == {Code.SEQUENCER_DOWN}
    calm(chain)
    calm(chain)
    assert codes(reader) == set()


def test_fault_43_an_uptime_feed_that_never_answered_counts_as_down() -> None:
    never = sequencer_problem(Round(0, 0, 0, 0, 0), 1_000_000, 3_600)
    assert never is not None
    assert never.code is Code.SEQUENCER_DOWN


def test_fault_43_a_problem_of_the_chain_forbids_deciding() -> None:
    observation = invested().observe()
    assert not decide(observation, CARRY_CONFIG).refusals
    vault = replace(observation.vault, problems=(Reason(Code.SEQUENCER_DOWN, "down"),))
    refused = decide(replace(observation, vault=vault), CARRY_CONFIG).refusals
    assert Code.SEQUENCER_DOWN in {reason.code for reason in refused}


# 44: Pyth is not read


def test_fault_44_a_strategy_cannot_name_pyth_as_a_price_source(tmp_path: Path) -> None:
    """Ballast reads no Pyth feed, so there is no confidence interval to believe wrongly."""
    text = Path("configs/eth-carry.yaml").read_text()
    for line in ("  pyth: ETH/USD", "  oracle: pyth"):
        path = tmp_path / "pyth.yaml"
        path.write_text(text.replace("\n  symbol: ETHUSDT", f"\n{line}\n  symbol: ETHUSDT"))
        with pytest.raises(Refusal) as refused:
            load_config(path)
        assert Code.CONFIG_UNKNOWN_KEY in {reason.code for reason in refused.value.reasons}


# 46: a lost factor, other decimals


@pytest.mark.parametrize("factor", [1 / 2_200, 10**10, 10**-10, 2.1, 1 / 2.1])
def test_fault_46_an_answer_that_lost_a_factor_is_refused(factor: float) -> None:
    lost = GOOD._replace(round_id=8, answered_in_round=8, answer=round(GOOD.answer * factor))
    assert Code.ORACLE_JUMP in problems_of(lost, last=GOOD) or lost.answer <= 0


def test_fault_46_a_crash_is_no_lost_factor() -> None:
    assert problems_of(GOOD._replace(answer=round(GOOD.answer * 0.55)), last=GOOD) == set()


def test_fault_46_a_jump_of_the_real_feed_is_refused_until_it_comes_back(chain: LocalChain, site: VaultSite) -> None:
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
    assert codes(reader) == set()
    now = chain.node.head().timestamp
    chain.mover.step(now + 3_600, feed_price=1_400)
    assert codes(reader) == {Code.ORACLE_JUMP}
    assert codes(reader) == {Code.ORACLE_JUMP}, "what was refused is no new standard"
    calm(chain)
    assert codes(reader) == set()


# 50: prices of liquidity tokens


def test_fault_50_no_price_comes_from_a_share_of_a_pool(
    chain: LocalChain, proxies: list[LyingProxy], site: VaultSite
) -> None:
    """A look asks the feed, HyperCore and Uniswap's own price; never what a share of a pool is worth."""
    with ProviderPool([proxies[0].url], chain_id=CHAIN_ID, needed=1) as pool:
        reader = ChainReader(pool, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
        proxies[0].requests.clear()
        reader.read()
    calldata = json.dumps(proxies[0].requests)
    names = (
        "getReserves()",
        "get_virtual_price()",
        "lp_price()",
        "getRate()",
        "pricePerShare()",
        "getPoolTokens(bytes32)",
    )
    for name in names:
        assert Function(name).selector.hex() not in calldata, name
    assert Function("latestRoundData()").selector.hex() in calldata
    sources = {path.stem for path in Path("contracts/src/sources").glob("*.sol")}
    assert sources == {"BoundedDecimals", "HyperCoreOraclePrice", "TickPrice", "UniswapV3Twap"}


def test_fault_50_a_pool_read_inside_of_a_swap_is_refused(chain: LocalChain) -> None:
    block = chain.node.head()
    (state,) = read_queries(chain.node, block, [uniswap_v3_pool.pool(chain.world.pool, 10, 1_800, 0)])
    assert pool_problem(state) is None
    problem = pool_problem(replace(state, unlocked=False))
    assert problem is not None
    assert problem.code is Code.POOL_LOCKED
