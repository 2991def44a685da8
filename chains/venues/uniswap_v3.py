"""Uniswap v3: pool price, quotes, and the actions of the vault's UniswapV3Spot adapter."""

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, isqrt
from typing import NamedTuple

from chains.functions import Function, abi_encode
from chains.multicall import Call

Q96 = 2**96
MAX_TICK = 887_272
TICK_LENS_ADDRESS = "0xbfd8137f7d1516D3ea5cA83523914859ec47F573"  # of the protocol's periphery, on most chains
MIN_SQRT_PRICE = 4_295_128_739
MAX_SQRT_PRICE = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342

_SLOT0 = Function("slot0()", "(uint160,int24,uint16,uint16,uint16,uint8,bool)")
_LIQUIDITY = Function("liquidity()", "(uint128)")
_QUOTE_EXACT_OUTPUT = Function(
    "quoteExactOutputSingle((address,address,uint256,uint24,uint160))", "(uint256,uint160,uint32,uint256)"
)
_QUOTE_EXACT_INPUT = Function(
    "quoteExactInputSingle((address,address,uint256,uint24,uint160))", "(uint256,uint160,uint32,uint256)"
)


class Quote(NamedTuple):
    """What QuoterV2 says a swap would do: amount out in smallest units and the pool's price after it."""

    amount_out: int
    sqrt_price_x96_after: int
    ticks_crossed: int
    gas_estimate: int


@dataclass(frozen=True, slots=True)
class Pair:
    """How a pool orders and scales its two tokens: the price is quote per base, human units."""

    base: str
    quote: str
    base_decimals: int
    quote_decimals: int

    @property
    def base_is_token0(self) -> bool:
        return int(self.base, 16) < int(self.quote, 16)

    def price(self, sqrt_price_x96: int) -> float:
        """Quote per base of a pool's square root price.

        raw = (sqrtPriceX96 / 2^96)^2 is token1 per token0 in smallest units
        """
        if not MIN_SQRT_PRICE <= sqrt_price_x96 < MAX_SQRT_PRICE:
            raise ValueError(f"sqrtPriceX96 {sqrt_price_x96} is outside of what a pool can hold; is it initialised?")
        raw = Fraction(sqrt_price_x96**2, Q96**2)
        if not self.base_is_token0:
            raw = 1 / raw
        return float(raw * Fraction(10**self.base_decimals, 10**self.quote_decimals))

    def sqrt_price_x96(self, price: float) -> int:
        """The square root price nearest below the one that stands for `price` quote per base."""
        if not (isfinite(price) and price > 0):
            raise ValueError(f"price: expected a positive number, got {price}")
        raw = Fraction(price) * Fraction(10**self.quote_decimals, 10**self.base_decimals)
        if not self.base_is_token0:
            raw = 1 / raw
        root = isqrt(raw.numerator * Q96**2 // raw.denominator)
        if not MIN_SQRT_PRICE <= root < MAX_SQRT_PRICE:
            raise ValueError(
                f"price {price}: a pool of {self.base_decimals}/{self.quote_decimals} decimals cannot hold it"
            )
        return root


def slot0(pool: str) -> Call:
    """Reads the pool's state; the first value is sqrtPriceX96."""
    return Call(pool, _SLOT0)


def liquidity(pool: str) -> Call:
    """Reads the liquidity in range."""
    return Call(pool, _LIQUIDITY)


def quote_exact_input(quoter: str, token_in: str, token_out: str, amount_in: int, fee_ppm: int) -> Call:
    """Asks QuoterV2 what `amount_in` would bring: `Quote(*result)`. Equal to execution in the same state."""
    return Call(quoter, _QUOTE_EXACT_INPUT, ((token_in, token_out, amount_in, fee_ppm, 0),))


def quote_exact_output(quoter: str, token_in: str, token_out: str, amount_out: int, fee_ppm: int) -> Call:
    """Asks QuoterV2 what exactly `amount_out` would cost; the first value is the amount in."""
    return Call(quoter, _QUOTE_EXACT_OUTPUT, ((token_in, token_out, amount_out, fee_ppm, 0),))


def buy(asset_in: int, min_base_out: int) -> bytes:
    """Action of UniswapV3Spot: spend `asset_in` of the vault's asset on at least `min_base_out` of base."""
    return abi_encode("(uint8,uint256,uint256)", (1, asset_in, min_base_out))


def sell(base_in: int, min_asset_out: int) -> bytes:
    """Action of UniswapV3Spot: sell `base_in` of base for at least `min_asset_out` of the vault's asset."""
    return abi_encode("(uint8,uint256,uint256)", (2, base_in, min_asset_out))
