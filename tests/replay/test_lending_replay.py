"""A vault whose short leg is a loan, on the real Aave: days of a market, rates that turn, and terms that changed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from agent.config.file import LoadedConfig, load_config
from agent.cycle import CycleOutcome
from agent.ledger import CycleRecord
from agent.market.choose import choose_market
from agent.market.observation import LoanState
from agent.reasons import Code, Refusal
from agent.replay import parse_period, replay
from agent.replay.depositors import Depositors
from agent.replay.run import Book, Replayed, run_hour
from agent.replay.stage import Stage, open_stage
from chains.local import DEPLOYER, Sender
from chains.local.aave_contracts import load_aave

CONFIG = Path(__file__).parents[2] / "configs" / "eth-lending-neutral.yaml"
PERIOD = ("2023-02-01", "2023-02-03")


@pytest.fixture(scope="module")
def lending() -> LoadedConfig:
    return load_config(CONFIG)


@pytest.fixture(scope="module")
def replayed(lending: LoadedConfig, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Three synthetic days."""
    chosen = choose_market(lending.config, None, parse_period(*PERIOD), seed=7)
    out = tmp_path_factory.mktemp("lending")
    return replay(lending, chosen.source, parse_period(*PERIOD), out, seed=7, synthetic=True)


def test_both_legs_open_hedge_each_other_and_earn_interest(replayed: Replayed) -> None:
    cycles, result = replayed.cycles, replayed.result
    assert math.isclose(cycles["spot_base"].iloc[-1], -cycles["perp_base"].iloc[-1], rel_tol=1e-3)
    assert cycles["gross_leverage"].max() == pytest.approx(0.96, abs=0.02)
    assert result["interest_received"] > 100
    assert result["attribution"]["funding"] == 0


def test_no_limit_is_breached_and_the_attribution_adds_up(replayed: Replayed) -> None:
    result = replayed.result
    assert (result["breaches"], result["liquidations"]) == (0, 0)
    assert result["refusals"].keys() <= {"DATA_STALE", "ORACLE_STALE"}  # in the hours in which exchanges stand still
    assert result["attribution_adds_up"]
    assert abs(result["attribution"]["unexplained"]) < 1e-9 * result["nav_end"]
    assert {"min_health", "max_slippage", "max_loss_per_plan"} <= set(result["limit_headroom"])


def test_the_impacts_of_the_two_swaps_cancel_and_only_the_pools_fee_is_paid(replayed: Replayed) -> None:
    result = replayed.result
    assert abs(result["slippage_paid"]) < 1
    assert result["trading_fees"] == pytest.approx(result["traded_usd"] * 0.0005, rel=0.01)


def test_a_run_without_a_volatility_target_says_so(replayed: Replayed) -> None:
    assert replayed.result["target_volatility"] is None


def test_recorded_days_are_kept_without_a_breach(lending: LoadedConfig, data_folder: Path, tmp_path: Path) -> None:
    chosen = choose_market(lending.config, data_folder, parse_period(*PERIOD), seed=7)
    result = replay(lending, chosen.source, parse_period(*PERIOD), tmp_path, seed=7, synthetic=False).result
    assert (result["breaches"], result["refusals"], result["attribution_adds_up"]) == (0, {}, True)
    assert result["interest_received"] > 100


@dataclass
class Run:
    """A stage whose hours a test drives one by one."""

    stage: Stage
    depositors: Depositors
    book: Book
    hours: Iterator[tuple[int, int]]

    def next_hour(self) -> tuple[CycleRecord, CycleOutcome]:
        return run_hour(self.stage, self.depositors, self.book, *next(self.hours))

    @property
    def loan(self) -> LoanState:
        loan = self.stage.reader.read().loan
        assert loan is not None
        return loan


@pytest.fixture
def run(lending: LoadedConfig, tmp_path: Path) -> Iterator[Run]:
    chosen = choose_market(lending.config, None, parse_period(*PERIOD), seed=7)
    hours = chosen.source.hours(*parse_period(*PERIOD))
    with open_stage(lending.config, chosen.source, hours[0], tmp_path) as stage:
        depositors = Depositors(stage.local.node, stage.site, [])
        depositors.open_vault()
        yield Run(stage, depositors, Book(stage, stage.reader.read()), iter(enumerate(hours)))


def test_when_the_loan_becomes_dear_everything_is_bought_back_and_comes_home(run: Run) -> None:
    for _ in range(3):
        run.next_hour()
    assert run.loan.debt > 100 * 10**18
    aave, world = run.stage.local.aave, run.stage.local.world
    assert aave is not None
    # The market borrows the reserve past its optimal utilisation, and WETH costs 20 % a year.
    pool = load_aave("Pool").function
    market = Sender(run.stage.local.node, DEPLOYER)
    borrowed = int(7_000_000 / run.loan.mark_price * 10**18)
    market.send(aave.pool, pool("borrow"), world.base, borrowed, 2, 0, DEPLOYER)
    assert run.loan.borrow_rate.annualised() > 0.15
    records = [run.next_hour() for _ in range(4)]
    assert all(outcome.refusals == () for _, outcome in records)
    state = run.stage.reader.read()
    assert run.loan.debt == 0
    assert run.loan.size == 0
    assert state.spot_base == 0
    assert run.loan.collateral < 5_000 * 10**6
    assert state.idle_assets > 0.99 * state.total_assets
    assert any(record.attribution.interest < 0 for record, _ in records)


def test_refuses_to_start_when_aave_liquidates_at_another_threshold(lending: LoadedConfig, tmp_path: Path) -> None:
    chosen = choose_market(lending.config, None, parse_period(*PERIOD), seed=7)
    vault = lending.config.vault
    assert vault.aave is not None
    other = vault.model_copy(update={"aave": vault.aave.model_copy(update={"liquidation_threshold": 0.80})})
    config = lending.config.model_copy(update={"vault": other})
    with pytest.raises(Refusal) as refused, open_stage(config, chosen.source, parse_period(*PERIOD)[0], tmp_path):
        pass
    (reason,) = refused.value.reasons
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, "vault.aave.liquidation_threshold")
    assert (reason.value, reason.bound) == (0.80, 0.78)


def test_what_is_read_of_the_loan_is_what_the_contract_values_it_at(run: Run) -> None:
    for _ in range(3):
        run.next_hour()
    state, loan = run.stage.reader.read(), run.loan
    spot = int(state.spot_base * Fraction(repr(state.oracle_price)) / 10**12)
    assert abs(state.total_assets - state.idle_assets - spot - loan.account_value) <= 1
    assert state.health_bps == pytest.approx(loan.collateral * 0.78 * 10**16 / loan.debt / loan.mark_price, abs=1)
    assert state.liquidation_distance_bps == state.health_bps - 10_000
    assert 0 < loan.withdrawable < loan.collateral


def test_the_purchase_brings_what_was_borrowed_to_the_lot(run: Run) -> None:
    run.next_hour()
    run.next_hour()
    assert run.loan.debt > 0
    assert abs(run.stage.reader.read().spot_base - run.loan.debt) < 10**14
