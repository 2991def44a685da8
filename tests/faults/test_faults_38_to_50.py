"""Faults 38 to 44, 46 and 48 to 50: providers, oracles and pools that lie, stand still or contradict themselves."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lying_proxy import Entry, LyingProxy, about
from vault_world import CARRY_CONFIG, invested

from agent.config.file import load_config
from agent.market.chain_problems import CHAIN_PROBLEMS, chain_reason, provider_reason
from agent.market.chain_reader import ChainReader
from agent.market.oracle_facts import feed_problems, pool_problem, reserve_problem, sequencer_problem
from agent.market.vault_reader import VaultSite
from agent.reasons import Code, Reason, Refusal
from agent.replay.stage import vault_terms
from agent.strategies import decide
from chains import artifacts
from chains.artifacts import Artifact
from chains.functions import Function
from chains.local import AGENT, DEPLOYER, Anvil, LocalChain, PerpTick, Sender, add_aave, deploy_vault
from chains.local.vendor import load_vendor
from chains.multicall import Call, read_all, read_queries
from chains.providers import ProviderPool
from chains.venues import aave_v3_market, chainlink, uniswap_v3_pool
from chains.venues.aave_v3_market import ReserveState
from chains.venues.chainlink import FeedState, FeedTerms, Round

CHAIN_ID = 31337
HEARTBEAT_S = 7_200
BALANCE_OF = Function("balanceOf(address)", "(uint256)")
DECIMALS = Function("decimals()", "(uint8)")


@pytest.fixture
def proxies(chain: LocalChain) -> Iterator[list[LyingProxy]]:
    started = [LyingProxy(chain.url) for _ in range(3)]
    yield started
    for proxy in started:
        proxy.close()


def pool_of(proxies: list[LyingProxy], **options: Any) -> ProviderPool:
    return ProviderPool([proxy.url for proxy in proxies], chain_id=CHAIN_ID, deadline_s=2, **options)


def code_of(ask: Callable[[], object]) -> Code:
    """The code of the refusal that a read comes to."""
    with pytest.raises(CHAIN_PROBLEMS) as refused:
        ask()
    return chain_reason(refused.value).code  # type: ignore[arg-type]  # one of CHAIN_PROBLEMS, as just asserted


def rejected(pool: ProviderPool, ask: Callable[[], object]) -> set[tuple[str, Code]]:
    """Who was caught at what; asks again until somebody was, since late answers are judged in the background."""
    until = time.monotonic() + 5
    found: set[tuple[str, Code]] = set()
    while not found and time.monotonic() < until:
        ask()
        time.sleep(0.02)
        found = {(fault.provider, provider_reason(fault).code) for fault in pool.take_faults()}
    return found


def mine(chain: LocalChain, blocks: int) -> None:
    for _ in range(blocks):
        chain.mover.step(chain.node.head().timestamp + 2)


# 38: behind, stuck, syncing


def test_fault_38_a_provider_that_is_blocks_behind_is_dropped(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    mine(chain, 8)
    number = chain.node.head().number
    old = chain.node.call("eth_getBlockByNumber", hex(number - 7), False)
    proxies[0].tell = about("eth_getBlockByNumber", lambda _: old)
    with pool_of(proxies) as pool:
        assert pool.head().number == number
        assert rejected(pool, pool.head) == {(proxies[0].name, Code.CHAIN_LAGGING)}


def test_fault_38_a_provider_that_is_syncing_is_dropped(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    proxies[1].tell = about("eth_syncing", lambda _: {"currentBlock": "0x1", "highestBlock": "0xff"})
    with pool_of(proxies) as pool:
        assert pool.head() == chain.node.head()
        assert rejected(pool, pool.head) == {(proxies[1].name, Code.CHAIN_LAGGING)}


def test_fault_38_a_head_that_stands_still_everywhere_is_no_head(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    stamp = chain.node.head().timestamp
    with pool_of(proxies, max_head_age_s=60, unix_now=lambda: stamp + 59) as pool:
        assert pool.head().timestamp == stamp
    with pool_of(proxies, max_head_age_s=60, unix_now=lambda: stamp + 61) as pool:
        assert code_of(pool.head) is Code.CHAIN_STUCK


def test_fault_38_providers_that_go_back_together_are_not_believed(
    chain: LocalChain, proxies: list[LyingProxy]
) -> None:
    mine(chain, 8)
    old = chain.node.call("eth_getBlockByNumber", hex(chain.node.head().number - 7), False)
    with pool_of(proxies) as pool:
        pool.head()
        for proxy in proxies:
            proxy.tell = about("eth_getBlockByNumber", lambda _: old)
        assert code_of(pool.head) is Code.CHAIN_STUCK


# 39: different blocks at one height


def test_fault_39_two_blocks_at_one_height_and_no_majority_is_no_trade() -> None:
    with Anvil(1_700_000_000) as one, Anvil(1_700_000_001) as other:
        down = LyingProxy(one.url)
        down.down = True
        try:
            with ProviderPool([one.url, other.url, down.url], chain_id=CHAIN_ID) as pool:
                assert code_of(pool.head) is Code.CHAIN_FORK
        finally:
            down.close()


def test_fault_39_one_of_three_on_a_fork_is_dropped() -> None:
    with (
        Anvil(1_700_000_000) as one,
        Anvil(1_700_000_000) as same,
        Anvil(1_700_000_001) as other,
        ProviderPool([one.url, same.url, other.url], chain_id=CHAIN_ID) as pool,
    ):
        assert pool.head() == one.node.head()
        assert {code for _, code in rejected(pool, pool.head)} == {Code.CHAIN_FORK}


# 40: the honest ones are down


def test_fault_40_a_liar_left_alone_by_an_attack_on_the_others_is_not_believed(
    chain: LocalChain, proxies: list[LyingProxy]
) -> None:
    liar, *honest = proxies
    liar.tell = about("eth_getBalance", lambda _: hex(10**30))
    for proxy in honest:
        proxy.delay_s = 3.0
    with ProviderPool([proxy.url for proxy in proxies], chain_id=CHAIN_ID, deadline_s=0.2) as pool:
        for _ in range(3):
            assert code_of(lambda: pool.call("eth_getBalance", DEPLOYER, "latest")) is Code.CHAIN_QUORUM
            assert code_of(pool.head) is Code.CHAIN_QUORUM


# 41: reads from different blocks


def unpinned(entry: Entry) -> Entry:
    """Makes of a read pinned to a block's hash one of the newest block."""
    if entry["method"] != "eth_call":
        return entry
    return {**entry, "params": [entry["params"][0], "latest"]}


def test_fault_41_an_answer_of_another_block_is_discarded(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    block = chain.node.head()
    mine(chain, 1)
    reads = [Call(chain.world.usdc, BALANCE_OF, (chain.world.mover,))]
    proxies[0].ask = unpinned
    with pool_of(proxies) as pool:
        assert read_all(pool, block, reads) == read_all(chain.node, block, reads)
        assert rejected(pool, lambda: read_all(pool, block, reads)) == {(proxies[0].name, Code.CHAIN_DISAGREES)}
        for proxy in proxies:
            proxy.ask = unpinned
        assert code_of(lambda: read_all(pool, block, reads)) is Code.CHAIN_WRONG_BLOCK


def test_fault_41_every_read_of_an_observation_names_one_block_hash(
    chain: LocalChain, proxies: list[LyingProxy], site: VaultSite
) -> None:
    with ProviderPool([proxies[0].url], chain_id=CHAIN_ID, needed=1) as pool:
        reader = ChainReader(pool, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
        proxies[0].requests.clear()
        reader.read()
    blocks = [entry["params"][1] for entry in proxies[0].requests if entry["method"] == "eth_call"]
    assert blocks == [{"blockHash": chain.node.head().hash, "requireCanonical": True}]


# 42: Chainlink


@pytest.fixture
def site(chain: LocalChain, site_of: Callable[..., VaultSite]) -> VaultSite:
    calm(chain)
    policy = load_config("configs/eth-carry.yaml").config.policy
    return site_of(chain.world, deploy_vault(chain.node, chain.world, vault_terms(policy)))


def calm(chain: LocalChain, price: float = 3_000) -> None:
    now = chain.node.head().timestamp + 3_600
    chain.mover.step(now, feed_price=price, pool_price=price, perp=PerpTick(price, price, price, price, 0.0))


def codes(reader: ChainReader) -> set[Code]:
    return {problem.code for problem in reader.read().problems}


def test_fault_42_an_answer_older_than_its_heartbeat_is_no_price(chain: LocalChain, site: VaultSite) -> None:
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
    answered = reader.look().feed.round.updated_at
    chain.mover.step(answered + HEARTBEAT_S)
    assert codes(reader) == set()
    chain.mover.step(answered + HEARTBEAT_S + 1)
    assert codes(reader) == {Code.ORACLE_STALE}
    calm(chain)
    assert codes(reader) == set()


TERMS = FeedTerms("0x01", "0x02", 8, 10**7, 10**12)
GOOD = Round(7, 3_000 * 10**8, 1_000, 1_000, 7)


def problems_of(latest: Round, decimals: int = 8, aggregator: str = "0x02", last: Round | None = None) -> set[Code]:
    state = FeedState(latest, decimals, aggregator)
    return {problem.code for problem in feed_problems(state, TERMS, 1_600, 600, last)}


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


# 48: coupled parameters


@pytest.fixture(scope="module")
def reserve(chain: LocalChain) -> ReserveState:
    """WETH at the real Aave, read once."""
    snapshot = chain.node.call("evm_snapshot")
    aave = add_aave(chain.node, chain.world)
    block = chain.node.head()
    (tokens,) = aave_v3_market.read_tokens(chain.node, block, aave.pool, [chain.world.base])
    (found,) = read_queries(chain.node, block, [aave_v3_market.reserve(aave.pool, aave.oracle, tokens)])
    chain.node.call("evm_revert", snapshot)
    assert isinstance(found, ReserveState)
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"ltv_bps": 8_400},  # above the threshold, which itself is in range
        {"liquidation_threshold_bps": 9_900},  # in range, but not with this bonus
        {"liquidation_threshold_bps": 10_001},
        {"liquidation_bonus_bps": 2_500},
        {"liquidation_bonus_bps": 0},
        {"decimals": 0},
        {"reserve_factor_bps": 10_001},
    ],
    ids=lambda change: str(next(iter(change.items()))),
)
def test_fault_48_one_parameter_out_of_step_refuses_the_whole_set(
    reserve: ReserveState, change: dict[str, int]
) -> None:
    assert reserve_problem("base", reserve) is None
    problem = reserve_problem("base", replace(reserve, parameters=reserve.parameters._replace(**change)))
    assert problem is not None
    assert problem.code is Code.VENUE_PARAMETERS


# 49: answers that are none


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
        until, notes = time.monotonic() + 5, {note.code for note in reader.read().notes}
        while not notes and time.monotonic() < until:
            time.sleep(0.02)
            notes = {note.code for note in reader.read().notes}
    assert notes == {Code.CHAIN_DISAGREES}


def test_fault_49_a_provider_of_another_chain_is_dropped(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    proxies[2].tell = about("eth_chainId", lambda _: "0x1")
    with pool_of(proxies) as pool:
        assert pool.head() == chain.node.head()
        assert rejected(pool, pool.head) == {(proxies[2].name, Code.WRONG_CHAIN)}


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
