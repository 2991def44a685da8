"""Time for the service: the wall, checked against the chain and against gaps that a sleeping machine leaves."""

from agent.reasons import Code, Reason

LARGEST_SKEW_S = 30


def clock_skew(wall_s: float, newest_block_s: int, block_time_s: float) -> Reason | None:
    """Why nothing may be decided: the machine's clock and the chain's are apart.

        newest block - skew <= wall <= newest block + block time + skew

    A chain that has stopped looks the same as a clock that runs ahead, and is refused the same.
    """
    ahead = wall_s - newest_block_s
    if -LARGEST_SKEW_S <= ahead <= block_time_s + LARGEST_SKEW_S:
        return None
    message = f"the machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the newest block"
    return Reason(Code.CLOCK_SKEW, message, abs(ahead), block_time_s + LARGEST_SKEW_S, "the machine's clock")


def missed(last_started_s: float | None, now_s: float, interval_s: float) -> Reason | None:
    """Why the first cycle after a gap only looks: everything that is remembered is old."""
    if last_started_s is None or now_s - last_started_s <= 2 * interval_s:
        return None
    gap = now_s - last_started_s
    return Reason(Code.MISSED_CYCLES, f"the last cycle began {gap:.0f} s ago", gap, 2 * interval_s, "timing.interval_s")
