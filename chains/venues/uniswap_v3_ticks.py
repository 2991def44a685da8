"""Uniswap v3's arithmetic of ticks and liquidity, rounded as the contracts round: prices of ticks, amounts of moves."""

from collections.abc import Sequence
from math import isqrt
from typing import NamedTuple

from chains.venues.uniswap_v3 import MAX_TICK, Q96

ONE_IN_PPM = 1_000_000
ONE_IN_BPS = 10_000
TICKS_PER_WORD = 256

# 2^128 / sqrt(1.0001)^(2^i) for i from 0. Source: TickMath of @uniswap/v3-core.
_FACTORS = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)


class Tick(NamedTuple):
    """A tick at which liquidity changes: by `liquidity_net` when the price rises through it."""

    tick: int
    liquidity_net: int


class Depth(NamedTuple):
    """What a swap to a price takes and gives, smallest units; `amount_in` includes the pool's fee."""

    amount_in: int
    amount_out: int


def sqrt_price_at_tick(tick: int) -> int:
    """The square root price of a tick, x 2^96, rounded up; equal to the contract's."""
    if abs(tick) > MAX_TICK:
        raise ValueError(f"tick {tick} is outside of {-MAX_TICK} to {MAX_TICK}")
    ratio = 1 << 128
    for bit, factor in enumerate(_FACTORS):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = (2**256 - 1) // ratio
    return -(-ratio >> 32)


def word_of(tick: int, spacing: int) -> int:
    """The word of the pool's bitmap in which a tick stands."""
    return tick // spacing // TICKS_PER_WORD


def moved(sqrt_price_x96: int, bps: int) -> int:
    """The square root price after the price (token1 per token0) has moved by so many basis points."""
    return isqrt(sqrt_price_x96**2 * (ONE_IN_BPS + bps) // ONE_IN_BPS)


def depth(sqrt_price_x96: int, liquidity: int, ticks: Sequence[Tick], target_x96: int, fee_ppm: int) -> Depth:
    """What a swap takes and gives that moves a pool from its price to another, through every tick in between.

        rising:  token1 in = L (to - from) / 2^96,           token0 out = L 2^96 (1/from - 1/to)
        falling: token0 in = L 2^96 (1/to - 1/from),         token1 out = L (from - to) / 2^96

    Parameters
    ----------
    liquidity : in range now
    ticks : all initialised ticks between the two prices; more do no harm
    target_x96 : square root price to reach; above the present one the swap brings token1, below it token0
    fee_ppm : of the pool, taken from what comes in

    Source: SwapMath and SqrtPriceMath of @uniswap/v3-core.
    """
    rising = target_x96 > sqrt_price_x96
    amount_in = amount_out = 0
    here = sqrt_price_x96
    for step in sorted(ticks, key=lambda one: one.tick, reverse=not rising):
        edge = sqrt_price_at_tick(step.tick)
        # A price that stands on a tick is above it: falling crosses the tick at once, rising has crossed it already.
        if edge <= here if rising else edge > here:
            continue
        if edge > target_x96 if rising else edge < target_x96:
            break
        segment = _segment(here, edge, liquidity, fee_ppm)
        amount_in, amount_out = amount_in + segment.amount_in, amount_out + segment.amount_out
        liquidity += step.liquidity_net if rising else -step.liquidity_net
        if liquidity < 0:
            raise ValueError(f"liquidity below zero at tick {step.tick}: these are not the ticks of one pool")
        here = edge
    last = _segment(here, target_x96, liquidity, fee_ppm)
    return Depth(amount_in + last.amount_in, amount_out + last.amount_out)


def _segment(start_x96: int, end_x96: int, liquidity: int, fee_ppm: int) -> Depth:
    """A move within one range of liquidity: what comes in is rounded up, what goes out down."""
    low, high = min(start_x96, end_x96), max(start_x96, end_x96)
    scaled = (liquidity << 96) * (high - low)
    token0_up, token0_down = _divide_up(_divide_up(scaled, high), low), scaled // high // low
    token1_up, token1_down = _divide_up(liquidity * (high - low), Q96), liquidity * (high - low) // Q96
    before_fee, amount_out = (token1_up, token0_down) if end_x96 > start_x96 else (token0_up, token1_down)
    return Depth(before_fee + _divide_up(before_fee * fee_ppm, ONE_IN_PPM - fee_ppm), amount_out)


def _divide_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
