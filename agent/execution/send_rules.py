"""How long a sender waits for a transaction, and how deep it trusts a block."""

from dataclasses import dataclass

from chains.registry import Chain

RESEND_S = 10.0  # of a live chain: long enough for bytes to go around, short beside the time until they are replaced


@dataclass(frozen=True, slots=True)
class SendRules:
    """How long to wait and how deep to trust. The defaults fit a chain that mines on arrival and never reorganises.

    Parameters
    ----------
    confirmation_blocks : blocks on top of a transaction before it counts as mined
    finality_blocks : blocks on top after which it is looked at no more
    replace_after_s : block time after which bytes without a block are replaced by dearer ones
    halt_after_s : block time after the deadline, or after the last replacement, when waiting ends in a halt
    resend_s : bytes that nobody shows are not sent again before
    wait_s, poll_s : how long one call waits for an outcome, and how often it looks, by a monotonic clock
    """

    confirmation_blocks: int = 0
    finality_blocks: int = 0
    replace_after_s: int = 30
    halt_after_s: int = 300
    resend_s: float = 0.0
    wait_s: float = 0.0
    poll_s: float = 0.5

    @classmethod
    def of(cls, chain: Chain, *, wait_s: float, poll_s: float) -> "SendRules":
        """The rules of a chain's registry entry."""
        depths = (chain.confirmation_blocks, chain.finality_blocks)
        return cls(*depths, replace_after_s=chain.replace_after_s, resend_s=RESEND_S, wait_s=wait_s, poll_s=poll_s)

    def __post_init__(self) -> None:
        if not 0 <= self.confirmation_blocks <= self.finality_blocks:
            raise ValueError(f"expected 0 <= confirmation_blocks <= finality_blocks, got {self}")
        if min(self.replace_after_s, self.halt_after_s) < 1 or min(self.wait_s, self.resend_s) < 0 or self.poll_s <= 0:
            raise ValueError(f"expected positive times, got {self}")
