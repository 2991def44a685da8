"""What a loan at Aave earned and cost between two states of a vault, from its balances and Aave's indexes."""

from dataclasses import dataclass

from agent.ledger.events import LoanIndexes
from agent.market.observation import LoanState, VaultState

RAY = 10**27


@dataclass(frozen=True, slots=True)
class LoanInterval:
    """The loan over one interval, in USD; a positive part adds to net asset value."""

    price: float
    interest: float

    @classmethod
    def between(cls, first: VaultState, last: VaultState, indexes: LoanIndexes) -> "LoanInterval | None":
        """The interval between two states of one vault, or None when it has no loan.

            price    = -debt x d(oracle)                              of the debt at the start
            interest = collateral interest - debt interest x oracle   at the end's price
            each     = s0 (i - i0) + s1 (i1 - i)                      s scaled balances, i indexes, i at the plan

        Parameters
        ----------
        indexes : of the plan between the states, if it touched the loan
        """
        before, after = first.loan, last.loan
        if before is None and after is None:
            return None
        if before is None or after is None:
            raise ValueError("a loan leg appeared or vanished between two states; attribute them from one setup only")
        earned = _interest(*_supply(before), *_supply(after), indexes.supply_ray)
        owed = _interest(*_debt(before), *_debt(after), indexes.debt_ray)
        return cls(
            price=-first.base.to_float(before.debt) * (last.oracle_price - first.oracle_price),
            interest=earned / RAY / 10**last.asset.decimals - owed / RAY / 10**last.base.decimals * last.oracle_price,
        )


def _interest(scaled0: int, index0: int, scaled1: int, index1: int, index: int | None) -> int:
    """Interest in smallest units times ray; a balance that changed at no known moment changed at the interval's end."""
    changed_at = index1 if index is None else index
    return scaled0 * (changed_at - index0) + scaled1 * (index1 - changed_at)


def _supply(loan: LoanState) -> tuple[int, int]:
    return loan.scaled_collateral, loan.supply_index_ray


def _debt(loan: LoanState) -> tuple[int, int]:
    return loan.scaled_debt, loan.debt_index_ray
