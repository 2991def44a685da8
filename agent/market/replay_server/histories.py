"""What happened on each venue, as hourly arrays: recorded where a file exists, derived from Binance elsewhere.

Recorded rows are served exactly as the file has them, holes and jitter included. What no file has is derived, and the
same for the same seed: another venue's prices lie a few basis points off Binance's, its funding a few per cent, its
open interest is a share; open interest and volume that nobody recorded follow the traded volume.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from random import Random

from agent.market.replay_server.derive import (
    closing_at,
    derived,
    extended,
    from_table,
    reference_history,
    with_own_files,
)
from agent.market.replay_server.files import recorded_bars, recorded_points
from agent.market.replay_server.series import HOUR_MS, NothingKnown, VenueHistory
from agent.market.synthetic import SyntheticParameters, synthetic_market
from agent.reasons import Code, Reason, Refusal

REFERENCE = "binance"
ASSETS = ("BTC", "ETH", "SOL", "AVAX")
MADE_UP = ("PEPE", "USDC")  # always: one that trades as 1000PEPE, and a dollar that stays one
# The made-up markets: price and coins outstanding.
SYNTHETIC = {
    "BTC": SyntheticParameters(start_price=30_000.0, open_interest=80_000.0),
    "ETH": SyntheticParameters(start_price=2_000.0, open_interest=600_000.0),
    "SOL": SyntheticParameters(start_price=60.0, open_interest=9_000_000.0),
    "AVAX": SyntheticParameters(start_price=20.0, open_interest=8_000_000.0),
    "PEPE": SyntheticParameters(start_price=0.000_001_2, open_interest=3e13),
    "USDC": SyntheticParameters(
        start_price=1.0,
        open_interest=20_000_000.0,
        annual_volatility=0.001,
        jumps_per_year=0.0,
        basis_volatility=0.000_05,
        crash_drop=(0.001, 0.002),
        crash_basis=-0.000_2,
        crash_open_interest_drop=0.01,
    ),
}


class Histories:
    """The assets of a replay, each as every venue tells it; made when first asked for, then kept.

    Parameters
    ----------
    references : what Binance has, by asset
    folder : recordings of other venues; None derives all of them
    seed : of the differences between venues
    """

    def __init__(self, references: dict[str, VenueHistory], folder: Path | None = None, seed: int = 7) -> None:
        self._references = references
        self._folder = folder
        self._seed = seed
        self._made: dict[tuple[str, str], VenueHistory] = {}

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets with data."""
        return tuple(self._references)

    @cached_property
    def first_ms(self) -> int:
        """The first millisecond that some asset has a whole bar of."""
        return min(int(one.perp.open_ms[0]) for one in self._references.values()) + HOUR_MS

    @cached_property
    def last_ms(self) -> int:
        """The first millisecond that no asset has data of."""
        return max(int(one.perp.open_ms[-1]) for one in self._references.values()) + HOUR_MS

    def of(self, venue: str, base: str) -> VenueHistory:
        """One asset as one venue tells it. Raises NothingKnown when there is no data of it at all."""
        if base not in self._references:
            raise NothingKnown(base)
        if (venue, base) not in self._made:
            self._made[venue, base] = self._make(venue, base)
        return self._made[venue, base]

    def _make(self, venue: str, base: str) -> VenueHistory:
        reference = self._references[base]
        if venue == REFERENCE:
            return reference
        history = derived(reference, venue, Random(f"{self._seed} {venue} {base}"))
        return history if self._folder is None else with_own_files(history, venue, self._folder)


def recorded_histories(folder: Path, seed: int = 7) -> Histories:
    """Histories from a folder of recordings (README.md, "Data"). Raises Refusal when no asset has any."""
    references = {}
    for base in ASSETS:
        perp = recorded_bars(folder, "binance/perp", base)
        funding = recorded_points(folder, "binance/funding", base, "rate")
        if perp is None or funding is None:
            continue
        spot = recorded_bars(folder, "binance/spot", base)
        spot = perp if spot is None else extended(spot, perp)  # where no pair was recorded, the perp stands for it
        interest = recorded_points(folder, "bybit/open_interest", base, "open_interest", hourly=True)
        own_mark = recorded_points(folder, "binance/mark", base, "mark", hourly=True)
        reference = reference_history(base, f"recorded binance {base}USDT", perp, spot, funding, interest)
        references[base] = reference if own_mark is None else replace(reference, mark=closing_at(perp, own_mark))
    if not references:
        raise Refusal(
            Reason(Code.DATA_MISSING, f"{folder} holds neither binance/perp nor binance/funding of any of {ASSETS}")
        )
    first_ms = min(int(one.perp.open_ms[0]) for one in references.values())
    last_ms = max(int(one.perp.open_ms[-1]) for one in references.values()) + HOUR_MS
    made_up = synthetic_histories(first_ms, last_ms, seed, MADE_UP)
    return Histories(references | {base: made_up.of(REFERENCE, base) for base in MADE_UP}, folder, seed)


def synthetic_histories(
    first_ms: int, last_ms: int, seed: int = 7, assets: Sequence[str] = (*ASSETS, *MADE_UP)
) -> Histories:
    """Made-up histories over a period (unix milliseconds), the same for the same seed."""
    start_s = first_ms // HOUR_MS * 3_600
    hours = -(-last_ms // HOUR_MS) - start_s // 3_600
    references = {}
    for base in assets:
        table = synthetic_market(
            seed + 100 * list(SYNTHETIC).index(base),
            start_s,
            hours,
            f"{base}USDT",
            parameters=SYNTHETIC[base],
        )
        references[base] = from_table(base, table)
    return Histories(references, None, seed)
