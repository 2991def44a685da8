"""Plans of a vault whose short leg is a loan: actions, their order and bounds, and the effect read back."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from eth_abi.abi import decode

from agent.config import Config
from agent.decision import Approved, Proposal, Refused
from agent.execution import Plan, Venues, compare_effect, make_plan
from agent.execution.quotes import AfterSale
from agent.market.observation import Block, LoanState, Observation, VaultState
from agent.reasons import Code, Reason
from agent.units import Rate
from chains.venues.aave_v3 import EVERYTHING

ETH = 10**18
USD = 10**6
SUPPLY, WITHDRAW, SHORT, COVER = 1, 2, 3, 4
SPOT, LOAN = "0x" + f"{2:040x}", "0x" + f"{9:040x}"
Observe = Callable[[VaultState], Observation]


@dataclass(frozen=True)
class CurvedPool:
    """A pool of constant product with a fee of 5 bp, in the state before any of our trades."""

    base: float = 10_000.0
    asset: float = 25_000_000.0

    def asset_for(self, base_out: int) -> int:
        out = base_out / ETH
        return int(self.asset * out / (self.base - out) / 0.9995 * USD)

    def asset_from(self, base_in: int) -> int:
        paid = base_in / ETH * 0.9995
        return int(self.asset * paid / (self.base + paid) * USD)

    def after_sale(self, base_in: float) -> "CurvedPool":
        base = self.base + base_in * 0.9995
        return CurvedPool(base, self.base * self.asset / base)


@pytest.fixture
def state(vault_state: VaultState) -> VaultState:
    loan = LoanState(
        size=-100_000,
        size_decimals=4,
        mark_price=2500.0,
        account_value=22_500 * USD,
        withdrawable=10_000 * USD,
        collateral=47_500 * USD,
        debt=10 * ETH - 10**13,
        liquidation_threshold=0.78,
        supply_rate=Rate(0.04, 8760.0),
        borrow_rate=Rate(0.024, 8760.0),
        scaled_collateral=47_500 * USD,
        scaled_debt=10 * ETH,
        supply_index_ray=10**27,
        debt_index_ray=10**27,
    )
    return replace(vault_state, perp=None, loan=loan, pool_price=2500.0)


@pytest.fixture
def plan(
    state: VaultState, observe: Observe, config: Config, venues: Venues
) -> Callable[..., Plan | Refused[Proposal]]:
    where = replace(venues, perp_adapter=None, loan_adapter=LOAN)

    def make(pool: CurvedPool | None = None, **proposal: int) -> Plan | Refused[Proposal]:
        return make_plan(Approved(Proposal(**proposal)), observe(state), config, where, pool or CurvedPool())

    return make


def actions(made: Plan | Refused[Proposal]) -> list[tuple[str, int, int, int]]:
    """Adapter, kind, amount and limit of each action."""
    assert isinstance(made, Plan), made
    return [(a.adapter, *decode(["uint8", "uint256", "uint256"], a.data)) for a in made.actions]


def test_a_wider_position_supplies_shorts_and_then_buys_spot(plan: Callable[..., Plan]) -> None:
    made = plan(spot_base_delta=5 * ETH, perp_size_delta=-50_000, deposit=3_000 * USD)
    (supplied, shorted, bought) = actions(made)
    assert supplied == (LOAN, SUPPLY, 3_000 * USD, 0)
    assert shorted[:3] == (LOAN, SHORT, 5 * ETH)
    assert bought[:2] == (SPOT, 1)
    assert [action.asset_in for action in made.actions] == [3_000 * USD, 0, bought[2]]
    assert shorted[3] == pytest.approx(CurvedPool().asset_from(5 * ETH) * 0.9995, abs=2)


def test_spot_is_quoted_in_the_state_that_the_short_leaves(plan: Callable[..., Plan]) -> None:
    bought = actions(plan(spot_base_delta=50 * ETH, perp_size_delta=-500_000))[1]
    assert bought[2] == pytest.approx(CurvedPool().after_sale(50).asset_for(50 * ETH), abs=5)
    assert bought[2] < CurvedPool().asset_for(50 * ETH)


def test_a_cut_sells_spot_first_and_covers_at_the_price_that_leaves(plan: Callable[..., Plan]) -> None:
    sold, covered = actions(plan(spot_base_delta=-4 * ETH, perp_size_delta=40_000))
    assert sold[:3] == (SPOT, 2, 4 * ETH)
    assert covered[:3] == (LOAN, COVER, 4 * ETH)
    assert covered[3] == pytest.approx(CurvedPool().after_sale(4).asset_for(4 * ETH) * 1.0005, abs=5)


def test_closing_all_asks_for_the_whole_debt_however_it_grew(plan: Callable[..., Plan]) -> None:
    (covered,) = actions(plan(perp_size_delta=100_000))
    assert covered[:3] == (LOAN, COVER, EVERYTHING)
    assert covered[3] == pytest.approx(CurvedPool().asset_for(10 * ETH - 10**13) * 1.0005, abs=2)


def test_collateral_goes_home_after_the_trade_that_frees_it(plan: Callable[..., Plan]) -> None:
    covered, home = actions(plan(perp_size_delta=10_000, withdraw=1_000 * USD))
    assert (covered[1], home) == (COVER, (LOAN, WITHDRAW, 1_000 * USD, 0))


@pytest.mark.parametrize("asked", [{"perp_size_delta": -10_000}, {"perp_size_delta": 10_000}])
def test_refuses_a_swap_that_the_contract_would_not_take(plan: Callable[..., Refused[Proposal]], asked: dict) -> None:  # type: ignore[type-arg]
    price = 24_000_000.0 if asked["perp_size_delta"] < 0 else 26_000_000.0
    made = plan(CurvedPool(asset=price), **asked)
    assert isinstance(made, Refused)
    assert made.reasons[0].code is Code.SLIPPAGE
    assert made.reasons[0].value == pytest.approx(0.0405, abs=0.001)


def test_refuses_cash_moves_that_aave_does_not_know(plan: Callable[..., Refused[Proposal]]) -> None:
    made = plan(from_perp=1_000)
    assert isinstance(made, Refused)
    assert made.reasons[0].code is Code.DATA_MISSING


@pytest.mark.parametrize("bought", [1, 30, 49.9, 49.975, 49.976, 50, 80])
def test_a_purchase_after_a_sale_costs_what_the_pool_would_say_then(bought: float) -> None:
    base = int(bought * 1000) * 10**15
    told = AfterSale(CurvedPool(), 50 * ETH, 500).asset_for(base)
    assert told == pytest.approx(CurvedPool().after_sale(50).asset_for(base), abs=5)


def after(state: VaultState, debt: int, collateral: int) -> VaultState:
    assert state.loan is not None
    block = Block(101, "0x" + "cd" * 32, state.block.timestamp + 12, 10**9)
    return replace(state, block=block, loan=replace(state.loan, debt=debt, collateral=collateral))


@pytest.mark.parametrize(
    ("proposal", "debt_change", "collateral_change", "missing"),
    [
        (Proposal(perp_size_delta=-10_000), ETH + 10**12, 2_495 * USD, ""),
        (Proposal(perp_size_delta=-10_000), 0, 0, "debt of 1 WETH"),
        (Proposal(perp_size_delta=-10_000), ETH, 2_000 * USD, "collateral of 2,500.00 USDC, got 2,000.00"),
        (Proposal(perp_size_delta=10_000), -ETH, -2_505 * USD, ""),
        (Proposal(deposit=1_000 * USD), 0, 1_000 * USD, ""),
        (Proposal(deposit=1_000 * USD), 0, 0, "collateral of 1,000.00 USDC, got 0.00"),
        (Proposal(withdraw=1_000 * USD), 0, -1_000 * USD, ""),
    ],
)
def test_the_effect_on_debt_and_collateral_is_read_back(
    state: VaultState, proposal: Proposal, debt_change: int, collateral_change: int, missing: str
) -> None:
    assert state.loan is not None
    then = after(state, state.loan.debt + debt_change, state.loan.collateral + collateral_change)
    found = compare_effect(state, proposal, then, 0.0005)
    if missing:
        assert all(reason.code is Code.EFFECT_MISSING for reason in found)
        assert any(missing in reason.message for reason in found)
    else:
        assert found == []


def test_a_loan_closed_in_full_leaves_nothing_missing(state: VaultState) -> None:
    then = after(state, 0, 47_500 * USD - 25_010 * USD)
    assert compare_effect(state, Proposal(perp_size_delta=100_000), then, 0.0005) == []


def test_every_loan_action_says_in_words_what_it_does(plan: Callable[..., Plan]) -> None:
    wider = plan(CurvedPool(), perp_size_delta=-10_000, deposit=3_000 * USD)
    sold = int(CurvedPool().asset_from(ETH)) / USD
    assert [action.sentence for action in wider.actions] == [
        "put up 3,000.00 USDC as collateral at Aave",
        f"borrow 1 WETH at Aave and sell it for {sold:,.2f} USDC, at least {sold * 0.9995:,.2f}",
    ]
    narrower = plan(CurvedPool(), perp_size_delta=10_000, withdraw=1_000 * USD)
    bought = int(CurvedPool().asset_for(ETH)) / USD
    assert [action.sentence for action in narrower.actions] == [
        f"buy 1 WETH for {bought:,.2f} USDC, at most {bought * 1.0005:,.2f}, and repay it at Aave",
        "bring 1,000.00 USDC of collateral home from Aave",
    ]


def test_a_plan_that_the_loan_leg_cannot_carry_out_says_why(
    plan: Callable[..., Refused[Proposal]], state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    cash = "the proposal moves cash on HyperCore, this vault has its short leg at Aave"
    for proposal in ({"from_perp": 1_000}, {"to_perp": 1_000}):
        assert plan(**proposal).reasons == (Reason(Code.DATA_MISSING, cash),)
    no_adapter = make_plan(Approved(Proposal(deposit=1)), observe(state), config, venues, CurvedPool())
    assert isinstance(no_adapter, Refused)
    missing = "the proposal needs a loan leg, this vault has none"
    assert no_adapter.reasons == (Reason(Code.DATA_MISSING, missing, where="vault.aave"),)
