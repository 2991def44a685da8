"""The parameters of every scaling method that a strategy file may name under `strategy.scaling`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator

from agent.config.strict import Fraction, Positive, Strict

Hours = Annotated[int, Field(ge=1, le=24 * 366)]
Share = Annotated[float, Field(gt=0, le=1)]
Part = Annotated[float, Field(gt=0, lt=1)]


class LinearMethod(Strict):
    """A2: widen by fixed increments."""

    method: Literal["linear"]
    unit: Literal["nav", "quote", "base"]  # of the increment: parts of net asset value, USD, or coin
    increment: Positive


class AlmgrenChrissMethod(Strict):
    """A13: widen by a part of what is left, most of it first."""

    method: Literal["almgren_chriss"]
    half_life_h: Annotated[float, Field(gt=0, le=24 * 30)]  # 1 / kappa: after it 37 % of the way is left


class InverseVarianceMethod(Strict):
    """A3: exposure by inverse variance."""

    method: Literal["inverse_variance"]
    target: Positive  # annualised volatility at which the exposure is 1


class KellyMethod(Strict):
    """A4: a fraction of the shrunk Kelly exposure of what one unit of the strategy earned."""

    method: Literal["kelly"]
    window_h: Annotated[int, Field(ge=24 * 14, le=24 * 366)]  # of the estimate
    return_interval_h: Annotated[int, Field(ge=1, le=168)] = 24  # longer than the basis takes to bounce back
    fraction: Share = 0.5  # of the shrunk exposure
    least_t: Annotated[float, Field(ge=1, le=10)] = 2.0  # t-statistic from which there is an edge to open on
    exit_t: Annotated[float, Field(ge=0, le=1)] = 1.0  # below it what is open is closed


class MartingaleMethod(Strict):
    """A5: double after a loss, under the strategy's own largest exposure."""

    method: Literal["martingale"]
    round_h: Hours  # the length of one bet
    bets: Annotated[int, Field(ge=2, le=10)]  # 1, 2, 4, ...: the last of them is full size


class AntiMartingaleMethod(Strict):
    """A5: double after a win, under the strategy's own largest exposure."""

    method: Literal["anti_martingale"]
    round_h: Hours
    bets: Annotated[int, Field(ge=2, le=10)]


class PyramidMethod(Strict):
    """A6: add to what wins, by less each time, under a stop that follows."""

    method: Literal["pyramid"]
    window_h: Hours  # the pyramid begins with it
    step: Part  # rise of the strategy's worth between adds
    ratio: Share  # of an add to the one before
    adds: Annotated[int, Field(ge=1, le=20)]
    stop: Part  # fall from the highest worth that closes everything


class LadderMethod(Strict):
    """A7: in and out in steps along a signal."""

    method: Literal["ladder"]
    signal: Literal["discount", "momentum", "funding"]
    average_h: Hours  # of the average, of the momentum, or of the mean funding
    window_h: Hours  # a step that has not met its exit within it is left
    spacing: Literal["linear", "geometric", "fibonacci", "log"]
    steps: Annotated[int, Field(ge=1, le=20)]
    first: Positive  # level of the first step: part of the price, or funding per year
    last: Positive | None = None  # level of the last one, for linear spacing
    ratio: Annotated[float, Field(gt=1, le=10)] = 2.0  # for geometric spacing
    exit_part: Annotated[float, Field(ge=-10, lt=1)] = 0.0  # of a step's level, at which it is left again


class MeanReversionMethod(Strict):
    """A8: larger the further the strategy's worth is below its average."""

    method: Literal["mean_reversion"]
    average_h: Annotated[int, Field(ge=12, le=24 * 366)]
    full_z: Positive  # deviations below the average at which the size is full
    stop_z: Positive  # and at which everything is given up


class DcaMethod(Strict):
    """A9: a fixed amount per interval."""

    method: Literal["dca"]
    amount_usd: Positive  # of each leg
    interval_h: Hours
    instalments: Annotated[int, Field(ge=1, le=10_000)]
    start: Annotated[str, Field(pattern=r"^20\d{2}-\d{2}-\d{2}$")]  # UTC day of the first
    missed: Literal["lost", "caught_up"] = "caught_up"
    skip_above: Positive | None = None  # skip while the worth is this part above its average
    average_h: Hours = 168

    @field_validator("start")
    @classmethod
    def _a_day(cls, start: str) -> str:
        try:
            datetime.fromisoformat(start)
        except ValueError as error:
            raise ValueError("a day of the calendar, as 2023-02-01") from error
        return start

    def start_s(self) -> int:
        """The start in unix seconds."""
        return int(datetime.fromisoformat(self.start).replace(tzinfo=UTC).timestamp())


class CppiMethod(Strict):
    """A11: a multiple of the cushion above a floor under the highest share price."""

    method: Literal["cppi"]
    floor: Part  # of the highest share price
    multiplier: Annotated[float, Field(gt=0, le=20)]


class DepthMethod(Strict):
    """A12: smaller while the order books are thin."""

    method: Literal["depth"]
    thin_usd: Annotated[float, Field(ge=0)]
    full_usd: Positive
    floor: Fraction
    assumed_usd: Annotated[float, Field(ge=0)] | None = None  # where nobody tells, as in a recorded market


class ImpactMethod(Strict):
    """A13: no step larger than its expected cost and the market's volume allow."""

    method: Literal["impact"]
    daily_volume_usd: Positive  # of the thinner leg's market
    max_cost: Annotated[float, Field(gt=0, le=0.1)]  # expected impact, part of the notional
    participation: Part = 0.05  # of the volume of an hour
    coefficient: Annotated[float, Field(gt=0, le=5)] = 1.0  # of the square-root law


class RiskOverlayMethod(Strict):
    """A brake when the position's risk is too far above what was wanted."""

    method: Literal["risk_overlay"]
    target: Positive  # annualised volatility
    window_h: Annotated[int, Field(ge=24 * 14, le=24 * 366)]
    normal: Positive = 2.0  # times the target: the risk as forecast
    jump: Positive = 4.0  # the most volatile day of the window, as if it lasted
    unhedged: Positive = 6.0  # the price's risk, as if the legs did not cancel


class FixedRiskMethod(Strict):
    """As much as loses a given part of the vault at the stop."""

    method: Literal["fixed_risk"]
    risk: Annotated[float, Field(gt=0, le=0.2)]  # part of net asset value
    stop_sigmas: Positive  # distance of the stop in standard deviations of a day
    least_stop: Part = 0.001  # the stop is never nearer


class BandMethod(Strict):
    """A10: a no-trade band narrower than `sizing.band`."""

    method: Literal["band"]
    rule: Literal["fixed", "relative", "cost_variance"]
    width: Part | None = None  # fixed: of net asset value; relative: of the target
    least: Fraction = 0.01  # of net asset value: below it every hour would trade
    cost: Part | None = None  # cost_variance: of trading one unit of exposure
    risk_aversion: Positive | None = None  # cost_variance: what variance costs


ScalingMethod = Annotated[
    LinearMethod
    | AlmgrenChrissMethod
    | InverseVarianceMethod
    | KellyMethod
    | MartingaleMethod
    | AntiMartingaleMethod
    | PyramidMethod
    | LadderMethod
    | MeanReversionMethod
    | DcaMethod
    | CppiMethod
    | DepthMethod
    | ImpactMethod
    | RiskOverlayMethod
    | FixedRiskMethod
    | BandMethod,
    Field(discriminator="method"),
]

SCALING_METHODS: Mapping[str, type[Strict]] = {
    "linear": LinearMethod,
    "almgren_chriss": AlmgrenChrissMethod,
    "inverse_variance": InverseVarianceMethod,
    "kelly": KellyMethod,
    "martingale": MartingaleMethod,
    "anti_martingale": AntiMartingaleMethod,
    "pyramid": PyramidMethod,
    "ladder": LadderMethod,
    "mean_reversion": MeanReversionMethod,
    "dca": DcaMethod,
    "cppi": CppiMethod,
    "depth": DepthMethod,
    "impact": ImpactMethod,
    "risk_overlay": RiskOverlayMethod,
    "fixed_risk": FixedRiskMethod,
    "band": BandMethod,
}
# In the order in which a file gives them; a list there, which strict mode would not take for a tuple.
Scaling = Annotated[tuple[ScalingMethod, ...], Field(max_length=12, strict=False)]
