"""Every scaling method by the name that a strategy file uses, and how they join the strategy's own caps and factors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from agent.config import DcaMethod, ScalingMethod
from agent.decision import Scaler
from agent.reasons import Reason
from agent.scaling import from_history, from_vault
from agent.scaling.pipeline import Sizing, combine
from agent.scaling.situation import Situation


class Role(StrEnum):
    """What a method's number does to the exposure. None of them can make it larger."""

    CAP = "cap"  # a largest exposure, before factors
    FACTOR = "factor"  # in [0, 1]
    LIMIT = "limit"  # a largest exposure after caps and factors, from what is held now: it slows widening down
    BAND = "band"  # half-width of the no-trade band


@dataclass(frozen=True, slots=True)
class Method:
    """One scaling method; its parameters' model is in `agent.config.SCALING_METHODS` under the same name."""

    role: Role
    apply: Callable[[Any, Situation], Scaler | Reason]  # takes the parameters' own model
    hours: Callable[[Any], int]  # of history that it reads
    what: str


def _none(rule: object) -> int:
    return 0


def _dca_hours(rule: DcaMethod) -> int:
    average_h = 0 if rule.skip_above is None else rule.average_h
    return max(average_h, 0 if rule.missed == "lost" else rule.interval_h * rule.instalments)


METHODS: Mapping[str, Method] = {
    "linear": Method(Role.LIMIT, from_vault.linear, _none, "A2 widens by fixed increments"),
    "almgren_chriss": Method(Role.LIMIT, from_vault.almgren_chriss, _none, "A13 widens by a part of what is left"),
    "inverse_variance": Method(Role.CAP, from_history.inverse_variance, _none, "A3 exposure by inverse variance"),
    "kelly": Method(Role.CAP, from_history.kelly, lambda rule: rule.window_h, "A4 a fraction of shrunk Kelly"),
    "martingale": Method(
        Role.FACTOR, from_history.martingale, lambda rule: (rule.bets + 1) * rule.round_h, "A5 doubles after a loss"
    ),
    "anti_martingale": Method(
        Role.FACTOR, from_history.anti_martingale, lambda rule: (rule.bets + 1) * rule.round_h, "A5 doubles after a win"
    ),
    "pyramid": Method(Role.FACTOR, from_history.pyramid, lambda rule: 2 * rule.window_h, "A6 adds to what wins"),
    "ladder": Method(
        Role.FACTOR, from_history.ladder, lambda rule: rule.window_h + rule.average_h, "A7 in and out in steps"
    ),
    "mean_reversion": Method(
        Role.FACTOR, from_history.mean_reversion, lambda rule: rule.average_h, "A8 larger below the average"
    ),
    "dca": Method(Role.LIMIT, from_vault.dca, _dca_hours, "A9 an amount per interval"),
    "band": Method(Role.BAND, from_vault.band, _none, "A10 width of the no-trade band"),
    "cppi": Method(Role.CAP, from_vault.cppi, _none, "A11 a multiple of the cushion"),
    "depth": Method(Role.FACTOR, from_vault.depth, _none, "A12 smaller while order books are thin"),
    "impact": Method(Role.LIMIT, from_vault.impact, _none, "A13 no step above its accepted cost"),
    "risk_overlay": Method(Role.FACTOR, from_history.overlay, lambda rule: rule.window_h, "brake on total risk"),
    "fixed_risk": Method(Role.CAP, from_history.fixed_risk, _none, "a given loss at the stop"),
}


def method_hours(methods: Sequence[ScalingMethod]) -> int:
    """Hours of history that the methods read; 0 without any."""
    return max((METHODS[rule.method].hours(rule) for rule in methods), default=0)


def compose(
    caps: Sequence[Scaler], factors: Sequence[Scaler], methods: Sequence[ScalingMethod], situation: Situation
) -> Sizing | Reason:
    """The strategy's own parts and the methods of its file, in one exposure.

        exposure = min( min(caps) * product(factors), limits )

    Methods of one role are asked in the order of the file: caps first, then factors, then limits; each sees the size so
    far. Without a method it is `combine` and nothing else.

    Parameters
    ----------
    caps, factors : of the strategy
    methods : of `strategy.scaling`
    situation : of this decision

    Returns
    -------
    The size with every part, or the first Reason that a method has against deciding.
    """
    by_role: dict[Role, list[Scaler]] = {role: [] for role in Role}
    by_role[Role.CAP], by_role[Role.FACTOR] = list(caps), list(factors)
    sized = combine(caps, factors)
    for role in Role:
        for rule in methods:
            if METHODS[rule.method].role is not role:
                continue
            part = METHODS[rule.method].apply(rule, replace(situation, exposure=sized.exposure))
            if isinstance(part, Reason):
                return part
            by_role[role].append(part)
            sized = _sized(by_role)
    return sized


def _sized(by_role: Mapping[Role, Sequence[Scaler]]) -> Sizing:
    sized = combine(by_role[Role.CAP], by_role[Role.FACTOR])
    limits, bands = by_role[Role.LIMIT], by_role[Role.BAND]
    exposure = min([sized.exposure, *(limit.value for limit in limits)])
    band = min((part.value for part in bands), default=None)
    return Sizing(exposure, (*sized.scalers, *limits, *bands), band)
