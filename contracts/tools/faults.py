"""The guards that `make controls` removes, one at a time, each with the test file that has to notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`before` stands exactly once in `src/<file>`; with `after` in its place, a test in `test/<noticed_by>` fails."""

    name: str
    file: str
    before: str
    after: str
    noticed_by: str


FAULTS = (
    # who may
    Fault(
        "anybody sends plans",
        "Vault.sol",
        "        _requireAgent();\n        if (mode == Mode.Halted)",
        "        if (mode == Mode.Halted)",
        "VaultPlan.t.sol",
    ),
    Fault(
        "anybody sends heartbeats",
        "Vault.sol",
        "    function heartbeat() external {\n        _requireAgent();",
        "    function heartbeat() external {",
        "VaultHeartbeat.t.sol",
    ),
    Fault(
        "anybody unwinds at any time",
        "Vault.sol",
        "if (elapsed <= bound) revert AgentNotSilent(elapsed, bound);",
        "",
        "VaultHeartbeat.t.sol",
    ),
    Fault(
        "an agent may hold a role",
        "Authority.sol",
        "if (isMember) revert AgentMayHoldNoRole(agent);",
        "isMember;",
        "VaultRoles.t.sol",
    ),
    Fault(
        "the deployer stays admin",
        "Authority.sol",
        "        _revokeRole(ADMIN_ROLE, _deployer);\n",
        "",
        "AuthorityHandOver.t.sol",
    ),
    # one plan, exactly once
    Fault(
        "any plan number",
        "Vault.sol",
        "if (plan.number != planCount + 1) revert PlanNumberWrong(plan.number, planCount + 1);",
        "",
        "VaultPlan.t.sol",
    ),
    Fault(
        "a plan for another vault",
        "Vault.sol",
        "plan.chainId != block.chainid || plan.vault != address(this)",
        "plan.chainId != block.chainid",
        "VaultPlan.t.sol",
    ),
    Fault(
        "no deadline",
        "Vault.sol",
        "if (block.timestamp > plan.deadline) revert PlanExpired(plan.deadline, block.timestamp);",
        "",
        "VaultPlan.t.sol",
    ),
    Fault(
        "a plan for another state",
        "Vault.sol",
        "if (plan.stateHash != expected) revert StateChanged(plan.stateHash, expected);",
        "expected;",
        "VaultPlan.t.sol",
    ),
    Fault(
        "no lock around a plan",
        "Vault.sol",
        "function _rebalance(Plan calldata plan) private nonReentrant {",
        "function _rebalance(Plan calldata plan) private {",
        "VaultReentrancy.t.sol",
    ),
    Fault(
        "growing in ReduceOnly",
        "Vault.sol",
        "if (mode != Mode.Active && !change.reducing) revert OnlyReducingAllowed();",
        "",
        "VaultReducing.t.sol",
    ),
    # the envelope
    Fault(
        "a deposit beside the plan stretches the limits",
        "Envelope.sol",
        "f.nav = Math.min(plan.nav, navBefore);",
        "f.nav = navBefore;",
        "VaultEnvelope.t.sol",
    ),
    Fault(
        "no gross leverage",
        "Envelope.sol",
        "if (gross > bound && !reducing) revert GrossLeverageExceeded(gross, bound);",
        "",
        "VaultEnvelope.t.sol",
    ),
    Fault(
        "no net delta",
        "Envelope.sol",
        "revert NetDeltaExceeded(netBps, bound);",
        "",
        "VaultEnvelope.t.sol",
    ),
    Fault(
        "no liquidation distance",
        "Envelope.sol",
        "revert LiquidationTooClose(distance, bound);",
        "",
        "VaultEnvelope.t.sol",
    ),
    Fault(
        "no health",
        "Envelope.sol",
        "revert HealthTooLow(health, bound);",
        "{}",
        "VaultEnvelope.t.sol",
    ),
    Fault(
        "no cap on a venue",
        "Envelope.sol",
        "if (held > bound) revert VenueCapExceeded(venue, held, bound);",
        "bound;",
        "VaultCaps.t.sol",
    ),
    Fault(
        "no cap on a base token",
        "Envelope.sol",
        "if (held > bound) revert AssetCapExceeded(token, held, bound);",
        "bound;",
        "VaultCaps.t.sol",
    ),
    Fault(
        "no cooldown",
        "Envelope.sol",
        "if (plan.elapsed < bound) revert CooldownActive(plan.elapsed, bound);",
        "",
        "VaultEnvelope.t.sol",
    ),
    Fault(
        "no minimum of idle cash",
        "Envelope.sol",
        "if (idle < bound && plan.idleAtEnd < plan.idleAtStart) revert IdleBelowMinimum(idle, bound);",
        "",
        "VaultBudgets.t.sol",
    ),
    Fault(
        "no loss per plan",
        "Envelope.sol",
        "if (lossBps > bound) revert PlanLossExceeded(lossBps, bound);",
        "",
        "VaultEnvelope.t.sol",
    ),
    Fault(
        "no loss budget",
        "Envelope.sol",
        "if (lost > bound) revert LossBudgetExceeded(lost, bound);",
        "",
        "VaultBudgets.t.sol",
    ),
    Fault(
        "no emergency loss budget",
        "Envelope.sol",
        "if (emergency > bound) revert EmergencyLossBudgetExceeded(emergency, bound);",
        "",
        "VaultBudgets.t.sol",
    ),
    Fault(
        "no turnover",
        "Envelope.sol",
        "if (turnover > bound) revert TurnoverExceeded(turnover, bound);",
        "",
        "VaultBudgets.t.sol",
    ),
    Fault(
        "a broken loss limit latches nothing",
        "VaultBook.sol",
        "        mode = to;\n",
        "",
        "VaultLatch.t.sol",
    ),
    # limits
    Fault(
        "tightening may loosen",
        "Policy.sol",
        "_requireNoLooser(tighter, now_);",
        "",
        "Policy.t.sol",
    ),
    Fault(
        "tightening may raise a cap",
        "Policy.sol",
        '_noHigher("cap", tighter.bps, now_.bps);',
        "",
        "PolicyCaps.t.sol",
    ),
    # prices
    Fault(
        "a price of any age",
        "PriceOracle.sol",
        "if (age > maxAgeSeconds) revert OracleStale(baseToken, age, maxAgeSeconds);",
        "maxAgeSeconds;",
        "PriceOracle.t.sol",
    ),
    Fault(
        "a price that two sources dispute",
        "PriceOracle.sol",
        "if (deviationBps > maxDeviationBps) revert OracleDeviates(baseToken, deviationBps, maxDeviationBps);",
        "",
        "PriceOracleSecond.t.sol",
    ),
    # shares
    Fault(
        "a jump is recognised at once",
        "VaultBook.sol",
        "return real < bound ? real : bound;",
        "return bound == 0 ? bound : real;",
        "VaultGrowth.t.sol",
    ),
    Fault(
        "one virtual share",
        "VaultBook.sol",
        "VIRTUAL_SHARES = 10 ** 6;",
        "VIRTUAL_SHARES = 1;",
        "VaultShares.t.sol",
    ),
    Fault(
        "a deposit that arrives short",
        "VaultShares.sol",
        "if (received != assets) revert TransferInexact(received, assets);",
        "",
        "VaultTokens.t.sol",
    ),
    # the queue
    Fault(
        "the last in the line is paid with the first",
        "RedemptionLine.sol",
        "length.min(uint256(_filledShares).saturatingSub(start))",
        "length.min(_filledShares)",
        "RedemptionQueueFills.t.sol",
    ),
    Fault(
        "anybody claims for anybody",
        "RedemptionQueue.sol",
        "revert NotOperator(msg.sender, account);",
        "{}",
        "RedemptionQueueClaims.t.sol",
    ),
    # venues
    Fault(
        "spot at any price",
        "adapters/UniswapV3Spot.sol",
        "if (slippageBps > maxSlippageBps) revert SlippageExceeded(slippageBps, maxSlippageBps);",
        "",
        "UniswapV3Spot.t.sol",
    ),
    Fault(
        "anybody is paid during a swap",
        "adapters/UniswapV3Swapper.sol",
        "msg.sender != address(pool) || address(tokenIn) == address(0)",
        "address(tokenIn) == address(0)",
        "UniswapV3Swapper.t.sol",
    ),
    Fault(
        "a limit price outside the collar",
        "adapters/HyperCorePerp.sol",
        "revert LimitPriceOutsideCollar(limitPx, bound);",
        "{}",
        "HyperCorePerpCollar.t.sol",
    ),
    Fault(
        "Aave's own word on health is not asked",
        "adapters/AaveV3.sol",
        "Math.min(_aaveHealthBps(), collateral * _liquidationThresholdBps() / debtValue)",
        "collateral * _liquidationThresholdBps() / debtValue",
        "AaveV3Risk.t.sol",
    ),
)
