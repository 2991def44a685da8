"""A Uniswap v3 pool at one block: price, mean price over a window, liquidity by tick, depth within a band."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chains.functions import Function
from chains.multicall import Call, CallReverted, Query
from chains.venues.uniswap_v3 import MAX_TICK, TICK_LENS_ADDRESS, liquidity, slot0
from chains.venues.uniswap_v3_ticks import TICKS_PER_WORD, Depth, Tick, depth, moved, sqrt_price_at_tick, word_of

_FEE = Function("fee()", "(uint24)")
_SPACING = Function("tickSpacing()", "(int24)")
_OBSERVE = Function("observe(uint32[])", "(int56[],uint160[])")
_POPULATED_TICKS = Function("getPopulatedTicksInWord(address,int16)", "((int24,int128,uint128)[])")
# Of the word at the centre, so that at least 256 spacings are known each way: 23 % in the pool of 0.05 %.
WORDS_EACH_SIDE = 1


class OutsideOfWindow(ValueError):
    """The ticks that were read do not reach the price asked about; read them around the pool's present tick."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool at one block, and its initialised ticks from `first_tick` to `last_tick`.

    `mean_tick` is rounded down as the contracts do; None when the pool remembers less than the window.
    `unlocked` is False inside of a swap, when nothing read of the pool may be believed.
    """

    sqrt_price_x96: int
    tick: int
    liquidity: int
    unlocked: bool
    fee_ppm: int
    tick_spacing: int
    mean_tick: int | None
    ticks: tuple[Tick, ...]
    first_tick: int
    last_tick: int

    def depth(self, bps: int) -> Depth:
        """What moves the price of token0 by so many basis points, up or, when negative, down.

        Raises `OutsideOfWindow` when ticks beyond those that were read would count.
        """
        target = moved(self.sqrt_price_x96, bps)
        if not sqrt_price_at_tick(self.first_tick) <= min(target, self.sqrt_price_x96):
            raise OutsideOfWindow(f"ticks from {self.first_tick} are known, {bps} bp reach below")
        if not max(target, self.sqrt_price_x96) <= sqrt_price_at_tick(self.last_tick):
            raise OutsideOfWindow(f"ticks to {self.last_tick} are known, {bps} bp reach above")
        return depth(self.sqrt_price_x96, self.liquidity, self.ticks, target, self.fee_ppm)


def pool(
    address: str, tick_spacing: int, window_s: int, centre_tick: int, *, has_lens: bool = True
) -> Query[PoolState]:
    """Reads a pool with its ticks around `centre_tick`, the tick at which it stood when last seen.

    Parameters
    ----------
    tick_spacing : of the pool, which tells where its bitmap has the ticks
    window_s : seconds of the mean price
    has_lens : whether the chain has the periphery's TickLens; without it no ticks are known
    """
    centre = word_of(centre_tick, tick_spacing)
    words = range(centre - WORDS_EACH_SIDE, centre + WORDS_EACH_SIDE + 1) if has_lens else range(0)
    first_tick = last_tick = centre_tick
    if words:
        first_tick = max(-MAX_TICK, words[0] * TICKS_PER_WORD * tick_spacing)
        last_tick = min(MAX_TICK, (words[-1] + 1) * TICKS_PER_WORD * tick_spacing - 1)

    def make(answers: Sequence[Any]) -> PoolState:
        state, in_range, fee_ppm, found_spacing, observed, *populated = answers
        sqrt_price_x96, tick, *_, unlocked = state
        if found_spacing != tick_spacing:
            raise ValueError(f"pool {address}: expected a tick spacing of {tick_spacing}, it is {found_spacing}")
        return PoolState(
            sqrt_price_x96=sqrt_price_x96,
            tick=tick,
            liquidity=in_range,
            unlocked=unlocked,
            fee_ppm=fee_ppm,
            tick_spacing=tick_spacing,
            mean_tick=_mean_tick(observed, window_s),
            ticks=tuple(sorted(Tick(one, net) for word in populated for one, net, _ in word)),
            first_tick=first_tick,
            last_tick=last_tick,
        )

    calls = [slot0(address), liquidity(address), Call(address, _FEE), Call(address, _SPACING)]
    calls.append(Call(address, _OBSERVE, ([window_s, 0],), may_revert=True))
    calls += [Call(TICK_LENS_ADDRESS, _POPULATED_TICKS, (address, word)) for word in words]
    return Query(tuple(calls), make)


def spacing(address: str) -> Call:
    """Reads the distance of a pool's ticks."""
    return Call(address, _SPACING)


def _mean_tick(observed: Any, window_s: int) -> int | None:
    """The pool reverts when its oldest observation is younger than the window."""
    if isinstance(observed, CallReverted):
        return None
    (then, now), _ = observed
    mean: int = (now - then) // window_s
    return mean
