"""Gate and contract side by side: 10,000 random plans, each judged by both from the same numbers.

What the gate approves the contract must accept, and what the contract refuses the gate must refuse under the same code.
The other way round the gate may be stricter: it knows limits that the vault checks elsewhere.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import pytest
from vault_world import CARRY_CONFIG, NOW, World

from agent.config import Config
from agent.decision import Approved, Decision, Proposal, Target
from agent.execution.revert_codes import reason_for
from agent.market.observation import Observation, PerpState, VaultState
from agent.policy import ContractCap, Policy
from agent.reasons import Code
from agent.risk import check
from agent.risk.change import Change, measure
from agent.risk.costs import Costs
from chains import artifacts
from chains.local import DEPLOYER, LocalChain, Sender
from chains.multicall import Call, CallReverted, read_all

SEED = 20_261_121
POLICIES, CASES_PER_POLICY, BATCH = 40, 250, 125
USD = 10**6
BPS = 10_000
NONE = 2**256 - 1
WINDOWS_S = (86_400, 604_800, 604_800)
BASE_PER_LOT = 10**14
SPOT_VENUE, PERP_VENUE, TOKEN = ("0x" + f"{number:040x}" for number in (0xA1, 0xA2, 0xA3))

LIMITS_OF_A_PLAN = {
    Code.GROSS_LEVERAGE,
    Code.NET_DELTA,
    Code.LIQUIDATION_TOO_CLOSE,
    Code.HEALTH_TOO_LOW,
    Code.VENUE_CAP,
    Code.ASSET_CAP,
    Code.COOLDOWN,
    Code.TRADE_TOO_LARGE,
    Code.MIN_IDLE,
    Code.PLAN_LOSS,
    Code.TURNOVER,
    Code.LOSS_BUDGET,
    Code.EMERGENCY_LOSS_BUDGET,
}


GENEROUS: dict[str, float] = {
    "max_gross_leverage": 3.0,
    "max_net_delta": 1.0,
    "max_trade_usd": 1e7,
    "max_slippage": 0.05,
    "max_loss_per_plan": 0.05,
    "min_liquidation_distance": 0.03,
    "min_health": 1.05,
    "cooldown_s": 30,
    "max_turnover": 20.0,
    "loss_budget": 0.05,
    "emergency_loss_budget": 0.05,
    "min_idle": 0.0001,
    "venue_cap": 10.0,
    "venue_cap_usd": 1e8,
    "asset_cap": 10.0,
    "asset_cap_usd": 1e8,
}
TIGHT: dict[str, tuple[float, float]] = {
    "max_gross_leverage": (0.2, 2.0),
    "max_net_delta": (0.01, 0.4),
    "max_trade_usd": (20_000, 500_000),
    "max_loss_per_plan": (0.0001, 0.002),
    "min_liquidation_distance": (0.1, 0.6),
    "min_health": (3.0, 6.0),
    "cooldown_s": (600, 4_000),
    "max_turnover": (0.1, 1.5),
    "loss_budget": (0.0003, 0.005),
    "emergency_loss_budget": (0.0003, 0.005),
    "min_idle": (0.05, 0.4),
    "venue_cap": (0.2, 1.0),
    "venue_cap_usd": (100_000, 1_000_000),
    "asset_cap": (0.3, 1.8),
    "asset_cap_usd": (200_000, 2_000_000),
}
TOGETHER = 4  # limits that are tight in one policy; if all were, the first would hide the others


def random_policy(random: np.random.Generator) -> Policy:
    limits = dict(GENEROUS)
    for name in random.choice(list(TIGHT), size=TOGETHER, replace=False):
        limits[name] = round(float(random.uniform(*TIGHT[name])), 4)
    limits["cooldown_s"] = int(limits["cooldown_s"])
    return CARRY_CONFIG.policy.model_copy(update=limits)


@dataclass(frozen=True)
class Case:
    """A vault, a plan for it, and the levels of the vault's buckets at its last plan."""

    observation: Observation
    proposal: Proposal
    levels: tuple[int, ...]


def random_case(random: np.random.Generator, policy: Policy) -> Case:
    """A vault of about a million in any shape, hedged or not, and a plan of any kind, most of them near a limit."""
    price = float(random.uniform(500, 5_000))
    mark = price * float(random.uniform(0.98, 1.02))
    lot_usd = price / 10**4
    held = int(random.uniform(0, 1_200_000) / lot_usd)
    skew = int(random.normal(0, 100_000) / lot_usd) * int(random.integers(0, 2))
    spot, size = held * BASE_PER_LOT, -max(0, held + skew)
    equity = int(random.uniform(0.05, 0.9) * max(held * lot_usd, 10_000) * USD)
    perp = PerpState(
        size=size,
        expected_size=size,
        size_decimals=4,
        max_leverage=int(random.choice([10, 20, 25, 50])),
        mark_price=mark,
        oracle_price=price,
        account_value=equity,
        withdrawable=equity,
        core_spot_usdc=int(random.uniform(0, 100_000) * USD),
        in_flight=0,
        pending_until=0,
        funding_received=0,
        fees_paid=0,
        traded_notional=0,
        fills=0,
        rejections=0,
        liquidations=0,
    )
    idle = int(random.uniform(1_000, 800_000) * USD)
    observation = World(idle=idle, equity=equity).observe()
    vault = replace(
        observation.vault,
        total_assets=idle + equity + perp.core_spot_usdc + int(held * lot_usd * USD),
        idle_assets=idle,
        spot_base=spot,
        perp=perp,
        oracle_price=price,
        pool_price=price * float(random.uniform(0.99, 1.01)),
        last_plan_at=NOW - int(random.integers(0, 5_000)),
    )
    limits, elapsed = policy.to_contract(), NOW - vault.last_plan_at
    bounds = (limits.max_turnover_bps, limits.loss_budget_bps, limits.emergency_loss_budget_bps)
    levels = tuple(
        int(random.uniform(0, 1.05) * bound * window) for bound, window in zip(bounds, WINDOWS_S, strict=True)
    )
    turnover, loss, emergency = (
        used_bps(level, bound, window, elapsed) for level, bound, window in zip(levels, bounds, WINDOWS_S, strict=True)
    )
    vault = replace(vault, turnover_used_bps=turnover, loss_used_bps=loss, emergency_loss_used_bps=emergency)
    return Case(replace(observation, vault=vault), random_proposal(random, vault, lot_usd), levels)


def used_bps(level: int, bound: int, window: int, elapsed: int) -> int:
    """What `Policy.usedBps` tells of a bucket: drained since the last plan, rounded up."""
    return -(-max(0, min(level, bound * window) - bound * elapsed) // window)


def random_proposal(random: np.random.Generator, vault: VaultState, lot_usd: float) -> Proposal:
    lots = int(random.exponential(150_000) / lot_usd)
    affordable = min(lots, int(vault.idle_assets / USD / (lot_usd * 1.05)))  # the vault reverts on more
    kind = int(random.integers(0, 5))
    assert vault.perp is not None
    if kind == 0:  # both legs wider
        return Proposal(affordable * BASE_PER_LOT, -affordable)
    if kind == 1:  # both legs narrower
        cut = min(lots, vault.spot_base // BASE_PER_LOT, -vault.perp.size)
        return Proposal(-cut * BASE_PER_LOT, cut, perp_reduce_only=cut > 0)
    if kind == 2:  # one leg only, either way
        return Proposal(int(random.choice([affordable, -min(lots, vault.spot_base // BASE_PER_LOT)])) * BASE_PER_LOT)
    if kind == 3:
        return Proposal(perp_size_delta=int(random.choice([-1, 1])) * lots)
    deposit = min(vault.idle_assets, int(random.uniform(0, 300_000) * USD))
    return Proposal(deposit=deposit, perp_size_delta=-lots * int(random.integers(0, 2)))


def position(value: int, exposure: int, pending_loss: int, distance: int, health: int) -> tuple[object, ...]:
    return (value, exposure, pending_loss, distance, health, b"\0" * 32)


def perp_risk(perp: PerpState, size: int, equity: int) -> tuple[int, int]:
    """Distance to liquidation and health in bps, as contracts/src/adapters/HyperCorePerp.sol computes them."""
    if size == 0:
        return NONE, NONE
    notional = round(abs(size) * perp.mark_price * 100)  # USD with 6 decimals
    twice = 2 * perp.max_leverage
    excess = max(0, equity * twice - notional)
    distance = excess * BPS // (notional * (twice - (1 if size > 0 else -1)))
    return distance, max(0, equity) * twice * BPS // notional


def as_contract_sees(change: Change, proposal: Proposal, vault: VaultState, costs: Costs) -> tuple[object, ...]:
    """The `Change` that the vault would hand to `Policy.enforce` if everything filled at its worst price."""
    perp = vault.perp
    assert perp is not None
    price_e36 = round(vault.oracle_price * 10**8) * 10 ** (36 + 6 - 18 - 8)
    end_spot, end_size = vault.spot_base + proposal.spot_base_delta, perp.size + proposal.perp_size_delta
    perp_loss = ceil(abs(proposal.perp_size_delta) * perp.mark_price / 10**4 * costs.perp_loss() * USD)
    spot_worth = abs(proposal.spot_base_delta) * price_e36 // 10**36
    spot_loss = ceil(spot_worth * change.spot_slippage)
    paid = spot_worth if proposal.spot_base_delta > 0 else -spot_worth
    value = perp.account_value + perp.core_spot_usdc
    start_risk, end_risk = (
        perp_risk(perp, perp.size, perp.account_value),
        perp_risk(perp, end_size, perp.account_value - perp_loss),
    )
    start = [
        position(vault.spot_base * price_e36 // 10**36, vault.spot_base, 0, NONE, NONE),
        position(value, perp.size * BASE_PER_LOT, 0, *start_risk),
    ]
    end = [
        position(end_spot * price_e36 // 10**36, end_spot, 0, NONE, NONE),
        position(value + proposal.deposit, end_size * BASE_PER_LOT, perp_loss, *end_risk),
    ]
    return (
        1,
        change.reducing,
        round(change.traded_usd * USD),
        vault.total_assets,
        NOW - vault.last_plan_at,
        vault.idle_assets,
        vault.idle_assets - paid - spot_loss - proposal.deposit,
        [
            (venue, TOKEN, price_e36, before, after)
            for venue, before, after in zip((SPOT_VENUE, PERP_VENUE), start, end, strict=True)
        ],
    )


@pytest.fixture
def deploy(chain: LocalChain) -> Callable[[Policy], str]:
    """Puts a policy on the chain whose admin is the deployer, with the caps of its file."""
    sender = Sender(chain.node, DEPLOYER)

    def of(policy: Policy) -> str:
        authority = sender.create(artifacts.load("Authority"))
        address = sender.create(artifacts.load("Policy"), authority, policy.to_contract().as_tuple())
        loosen = artifacts.load("Policy").function("loosenCap")
        caps: list[tuple[str, ContractCap]] = [
            (SPOT_VENUE, policy.venue_cap_to_contract()),
            (PERP_VENUE, policy.venue_cap_to_contract()),
            (TOKEN, policy.asset_cap_to_contract()),
        ]
        for key, cap in caps:
            sender.send(address, loosen, key, cap.as_tuple())
        return address

    return of


def verdicts_of_contract(chain: LocalChain, address: str, cases: list[Case], costs: Costs) -> list[Code | None]:
    """None for a plan that the contract accepts, else the code of its refusal."""
    enforce = artifacts.load("Policy").function("enforce")
    calls = []
    for case in cases:
        vault = case.observation.vault
        change = measure(case.proposal, vault, costs)
        calls.append(Call(address, enforce, (as_contract_sees(change, case.proposal, vault, costs), case.levels)))
    answers = []
    for first in range(0, len(calls), BATCH):
        answers += read_all(chain.node, chain.node.head(), calls[first : first + BATCH], allow_reverts=True)
    return [reason_for(answer.data).code if isinstance(answer, CallReverted) else None for answer in answers]


def verdict_of_gate(case: Case, config: Config) -> set[Code]:
    """The codes of all refusals; none for a plan that the gate approves."""
    decision = Decision(NOW, "test", Target(0.5, 0.0, 0.0, 0.0), (), case.proposal, "a test")
    verdict = check(decision, case.observation, config)
    return set() if isinstance(verdict, Approved) else {reason.code for reason in verdict.reasons}


def test_gate_and_contract_agree_on_ten_thousand_random_plans(
    chain: LocalChain, deploy: Callable[[Policy], str]
) -> None:
    random = np.random.Generator(np.random.PCG64(SEED))
    refused: Counter[Code] = Counter()
    approved = judged = 0
    for _ in range(POLICIES):
        policy = random_policy(random)
        config = CARRY_CONFIG.model_copy(update={"policy": policy})
        cases = [random_case(random, policy) for _ in range(CASES_PER_POLICY)]
        on_chain = verdicts_of_contract(chain, deploy(policy), cases, Costs.of(config))
        for case, code in zip(cases, on_chain, strict=True):
            codes = verdict_of_gate(case, config)
            judged += 1
            if code is None:
                approved += not codes
                continue
            refused[code] += 1
            assert code in codes, f"the contract refuses as {code}, the gate says {codes}: {case}"
    assert judged == 10_000
    assert approved > 300
    assert set(refused) == LIMITS_OF_A_PLAN
    assert min(refused.values()) >= 10, refused
