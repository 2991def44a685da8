"""What a swap may cost at worst: the tighter of the pool's quote with its tolerance and the policy's slippage."""

import math
from dataclasses import dataclass
from fractions import Fraction

from agent.config import Config
from agent.execution.quotes import Quoter, QuoteReverted
from agent.market.observation import VaultState
from agent.reasons import Code, Reason
from agent.units import BPS


@dataclass(frozen=True, slots=True)
class Swap:
    """One swap of an exact amount of base: what the pool asks or gives for it, and the worst that is accepted."""

    quote: int  # asset units
    bound: int  # asset units: most for a purchase, least for a sale


def purchase(base: int, state: VaultState, config: Config, quoter: Quoter) -> Swap | Reason:
    """Bounds of buying exactly `base`, rounded down.

    bound = min(quote x (1 + swap tolerance), base x price x (1 + max slippage))
    """
    return _bounded(base, state, config, quoter, side=1)


def sale(base: int, state: VaultState, config: Config, quoter: Quoter) -> Swap | Reason:
    """Bounds of selling exactly `base`, rounded up.

    bound = max(quote x (1 - swap tolerance), base x price x (1 - max slippage))
    """
    return _bounded(base, state, config, quoter, side=-1)


def _bounded(base: int, state: VaultState, config: Config, quoter: Quoter, side: int) -> Swap | Reason:
    max_slippage = Fraction(config.policy.to_contract().max_slippage_bps, BPS)
    worth = base * oracle_price_units(state)
    try:
        quote = quoter.asset_for(base) if side > 0 else quoter.asset_from(base)
    except QuoteReverted as error:
        return Reason(Code.SLIPPAGE, f"the pool cannot trade this much: {error}", where="vault.pool_fee")
    # The outer bound is the contract's own; a purchase rounds down and a sale up, so that neither is beyond it.
    outer = side * math.floor(side * worth * (1 + side * max_slippage))
    if side * quote > side * outer:
        return too_far(base, quote, side * (quote - worth), state, config)
    inner = side * math.floor(side * quote * (1 + side * exact(config.execution.swap_tolerance)))
    return Swap(quote, side * min(side * inner, side * outer))


def oracle_price_units(state: VaultState) -> Fraction:
    """The oracle's price in asset units per base unit."""
    return exact(state.oracle_price) * Fraction(10**state.asset.decimals, 10**state.base.decimals)


def too_far(base: int, asset: int, shortfall: Fraction, state: VaultState, config: Config) -> Reason:
    """The refusal of a quote that the contract would not take."""
    return Reason(
        Code.SLIPPAGE,
        f"the pool's quote, {asset} asset units for {base} base units, is too far from oracle price "
        f"{state.oracle_price:g}",
        float(shortfall / (base * oracle_price_units(state))),
        config.policy.max_slippage,
        "policy.max_slippage",
    )


def exact(value: float) -> Fraction:
    """The decimal number a float was written as, so that 0.0005 is exactly five basis points."""
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    return Fraction(repr(value))
