"""A5: doubling after a loss, or after a win, under a cap that the doubling never passes; and what that costs."""

from collections.abc import Sequence
from typing import Literal

from agent.scaling.checks import finite_numbers, require_count, require_fraction

MOST_BETS = 20  # 2^20 units: beyond it the first unit is dust


@finite_numbers
def martingale_share(outcomes: Sequence[float], bets: int, after: Literal["loss", "win"] = "loss") -> float:
    """The present bet as a part of the largest one.

        k     = outcomes of the wanted sign in a row at the end, 0 when there are `bets` of them or more
        share = 2^k / 2^(bets - 1)

    `bets` bets of 1, 2, 4, ... units stand under the cap, which is the last of them: the sequence cannot outgrow it.
    Whoever lost (or won) all of them begins with one unit again, and stays there until the row has ended.

    Parameters
    ----------
    outcomes : profit of the completed rounds, the newest last; a round of zero ends a row
    bets : of a whole sequence, 1 to 20
    after : "loss" is the martingale, "win" the anti-martingale

    Returns
    -------
    In [2^(1 - bets), 1].

    >>> martingale_share([1.0, -1.0, -1.0], 4), martingale_share([-1.0, 1.0], 4, "win")
    (0.5, 0.25)
    """
    require_count(1, MOST_BETS, bets=bets)
    sign = -1 if after == "loss" else 1
    row = 0
    for outcome in reversed(outcomes):
        if outcome * sign <= 0:
            break
        row += 1
    return 2.0 ** (0 if row >= bets else row) / 2.0 ** (bets - 1)


@finite_numbers
def martingale_capital(bets: int) -> int:
    """Units that a whole sequence of losses costs.

        1 + 2 + ... + 2^(bets - 1) = 2^bets - 1

    >>> martingale_capital(10)
    1023
    """
    require_count(1, MOST_BETS, bets=bets)
    return int(2**bets) - 1


@finite_numbers
def ruin_probability(win_probability: float, bets: int) -> float:
    """Probability that one sequence loses every bet, with independent rounds.

        (1 - p)^bets

    >>> round(ruin_probability(0.5, 10), 8)
    0.00097656
    """
    require_fraction(win_probability=win_probability)
    require_count(1, MOST_BETS, bets=bets)
    return float((1 - win_probability) ** bets)


@finite_numbers
def martingale_expectation(win_probability: float, bets: int) -> float:
    """Expected profit of one sequence in units: a unit when any bet wins, else all of them lost.

        EV = (1 - q^n) - (2^n - 1) q^n,  q = 1 - p

    Zero at even odds whatever the number of bets: doubling moves losses into the tail and creates nothing.

    >>> martingale_expectation(0.5, 10)
    0.0
    """
    lost = ruin_probability(win_probability, bets)
    return (1 - lost) - martingale_capital(bets) * lost
