"""What cannot wait for the next cycle: the price, the legs or the distance to liquidation moved. Pure."""

from dataclasses import dataclass

from agent.config import Config, Hedged
from agent.market.observation import VaultState
from agent.units import BPS

# Of the distance that the policy asks for: nearer than this the agent acts between its cycles.
NEAR_LIQUIDATION = 1.5
PRICE_MOVE = 0.03  # since the last cycle; about two hourly standard deviations of a wild day


@dataclass(frozen=True, slots=True)
class Event:
    """Something that starts a cycle at once."""

    name: str
    value: float
    bound: float

    def __str__(self) -> str:
        return f"{self.name}: {self.value:.4g} beyond {self.bound:.4g}"


def event(before: VaultState, now: VaultState, config: Config) -> Event | None:
    """The most pressing event between two readings of a vault, or None when everything can wait.

    Parameters
    ----------
    before : as the last cycle left it
    now : as just read
    config : delta band of the strategy and distance to liquidation of the policy
    """
    distance = now.liquidation_distance_bps
    near = NEAR_LIQUIDATION * config.policy.min_liquidation_distance
    if distance is not None and distance / BPS < near:
        return Event("distance to liquidation", distance / BPS, near)
    if isinstance(config.strategy, Hedged) and now.total_assets > 0:
        drift, band = abs(now.net_delta) / now.total_assets, config.strategy.sizing.delta_band
        if drift > band:
            return Event("net delta", drift, band)
    move = abs(now.oracle_price / before.oracle_price - 1)
    return Event("price move", move, PRICE_MOVE) if move > PRICE_MOVE else None
