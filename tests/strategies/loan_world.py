"""The vault world with a loan at Aave instead of a perp: collateral and debt, and proposals carried out at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from vault_world import ETH, LOT, USD, World

from agent.config import Config
from agent.config.file import load_config
from agent.decision import Decision, Proposal
from agent.market.observation import LoanState, Observation
from agent.strategies import decide
from agent.units import HOURS_PER_YEAR, Rate

CONFIG: Config = load_config(Path(__file__).parents[2] / "configs" / "eth-lending-neutral.yaml").config
THRESHOLD = 0.78


class LoanWorld:
    """A world of `vault_world` whose equity is collateral less debt."""

    def __init__(self, supply_rate: float = 0.04, borrow_rate: float = 0.024, **changes: Any) -> None:
        self.world = World(config=CONFIG, **changes)
        self.rates = (supply_rate, borrow_rate)

    def debt_usd(self) -> float:
        return -self.world.size / 10**4 * self.world.price

    def margin_ratio(self) -> float:
        return self.world.equity / USD / self.debt_usd()

    def loan(self) -> LoanState:
        world, debt_usd = self.world, self.debt_usd()
        collateral = world.equity + int(debt_usd * USD)
        return LoanState(
            size=world.size,
            size_decimals=4,
            mark_price=world.price,
            account_value=world.equity,
            withdrawable=max(0, int(collateral - debt_usd / THRESHOLD * USD)),
            collateral=collateral,
            debt=-world.size * LOT,
            liquidation_threshold=THRESHOLD,
            supply_rate=Rate(self.rates[0], HOURS_PER_YEAR),
            borrow_rate=Rate(self.rates[1], HOURS_PER_YEAR),
            scaled_collateral=collateral,
            scaled_debt=-world.size * LOT,
            supply_index_ray=10**27,
            debt_index_ray=10**27,
        )

    def observe(self) -> Observation:
        observation = self.world.observe()
        return replace(observation, vault=replace(observation.vault, loan=self.loan()))

    def decide(self) -> Decision:
        return decide(self.observe(), CONFIG)

    def step(self) -> Decision:
        """One cycle carried out at the price less costs; cash arrives at once."""
        decision, world = self.decide(), self.world
        asked = decision.proposal
        assert (asked.to_perp, asked.from_perp) == (0, 0), "Aave has no cash account in between"
        moved = asked.deposit - asked.withdraw
        world.carry_out(Proposal(asked.spot_base_delta, asked.perp_size_delta, asked.perp_reduce_only))
        world.idle, world.equity = world.idle - moved, world.equity + moved
        assert world.idle >= 0
        assert world.equity >= 0
        assert world.size <= 0
        return decision

    def settle(self, cycles: int = 8) -> list[str]:
        """Steps until nothing is left to do, and the notes of what was done."""
        notes = []
        for _ in range(cycles):
            decision = self.step()
            if decision.proposal.is_empty():
                return notes
            notes.append(decision.note)
        raise AssertionError(f"no rest after {cycles} cycles: {notes}")


def opened(price: float = 2_000.0) -> LoanWorld:
    """A vault of a million at full size, and the price as it is now."""
    vault = LoanWorld()
    vault.settle()
    change = price / vault.world.price
    vault.world.equity -= int(vault.debt_usd() * (change - 1) * USD)
    vault.world.price = price
    assert vault.world.spot_base // LOT == -vault.world.size
    assert vault.world.spot_base > 100 * ETH
    return vault
