"""What a transaction may pay: the first fees, the higher ones of a replacement, and the two caps above them."""

from dataclasses import dataclass

from agent.reasons import Code, Reason

GWEI = 10**9
# Clients want 10 % on both fees before they replace (anvil takes less); an eighth leaves room for their rounding.
BUMP_NUMERATOR, BUMP_DENOMINATOR = 9, 8


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 fees in wei per gas; `max_fee_wei` holds base fee and priority together."""

    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How much may be paid.

    Parameters
    ----------
    max_fee_wei : cap per gas, base fee and priority together
    urgent_max_fee_wei : the same for plans that reduce risk, and for cancelling; at least `max_fee_wei`
    priority_fee_wei : per gas, of the chain's registry entry
    """

    max_fee_wei: int
    urgent_max_fee_wei: int
    priority_fee_wei: int

    def __post_init__(self) -> None:
        if not 0 < self.priority_fee_wei <= self.max_fee_wei <= self.urgent_max_fee_wei:
            raise ValueError(f"expected 0 < priority fee <= cap <= urgent cap, got {self}")

    def cap(self, *, urgent: bool) -> int:
        """The most that may be paid per gas, in wei."""
        return self.urgent_max_fee_wei if urgent else self.max_fee_wei

    def first(self, base_fee_wei: int, *, urgent: bool) -> Fees | Reason:
        """Fees that survive a doubling of the base fee, or FEE_ABOVE_CAP when today's is above the cap already."""
        cap, needed = self.cap(urgent=urgent), base_fee_wei + self.priority_fee_wei
        if needed > cap:
            key = "execution.urgent_max_fee_gwei" if urgent else "execution.max_fee_gwei"
            message = "base fee and priority fee are above the cap, in gwei"
            return Reason(Code.FEE_ABOVE_CAP, message, needed / GWEI, cap / GWEI, key)
        return Fees(min(2 * base_fee_wei + self.priority_fee_wei, cap), self.priority_fee_wei)

    def replacement(self, previous: Fees, base_fee_wei: int, *, urgent: bool) -> Fees | None:
        """Fees at least an eighth above the previous ones, both of them, or None when the cap leaves no room.

        Equation: max_fee' = max(9/8 max_fee, 2 base_fee + priority'), at most the cap; priority' = 9/8 priority.
        """
        priority, least = _more(previous.priority_fee_wei), _more(previous.max_fee_wei)
        cap = self.cap(urgent=urgent)
        if least > cap:
            return None
        return Fees(min(max(least, 2 * base_fee_wei + priority), cap), priority)


def _more(fee_wei: int) -> int:
    """An eighth more, rounded up."""
    return -(-fee_wei * BUMP_NUMERATOR // BUMP_DENOMINATOR)
