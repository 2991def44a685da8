"""How a cycle asks market and vault: at the same time when it is live, and with the same failures as one by one."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.config.file import load_config
from agent.cycle import look_in_turn, look_side_by_side
from agent.execution import Journal
from agent.market.background import BackgroundExchanges
from agent.market.chain_reader import ChainReader
from agent.market.live import LiveMarket
from agent.market.observation import MarketView, Observation
from agent.market.replay_server import Fault, FaultKind, ReplayServer, VirtualClock, synthetic_histories
from agent.market.vault_reader import VaultSite
from agent.reasons import Code, Reason, Refusal
from agent.service.kill_switch import KillSwitch
from agent.service.latches import Latches
from agent.service.settings import VaultEntry
from agent.service.site import write_site
from agent.service.vaults import Shared, build
from chains.local import AGENT, LocalChain
from chains.registry import load_chain
from chains.rpc import Node, RpcUnavailable

FILE = Path(__file__).parents[2] / "configs" / "eth-carry.yaml"
LOADED = load_config(FILE)
CONFIG = LOADED.config
VENUES = ("binance", "bybit", "gate")
NOW_S = 1_700_000_000
MEETING_S = 10
HOUR_MS = 3_600_000
LOOKS = pytest.mark.parametrize("look", [look_in_turn, look_side_by_side])
Look = Callable[[int, Any, Any], Observation]


class Scripted:
    """A market and a vault that do what a test says."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer
        self.finished = False

    def view(self, time_s: int) -> Any:
        return self.read()

    def read(self) -> Any:
        try:
            return self._answer()
        finally:
            self.finished = True


def failing(code: Code) -> Callable[[], Any]:
    def fail() -> Any:
        raise Refusal(Reason(code, "as the test says"))

    return fail


def code_of(look: Look, market: Any, vault: Any) -> Code:
    with pytest.raises(Refusal) as refused:
        look(NOW_S, market, vault)
    return refused.value.reasons[0].code


@pytest.fixture(scope="module")
def venues() -> Iterator[ReplayServer]:
    """Three venues that take a fifth of a second for every answer."""
    clock = VirtualClock(running=True)
    histories = synthetic_histories(clock.now_ms - 72 * HOUR_MS, clock.now_ms + 24 * HOUR_MS, 7)
    with ReplayServer(histories, clock) as server:
        server.inject(Fault(FaultKind.DELAY, delay_ms=200))
        yield server


@pytest.fixture
def exchanges(venues: ReplayServer) -> Iterator[BackgroundExchanges]:
    with BackgroundExchanges(VENUES, base_urls={venue: venues.url(venue) for venue in VENUES}) as exchanges:
        yield exchanges


def live(exchanges: BackgroundExchanges) -> LiveMarket:
    return LiveMarket(CONFIG, "USDC", exchanges, exchanges.exchanges.clock_ms)


def test_a_live_look_asks_market_and_vault_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=MEETING_S)  # nobody passes before both are there
    seen = look_side_by_side(NOW_S, Scripted(meeting.wait), Scripted(meeting.wait))
    assert {seen.market, seen.vault} == {0, 1}


@LOOKS
def test_market_and_vault_of_one_look_stand_in_one_observation(
    look: Look, exchanges: BackgroundExchanges, chain: LocalChain, site: VaultSite
) -> None:
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=7_200)
    observation = look(NOW_S, live(exchanges), reader)
    assert observation.time == observation.market.time == NOW_S
    assert {reading.source for reading in observation.market.readings} == set(VENUES)
    assert observation.vault == reader.read()


@LOOKS
def test_when_both_fail_the_markets_failure_is_told(look: Look) -> None:
    market, vault = Scripted(failing(Code.SOURCE_TIMEOUT)), Scripted(failing(Code.CHAIN_UNREACHABLE))
    assert code_of(look, market, vault) is Code.SOURCE_TIMEOUT


@LOOKS
def test_when_one_fails_its_failure_is_told(look: Look) -> None:
    well = Scripted(lambda: None)
    assert code_of(look, Scripted(failing(Code.SOURCE_TIMEOUT)), well) is Code.SOURCE_TIMEOUT
    assert code_of(look, well, Scripted(failing(Code.CHAIN_UNREACHABLE))) is Code.CHAIN_UNREACHABLE


def test_a_chain_that_does_not_answer_leaves_no_request_at_a_venue(
    venues: ReplayServer, exchanges: BackgroundExchanges
) -> None:
    market, before = live(exchanges), sum(venues.requests.values())
    nowhere = Node("http://127.0.0.1:9")
    with pytest.raises(RpcUnavailable):
        look_side_by_side(NOW_S, market, Scripted(nowhere.head))
    asked = sum(venues.requests.values())
    assert asked > before
    assert asked == sum(venues.served.values())
    assert isinstance(market.view(NOW_S), MarketView), "the venues can be asked again"


def test_a_market_that_fails_leaves_no_request_at_the_node(chain: LocalChain, site: VaultSite) -> None:
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=7_200)
    vault = Scripted(reader.read)
    trips = chain.node.round_trips
    assert code_of(look_side_by_side, Scripted(failing(Code.SOURCE_TIMEOUT)), vault) is Code.SOURCE_TIMEOUT
    assert vault.finished
    assert chain.node.round_trips == trips + 2


def test_the_service_looks_at_both_at_the_same_time(
    chain: LocalChain, site: VaultSite, exchanges: BackgroundExchanges, tmp_path: Path
) -> None:
    write_site(site, tmp_path / "site.json")
    latches = Latches("sqlite://")
    nobody_sends: Any = Scripted(lambda: None)
    with Journal(tmp_path / "journal.sqlite") as journal:
        shared = Shared(
            node=chain.node,
            sender=lambda execution: nobody_sends,
            agent=AGENT,
            chain=load_chain("local"),
            journal=journal,
            exchanges=exchanges,
            store=tmp_path,
            latches=latches,
            kill_switch=KillSwitch(tmp_path, latches),
            leads=lambda: None,
            live=False,
            interval_s=3_600,
            clock_ms=exchanges.exchanges.clock_ms,
            stopping=threading.Event(),
        )
        entry = VaultEntry(config=str(FILE), site=str(tmp_path / "site.json"))
        cycle = build(entry, LOADED, Path, shared).cycle
    latches.close()
    assert cycle.look is look_side_by_side
