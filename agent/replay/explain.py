"""One decision, explained: what was known, what each scaler made of it, and the plan that would be sent."""

from dataclasses import dataclass
from pathlib import Path

from agent.config import Config
from agent.decision import Decision, Refused
from agent.execution import Plan, rehearse
from agent.market.observation import Observation
from agent.market.source import HistorySource
from agent.reasons import Reason
from agent.replay.depositors import Depositors, schedule
from agent.replay.stage import AGENT_ACTS_AFTER_S, open_stage
from agent.strategies import decide


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with everything around it. `plan` is what would be sent; it was rehearsed, not sent."""

    observation: Observation
    decision: Decision
    plan: Plan | None
    refusals: tuple[Reason, ...]


def explain(config: Config, market: HistorySource, period: tuple[int, int], folder: Path, *, seed: int) -> Explanation:
    """The decision of the last hour of a period, after the hours before it were really carried out.

    Raises Refusal as `replay` does.
    """
    hours = market.hours(*period)
    with open_stage(config, market, hours[0], folder) as stage:
        depositors = Depositors(stage.local.node, stage.site, schedule(seed, hours[0], hours[-1]))
        depositors.open_vault()
        for hour in hours:
            stage.move_market(market.world(hour))
            depositors.act(hour)
            now = stage.clock.forward(AGENT_ACTS_AFTER_S)
            if hour != hours[-1]:
                stage.cycle.run(now)
        observation = stage.cycle.observe(now)
        decision = decide(observation, config)
        plan = stage.cycle.prepare(decision, observation)
        if isinstance(plan, Refused):
            return Explanation(observation, decision, None, plan.reasons)
        refusals: tuple[Reason, ...] = ()
        if plan is not None:
            rehearsed = rehearse(stage.local.node, plan, stage.cycle.agent, observation.vault.block)
            refusals = rehearsed.reasons if isinstance(rehearsed, Refused) else ()
        return Explanation(observation, decision, plan, refusals)
