"""Whether a Chainlink feed, a rollup's sequencer, a pool and a lending venue can be believed at one block; pure."""

from collections.abc import Iterator

from agent.reasons import Code, Reason
from chains.venues.aave_v3_market import ReserveState, contradiction
from chains.venues.chainlink import FeedState, FeedTerms, Round
from chains.venues.uniswap_v3_pool import PoolState

# Against the last good answer of the past day. Markets fall by half in a day, not between two looks; a lost factor or
# wrong decimals do more: cbETH at 1.12 USD (February 2026), 18 against 8 decimals.
MAX_JUMP_FACTOR = 2.0
JUMP_MEMORY_S = 86_400
WHERE = "oracle"


def feed_problems(
    state: FeedState, terms: FeedTerms, now_s: int, max_age_s: float, last_good: Round | None
) -> Iterator[Reason]:
    """Everything that is wrong with a feed's latest round.

    Parameters
    ----------
    terms : as read when the agent started
    now_s : the block's time; a feed's stamps are block times too
    max_age_s : the feed's heartbeat, `policy.max_oracle_age_s`
    last_good : the round that was last believed, None before the first
    """
    latest = state.round
    if state.decimals != terms.decimals:
        message = f"the feed has {state.decimals} decimals, at the start it had {terms.decimals}"
        yield Reason(Code.ORACLE_INVALID, message, float(state.decimals), float(terms.decimals), WHERE)
    if state.aggregator != terms.aggregator:
        message = f"the feed moved to the aggregator {state.aggregator}; restart to read its bounds"
        yield Reason(Code.ORACLE_INVALID, message, where=WHERE)
    if latest.answer <= 0 or latest.updated_at == 0 or latest.answered_in_round < latest.round_id:
        yield Reason(Code.ORACLE_INVALID, "the round has no positive answer of its own", float(latest.answer), 0, WHERE)
        return
    at_least = terms.min_answer is not None and latest.answer <= terms.min_answer
    at_most = terms.max_answer is not None and latest.answer >= terms.max_answer
    if at_least or at_most:
        bound = terms.min_answer if at_least else terms.max_answer
        message = "the answer stands at a bound of the feed, so the price may be beyond it"
        yield Reason(Code.ORACLE_INVALID, message, float(latest.answer), float(bound or 0), WHERE)
    age_s = now_s - latest.updated_at
    if age_s < 0:
        yield Reason(Code.ORACLE_INVALID, f"the answer is dated {-age_s} s in the future", float(age_s), 0, WHERE)
    if age_s > max_age_s:
        message = f"the answer is {age_s} s old"
        yield Reason(Code.ORACLE_STALE, message, float(age_s), max_age_s, "policy.max_oracle_age_s")
    if last_good is not None and latest.updated_at - last_good.updated_at <= JUMP_MEMORY_S:
        factor = max(latest.answer / last_good.answer, last_good.answer / latest.answer)
        if factor > MAX_JUMP_FACTOR:
            message = f"the answer went from {last_good.answer} to {latest.answer}: a lost factor or other decimals?"
            yield Reason(Code.ORACLE_JUMP, message, factor, MAX_JUMP_FACTOR, WHERE)


def sequencer_problem(latest: Round, now_s: int, grace_s: int) -> Reason | None:
    """Why prices of a rollup cannot be trusted yet: its uptime feed answers 1 for down and tells since when."""
    up_s = now_s - latest.started_at
    if latest.answer == 0 and latest.started_at > 0 and up_s >= grace_s:
        return None
    state = "is down" if latest.answer != 0 else "has only just come back" if latest.started_at else "is unknown"
    return Reason(
        Code.SEQUENCER_DOWN, f"the rollup's sequencer {state}", float(up_s), float(grace_s), "oracle.sequencer"
    )


def pool_problem(pool: PoolState) -> Reason | None:
    """Inside of somebody's swap a pool's numbers do not belong together."""
    if pool.unlocked:
        return None
    return Reason(Code.POOL_LOCKED, "the pool was read inside of a swap", where="pool")


def reserve_problem(name: str, reserve: ReserveState) -> Reason | None:
    """Parameters that contradict each other are refused as one set."""
    why = contradiction(reserve.parameters)
    return None if why is None else Reason(Code.VENUE_PARAMETERS, f"Aave's {name}: {why}", where="vault.aave")
