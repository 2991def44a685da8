"""Long spot, short by a loan of the base at Aave: earns what the collateral bears above what the debt costs."""

import math

from agent.config import Config, LendingNeutralStrategy
from agent.decision import Scaler
from agent.market.observation import LoanState, Observation
from agent.reasons import Code, Reason
from agent.scaling import Sizing, combine, funding_factor, scaler
from agent.strategies.book import Book
from agent.strategies.carry import liquidation_scaler
from agent.strategies.volatility_target import cash_scaler, drawdown_scaler, limit_scaler, price_volatility
from agent.units import DAYS_PER_YEAR


def size(observation: Observation, config: Config, strategy: LendingNeutralStrategy, book: Book) -> Sizing | Reason:
    """Exposure of each leg, or the refusal that stands in the way.

        exposure = min(max_exposure, leverage limit / 2, (1 - min_idle) / (1 + target_margin))
                   * net rate * liquidation * drawdown

    There is no target for volatility: both legs are the same coin, so there is no basis that could vary. The price's
    volatility enters through the distance to liquidation.
    """
    loan = observation.vault.loan
    if loan is None:
        return Reason(
            Code.DATA_MISSING, "a lending strategy needs a loan leg and the vault has none", where="vault.aave"
        )
    sizing, rule, policy = strategy.sizing, strategy.liquidation, config.policy
    yearly_sigma = price_volatility(observation, strategy.volatility)
    if isinstance(yearly_sigma, Reason):
        return yearly_sigma
    liquidation = liquidation_scaler(observation, rule, sizing, book, yearly_sigma / math.sqrt(DAYS_PER_YEAR))
    if isinstance(liquidation, Reason):
        return liquidation
    caps = [
        scaler("max_exposure", sizing.max_exposure, f"at most {sizing.max_exposure:.0%} of the vault by its strategy"),
        limit_scaler(policy.max_gross_leverage, 2, sizing.band),
        cash_scaler(sizing.min_idle, rule.target_margin),
    ]
    drawdown = drawdown_scaler(observation.vault, strategy.drawdown.start, policy.max_drawdown)
    return combine(caps, [_net_rate(loan, strategy, book.holds_position()), liquidation, drawdown])


def net_rate_annual(loan: LoanState, target_margin: float) -> float:
    """What one unit of exposure earns, decimal per year.

        net = supply rate * (1 + target_margin) - borrow rate

    A debt of 1 stands against a collateral of 1 + margin: its proceeds and the margin. The rates are Aave's of the
    observation's block, simple and annual; they follow utilisation, so the vault's own loan moves them a little.
    """
    return loan.supply_rate.annualised() * (1 + target_margin) - loan.borrow_rate.annualised()


def _net_rate(loan: LoanState, strategy: LendingNeutralStrategy, in_position: bool) -> Scaler:
    """The same ramp and hysteresis as of funding."""
    rule, net = strategy.lending, net_rate_annual(loan, strategy.liquidation.target_margin)
    supply, borrow = loan.supply_rate.annualised(), loan.borrow_rate.annualised()
    threshold = f"leaves below {rule.exit_annual:.1%}" if in_position else f"enters from {rule.entry_annual:.1%}"
    return scaler(
        "net_rate",
        funding_factor(net, in_position, rule.entry_annual, rule.exit_annual, rule.full_annual),
        f"collateral bears {supply:.1%} and the loan costs {borrow:.1%} a year, {net:.1%} net per exposure; "
        f"full size from {rule.full_annual:.1%}, {threshold}",
        supply_annual=supply,
        borrow_annual=borrow,
        net_annual=net,
        in_position=in_position,
        entry=rule.entry_annual,
        exit=rule.exit_annual,
        full=rule.full_annual,
    )
