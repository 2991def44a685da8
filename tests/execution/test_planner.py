from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from eth_abi.abi import decode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.config import Config
from agent.decision import Approved, Proposal, Refused
from agent.execution import Plan, QuoteReverted, Venues, encode_rebalance, make_plan
from agent.execution.planner import order_limit_price
from agent.market.observation import Observation, PerpState, VaultState
from agent.reasons import Code

Observe = Callable[[VaultState], Observation]


@dataclass(frozen=True)
class QuoteAt:
    """A pool that trades any amount at one price, asset units per 10^18 base units."""

    price: int

    def asset_for(self, base_out: int) -> int:
        return -(-base_out * self.price // 10**18)

    def asset_from(self, base_in: int) -> int:
        return base_in * self.price // 10**18


class EmptyPool:
    def asset_for(self, base_out: int) -> int:
        raise QuoteReverted("no liquidity")

    def asset_from(self, base_in: int) -> int:
        raise QuoteReverted("no liquidity")


def plan_of(result: Plan | Refused[Proposal]) -> Plan:
    assert isinstance(result, Plan), result
    return result


def test_a_plan_is_bound_to_number_deadline_state_vault_and_chain(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    proposal = Proposal(spot_base_delta=10**18)
    plan = plan_of(make_plan(Approved(proposal), observe(vault_state), config, venues, QuoteAt(2501 * 10**6)))
    assert (plan.chain_id, plan.vault, plan.number) == (31337, venues.vault, vault_state.plan_count + 1)
    assert plan.deadline == vault_state.block.timestamp + config.execution.deadline_s
    assert plan.state_hash == vault_state.state_hash


def test_calldata_decode_to_the_plan(vault_state: VaultState, observe: Observe, config: Config, venues: Venues) -> None:
    proposal = Proposal(spot_base_delta=10**18, perp_size_delta=-10_000)
    plan = plan_of(make_plan(Approved(proposal), observe(vault_state), config, venues, QuoteAt(2501 * 10**6)))
    calldata = encode_rebalance(plan)
    (decoded,) = decode(["(uint256,address,uint64,uint64,bytes32,(address,uint256,bytes)[])"], calldata[4:])
    assert decoded[:5] == (31337, venues.vault, plan.number, plan.deadline, plan.state_hash)
    assert decoded[5] == tuple((a.adapter, a.asset_in, a.data) for a in plan.actions)
    assert plan.digest() != replace(plan, number=plan.number + 1).digest()


def test_a_purchase_pays_the_quote_and_accepts_only_the_tolerance_less(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    proposal = Proposal(spot_base_delta=2 * 10**18)
    plan = plan_of(make_plan(Approved(proposal), observe(vault_state), config, venues, QuoteAt(2501 * 10**6)))
    (action,) = plan.actions
    kind, amount_in, minimum_out = decode(["uint8", "uint256", "uint256"], action.data)
    assert (kind, amount_in, action.asset_in) == (1, 5_002_000_000, 5_002_000_000)
    assert minimum_out == 2 * 10**18 * 9_995 // 10_000


def test_near_the_limit_the_oracle_and_not_the_quote_sets_the_minimum(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    proposal = Proposal(spot_base_delta=-2 * 10**18)
    plan = plan_of(make_plan(Approved(proposal), observe(vault_state), config, venues, QuoteAt(2476 * 10**6)))
    _, amount_in, minimum_out = decode(["uint8", "uint256", "uint256"], plan.actions[0].data)
    assert plan.actions[0].asset_in == 0
    assert amount_in == 2 * 10**18
    assert minimum_out == 4_950_000_000  # 2 x 2,500 less 1 %, above 4,952 less 5 bps


@pytest.mark.parametrize(("base_delta", "price"), [(10**18, 2526 * 10**6), (-(10**18), 2474 * 10**6)])
def test_refuses_a_quote_further_from_the_oracle_than_the_policy_allows(
    base_delta: int, price: int, vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    proposal = Proposal(spot_base_delta=base_delta)
    result = make_plan(Approved(proposal), observe(vault_state), config, venues, QuoteAt(price))
    assert isinstance(result, Refused)
    (reason,) = result.reasons
    assert (reason.code, reason.bound) == (Code.SLIPPAGE, 0.01)
    assert reason.value == pytest.approx(0.0104)


def test_refuses_when_the_pool_cannot_trade_the_amount(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    result = make_plan(Approved(Proposal(spot_base_delta=1)), observe(vault_state), config, venues, EmptyPool())
    assert isinstance(result, Refused)
    reason = result.reasons[0]
    assert (reason.code, reason.where) == (Code.SLIPPAGE, "vault.pool_fee")


def test_refuses_a_perp_step_for_a_vault_without_a_perp(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    spot_only = replace(venues, perp_adapter=None)
    result = make_plan(Approved(Proposal(deposit=1)), observe(vault_state), config, spot_only, EmptyPool())
    assert isinstance(result, Refused)
    assert result.reasons[0].code is Code.DATA_MISSING


def test_an_empty_proposal_is_a_mistake_of_the_caller(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    with pytest.raises(ValueError, match="something to do"):
        make_plan(Approved(Proposal()), observe(vault_state), config, venues, EmptyPool())


def test_selling_comes_before_depositing_and_margin_before_the_order(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    selling = Proposal(spot_base_delta=-(10**18), perp_size_delta=10_000, deposit=7, to_perp=8)
    plan = plan_of(make_plan(Approved(selling), observe(vault_state), config, venues, QuoteAt(2500 * 10**6)))
    assert [action.data[31] for action in plan.actions] == [2, 1, 2, 5]
    assert [action.adapter for action in plan.actions] == [venues.spot_adapter] + [venues.perp_adapter] * 3
    assert [action.asset_in for action in plan.actions] == [0, 7, 0, 0]


def test_buying_comes_after_cash_came_home(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    buying = Proposal(spot_base_delta=10**18, from_perp=5, withdraw=6)
    plan = plan_of(make_plan(Approved(buying), observe(vault_state), config, venues, QuoteAt(2500 * 10**6)))
    assert [action.data[31] for action in plan.actions] == [3, 4, 1]
    assert plan.actions[-1].adapter == venues.spot_adapter


def test_an_order_carries_size_side_limit_and_reduce_only(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    proposal = Proposal(perp_size_delta=-12_345, perp_reduce_only=True)
    plan = plan_of(make_plan(Approved(proposal), observe(vault_state), config, venues, EmptyPool()))
    kind, size, limit, reduce_only = decode(["uint8", "int64", "uint64", "bool"], plan.actions[0].data)
    assert (kind, size, reduce_only) == (5, -12_345, True)
    assert limit == 2_495_20000000  # 2,500.2 less 0.2 % is 2,495.1996, rounded up to the tick of 0.1


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw_mark=st.integers(min_value=1_000, max_value=10**12),
    size_decimals=st.integers(min_value=0, max_value=6),
    buys=st.booleans(),
)
def test_a_limit_price_is_on_the_tick_and_inside_the_collar(
    raw_mark: int, size_decimals: int, buys: bool, perp_state: PerpState, config: Config
) -> None:
    scale = 10 ** (6 - size_decimals)
    perp = replace(perp_state, mark_price=raw_mark / scale, size_decimals=size_decimals)
    limit = order_limit_price(buys, perp, config)
    collar = Fraction(raw_mark * 10**8, scale) * (Fraction(101, 100) if buys else Fraction(99, 100))
    assert limit <= collar if buys else limit >= collar
    assert limit * scale % 10**8 == 0  # at most 6 - size decimals places
    assert limit % 10**8 == 0 or len(str(limit).rstrip("0")) <= 5


def test_an_order_may_cost_the_tolerance_and_no_more_on_either_side(perp_state: PerpState, config: Config) -> None:
    """2,500.2 and 0.2 % of it: 2,505.2004 to buy and 2,495.1996 to sell, rounded towards the mark to ticks of 0.1."""
    assert order_limit_price(True, perp_state, config) == 2_505_20000000
    assert order_limit_price(False, perp_state, config) == 2_495_20000000


def test_a_collar_tighter_than_the_tolerance_bounds_an_order(perp_state: PerpState, config: Config) -> None:
    policy = config.policy.model_copy(update={"max_slippage": 0.001})
    tight = config.model_copy(update={"policy": policy})
    assert order_limit_price(True, perp_state, tight) == 2_502_70000000
    assert order_limit_price(False, perp_state, tight) == 2_497_70000000


def test_every_action_says_in_words_what_it_does(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    usd = 10**6
    proposal = Proposal(-(10**18), 10_000, False, 7 * usd, 8 * usd, 9 * usd, 10 * usd)
    proposal = replace(proposal, deposit=7 * usd, to_perp=8 * usd, from_perp=9 * usd, withdraw=10 * usd)
    plan = plan_of(make_plan(Approved(proposal), observe(vault_state), config, venues, QuoteAt(2500 * usd)))
    assert [action.sentence for action in plan.actions] == [
        "sell 1 WETH for 2,500.00 USDC, at least 2,498.75 out",
        "move 9.00 USD of margin out of the perp account",
        "bring 10.00 USD home from HyperCore",
        "send 7.00 USDC to HyperCore",
        "move 8.00 USD of margin into the perp account",
        "buy 1 of the perp at at most 2505.2",
    ]
    bought = Proposal(spot_base_delta=10**18, perp_size_delta=-10_000, perp_reduce_only=True)
    plan = plan_of(make_plan(Approved(bought), observe(vault_state), config, venues, QuoteAt(2500 * usd)))
    assert [action.sentence for action in plan.actions] == [
        "sell 1 of the perp at at least 2495.2, reducing only",
        "buy 1 WETH for 2,500.00 USDC, at least 0.9995 out",
    ]


def refused(result: Plan | Refused[Proposal]) -> list[tuple[Code, str, str]]:
    assert isinstance(result, Refused), result
    return [(reason.code, reason.message, reason.where) for reason in result.reasons]


def test_every_refusal_says_what_is_wrong_and_where_to_look(
    vault_state: VaultState, observe: Observe, config: Config, venues: Venues
) -> None:
    def planned(proposal: Proposal, quoter: object, where: Venues = venues) -> Plan | Refused[Proposal]:
        return make_plan(Approved(proposal), observe(vault_state), config, where, quoter)  # type: ignore[arg-type]

    empty = (Code.SLIPPAGE, "the pool cannot trade this much: no liquidity", "vault.pool_fee")
    for base_delta in (10**18, -(10**18)):
        assert refused(planned(Proposal(spot_base_delta=base_delta), EmptyPool())) == [empty]
    no_perp = (Code.DATA_MISSING, "the proposal needs a perp leg, this vault has none", "vault.perp_index")
    spot_only = replace(venues, perp_adapter=None)
    assert refused(planned(Proposal(deposit=1), EmptyPool(), spot_only)) == [no_perp]
    assert refused(planned(Proposal(spot_base_delta=1, deposit=1), EmptyPool(), spot_only)) == [empty, no_perp]
    quoted = (
        "the pool's quote, 2526000000 asset units for 1000000000000000000 base units, is too far from oracle price 2500"
    )
    far = planned(Proposal(spot_base_delta=10**18), QuoteAt(2526 * 10**6))
    assert refused(far) == [(Code.SLIPPAGE, quoted, "policy.max_slippage")]
