"""Why nothing may be decided: unknown, stale, contradicting or unfinished facts."""

import math
from collections.abc import Iterator

import numpy as np

from agent.config import CarryStrategy, Config, LendingNeutralStrategy
from agent.market.observation import Floats, Mode, Observation, VaultState
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR


def refusals(observation: Observation, config: Config) -> tuple[Reason, ...]:
    """Everything that forbids deciding on this observation, all of it at once; empty when deciding is allowed.

    What the market already reported is taken over. What a strategy needs and is unknown, not finite or not positive
    is refused here, so that nothing behind this door meets a NaN or a None.
    """
    vault = observation.vault
    found = [*observation.market.problems, *vault.problems]
    found += _mode(vault)
    told = {problem.where for problem in observation.market.problems}
    found += [reason for reason in _market(observation, config) if reason.where not in told]
    found += _vault(vault)
    if not _has_any(found, Code.DATA_NOT_FINITE, Code.DATA_NOT_POSITIVE, Code.DATA_MISSING):
        found += _prices_agree(observation, config)
    if not _has_any(found, Code.ORACLE_STALE):
        found += _oracle_age(observation, config)
    if vault.perp is not None and vault.perp.pending_until > observation.time:
        found.append(
            Reason(
                Code.EFFECT_PENDING,
                f"an earlier action may still take effect until {vault.perp.pending_until}",
                float(observation.time),
                float(vault.perp.pending_until),
            )
        )
    return tuple(found)


def _mode(vault: VaultState) -> Iterator[Reason]:
    if vault.mode is Mode.HALTED:
        yield Reason(Code.HALTED, "the vault is halted; only its owner can return it to work", where="vault.mode")


def _market(observation: Observation, config: Config) -> Iterator[Reason]:
    market = observation.market
    if market.spot is None:
        yield _missing("the spot price is unknown", "market.spot")
    else:
        yield from _positive("market.spot", market.spot.value)
    yield from _series("spot", market.history.spot)
    if len(market.history.time_s) > 0 and int(market.history.time_s[-1]) > observation.time:
        yield Reason(Code.DATA_OUT_OF_ORDER, "the history reaches beyond the observation", where="market.history")
    if isinstance(config.strategy, LendingNeutralStrategy) and observation.vault.loan is None:
        yield _missing("a lending strategy needs a loan leg and the vault has none", "vault.aave")
    if not isinstance(config.strategy, CarryStrategy):
        return
    if observation.vault.perp is None:
        yield _missing("carry needs a perp leg and the vault has none", "vault.perp_index")
    yield from _series("perp", market.history.perp)
    yield from _series("funding", market.history.funding, positive=False)
    since = None if market.funding is None else market.funding[1].at
    yield from _fresh("funding", since, observation.time, config.market.max_funding_age_h, Code.FUNDING_STALE)
    if config.strategy.open_interest is not None:
        yield from _series("open_interest", market.history.open_interest)
        since = None if market.open_interest is None else market.open_interest.at
        max_age_h = config.strategy.open_interest.max_age_h
        yield from _fresh("open_interest", since, observation.time, max_age_h, Code.OPEN_INTEREST_STALE)


def _fresh(name: str, since: int | None, now: int, max_age_h: float, stale: Code) -> Iterator[Reason]:
    if since is None:
        yield _missing(f"{name} is unknown", f"market.{name}")
    elif (now - since) / SECONDS_PER_HOUR > max_age_h:
        age_h = (now - since) / SECONDS_PER_HOUR
        yield Reason(stale, f"the last {name} is {age_h:.1f} h old", age_h, max_age_h, f"market.{name}")


def _series(name: str, values: Floats | None, positive: bool = True) -> Iterator[Reason]:
    if values is None:
        yield _missing(f"the {name} history is unknown", f"market.{name}")
    elif not np.isfinite(values).all():
        yield Reason(Code.DATA_NOT_FINITE, f"the {name} history has a value that is no number", where=f"market.{name}")
    elif positive and not (values > 0).all():
        yield Reason(Code.DATA_NOT_POSITIVE, f"the {name} history has a value <= 0", where=f"market.{name}")


def _vault(vault: VaultState) -> Iterator[Reason]:
    yield from _positive("vault.oracle_price", vault.oracle_price)
    yield from _positive("vault.pool_price", vault.pool_price)
    if vault.perp is not None:
        yield from _positive("vault.perp.mark_price", vault.perp.mark_price)
    if vault.oracle_updated_at > vault.block.timestamp:
        yield Reason(
            Code.ORACLE_INVALID,
            "the oracle's price is dated after the block it was read at",
            float(vault.oracle_updated_at),
            float(vault.block.timestamp),
        )


def _prices_agree(observation: Observation, config: Config) -> Iterator[Reason]:
    vault, bound = observation.vault, config.market.max_deviation
    if observation.market.spot is not None:
        deviation = abs(observation.market.spot.value / vault.oracle_price - 1)
        if deviation > bound:
            message = f"the exchange says {observation.market.spot.value:g}, the oracle {vault.oracle_price:g}"
            yield Reason(Code.ORACLE_DEVIATION, message, deviation, bound, "market.max_deviation")
    deviation = abs(vault.pool_price / vault.oracle_price - 1)
    if deviation > bound:
        message = f"the pool says {vault.pool_price:g}, the oracle {vault.oracle_price:g}"
        yield Reason(Code.POOL_DEVIATION, message, deviation, bound, "market.max_deviation")


def _oracle_age(observation: Observation, config: Config) -> Iterator[Reason]:
    age_s = observation.time - observation.vault.oracle_updated_at
    if age_s > config.policy.max_oracle_age_s:
        yield Reason(
            Code.ORACLE_STALE,
            f"the oracle's price is {age_s} s old",
            float(age_s),
            float(config.policy.max_oracle_age_s),
            "policy.max_oracle_age_s",
        )


def _positive(name: str, value: float) -> Iterator[Reason]:
    if not math.isfinite(value):
        yield Reason(Code.DATA_NOT_FINITE, f"{name} is {value}", where=name)
    elif value <= 0:
        yield Reason(Code.DATA_NOT_POSITIVE, f"{name} is {value:g}", value, 0.0, name)


def _missing(message: str, where: str) -> Reason:
    return Reason(Code.DATA_MISSING, message, where=where)


def _has_any(found: list[Reason], *codes: Code) -> bool:
    return any(reason.code in codes for reason in found)
