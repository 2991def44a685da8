// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Budgets, Change, Leg} from "./Envelope.sol";
import {IAdapter, Position} from "./interfaces/IAdapter.sol";
import {IAuthority} from "./interfaces/IAuthority.sol";
import {IRedemptionQueue} from "./interfaces/IRedemptionQueue.sol";
import {Action, Figures, Mode, Plan} from "./Plan.sol";
import {Policy} from "./Policy.sol";
import {Portfolio, Quote} from "./Portfolio.sol";
import {Book, Fees, Marks, Prices} from "./VaultBook.sol";
import {VaultShares} from "./VaultShares.sol";

/// @title A vault that an agent rebalances inside limits which hold even when the agent's key is stolen.
/// @notice Holders own ERC-4626 shares of idle cash and of the positions in the adapters. The agent may call `rebalance`
/// and `heartbeat`; anybody `checkpoint`, `unwind` once the agent is silent, and leave. All else is for the roles of the
/// authority, see Authority.
/// @dev The vault never gives an allowance. A token that takes a fee on transfer is refused at the first deposit.
contract Vault is VaultShares {
    using Math for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    event AgentSet(address indexed agent);
    event FeesSet(Fees fees);
    event QueueSet(address indexed queue);
    event Heartbeat();
    event PlanExecuted(
        uint64 indexed number, uint256 navBefore, uint256 navAfter, uint256 tradedNotional, bool reducing
    );
    event PlanSkipped(uint64 indexed number, bytes32 limit);
    event Unwound(address indexed by, uint256 partBps);
    event UnwindSkipped(address indexed adapter);

    error AssetDecimalsTooLarge(uint8 decimals);
    error NotAgent(address caller);
    error ModeNotSafer(Mode current, Mode requested);
    error FeeTooHigh(uint256 value, uint256 bound);
    error QueueForAnotherVault(address queue);

    error UnknownAdapter(address adapter);

    error VaultHalted();
    error PlanNumberWrong(uint64 got, uint64 expected);
    error PlanForAnotherVault(uint256 chainId, address vault);
    error PlanExpired(uint64 deadline, uint256 timestamp);
    error StateChanged(bytes32 got, bytes32 expected);
    error OnlyReducingAllowed();
    error IdleTooSmall(uint256 assetIn, uint256 idle);
    error SupplyChanged(uint256 value, uint256 expected);
    error AgentNotSilent(uint256 elapsed, uint256 bound);

    constructor(IERC20 asset_, string memory name_, string memory symbol_, Policy policy_, address agent_)
        ERC20(name_, symbol_)
        ERC4626(asset_)
        ERC20Permit(name_)
        AccessManaged(policy_.authority())
    {
        if (ERC4626.decimals() > 30) revert AssetDecimalsTooLarge(ERC4626.decimals());
        policy = policy_;
        portfolio = new Portfolio(address(this), address(asset_), policy_);
        lastSignAt = uint40(block.timestamp);
        _appoint(agent_);
    }

    // ---------------------------------------------------------------- the agent

    /// @notice Carries out the next plan, or reverts as if it had never been sent.
    /// @dev Exactly once: the number is consumed in every call that does not revert. When a loss limit is found broken
    /// before the actions, the actions are left out and the latch stays (`PlanSkipped`).
    function rebalance(Plan calldata plan) external {
        _rebalance(plan);
        _fillQueue();
    }

    /// @notice Tells that the agent is alive and sees nothing to do.
    function heartbeat() external {
        _requireAgent();
        lastSignAt = uint40(block.timestamp);
        emit Heartbeat();
    }

    // ---------------------------------------------------------------- anybody

    /// @notice Records the share price; latches the mode in this transaction if a loss limit is broken.
    /// @dev Reverts on a price that cannot be trusted: it must neither latch nor raise a mark.
    function checkpoint() external nonReentrant {
        _openBook(false);
    }

    /// @notice Brings a vault whose agent is silent one step nearer to cash: every venue closes `partBps` of its
    /// position, or moves what is free towards the vault. Slippage and the emergency loss budget bind as ever.
    function unwind(uint256 partBps) external {
        _unwind(partBps);
        _fillQueue();
    }

    // ---------------------------------------------------------------- roles

    function setAgent(address newAgent) external restricted {
        _appoint(newAgent);
    }

    function removeAgent() external restricted {
        _appoint(address(0));
    }

    function makeSafer(Mode safer) external restricted {
        if (safer <= mode) revert ModeNotSafer(mode, safer);
        _setMode(safer);
    }

    /// @notice Returns to Active and accepts the losses so far: the marks start anew from today's price, otherwise a
    /// drawdown that latched once would latch for ever. The mark of the performance fee stays.
    function activate() external restricted nonReentrant {
        Book memory b = _openBook(false);
        uint128 price = uint128(b.sharePriceE18);
        _marks = Marks(price, b.marks.feeMark, price, price);
        _setMode(Mode.Active);
    }

    /// @dev Fees so far are taken at the old rates; a performance fee counts from the price of today, or from the highest
    /// one that a fee was taken at.
    function setFees(Fees calldata newFees) external restricted nonReentrant {
        if (newFees.managementBps > MAX_MANAGEMENT_FEE_BPS) {
            revert FeeTooHigh(newFees.managementBps, MAX_MANAGEMENT_FEE_BPS);
        }
        if (newFees.performanceBps > MAX_PERFORMANCE_FEE_BPS) {
            revert FeeTooHigh(newFees.performanceBps, MAX_PERFORMANCE_FEE_BPS);
        }
        _openBook(false);
        fees = newFees;
        emit FeesSet(newFees);
    }

    function setQueue(IRedemptionQueue newQueue) external restricted {
        if (address(newQueue) != address(0) && newQueue.share() != address(this)) {
            revert QueueForAnotherVault(address(newQueue));
        }
        queue = newQueue;
        emit QueueSet(address(newQueue));
    }

    // ---------------------------------------------------------------- views

    /// @notice The books at the last good prices; VaultLens makes the agent's view of them.
    function figures() external view nonReentrantView returns (Figures memory f) {
        Book memory b = _viewBook(Prices.LastGood);
        f.real = b.real;
        f.bounded = b.bounded;
        f.supply = b.supply;
        f.sharePriceE18 = b.sharePriceE18;
        f.highWaterMarkE18 = b.marks.highWaterMark;
        f.dayStartPriceE18 = b.marks.dayStart;
        f.weekStartPriceE18 = b.marks.weekStart;
        f.budgets = _budgets();
        f.stateHash = _stateHashAt(portfolio.fingerprint(), planCount, mode);
    }

    // ---------------------------------------------------------------- plan, step by step

    function _rebalance(Plan calldata plan) private nonReentrant {
        _requireExecutable(plan);
        planCount = uint40(plan.number);
        lastSignAt = uint40(block.timestamp);
        (Book memory b, Change memory change) = _openPlan(plan.number);
        // The mode that the plan was made for: the latch comes after it.
        bytes32 expected = _stateHashAt(_fingerprint(change.legs), plan.number - 1, mode);
        if (plan.stateHash != expected) revert StateChanged(plan.stateHash, expected);
        bytes32 latched = _latchIfBroken(b.limits.latchMode, _lossesOf(b));
        if (latched != 0) {
            _record(b);
            emit PlanSkipped(plan.number, latched);
            return;
        }

        uint256 supply = totalSupply();
        for (uint256 i; i < plan.actions.length; ++i) {
            Action calldata action = plan.actions[i];
            Leg memory leg = change.legs[_indexOf(action.adapter, change.legs)];
            if (action.assetIn > idleAssets) revert IdleTooSmall(action.assetIn, idleAssets);
            if (action.assetIn != 0) IERC20(asset()).safeTransfer(action.adapter, action.assetIn);
            (uint256 traded, Position memory held) =
                IAdapter(leg.adapter).execute(action.data, leg.priceE36, b.limits.maxSlippageBps);
            _follow(leg, change, traded, held, b.gifts);
        }
        if (mode != Mode.Active && !change.reducing) revert OnlyReducingAllowed();
        _finish(b, change);
        if (totalSupply() != supply) revert SupplyChanged(totalSupply(), supply);
    }

    function _unwind(uint256 partBps) private nonReentrant {
        (Book memory b, Change memory change) = _openPlan(planCount);
        uint256 elapsed = block.timestamp - lastSignAt;
        uint256 bound = b.limits.maxSilenceSeconds;
        if (elapsed <= bound) revert AgentNotSilent(elapsed, bound);
        for (uint256 i; i < change.legs.length; ++i) {
            Leg memory leg = change.legs[i];
            // A venue that cannot move now must not hold up the others; the limits on what is left hold all the same.
            try IAdapter(leg.adapter).reduce(partBps, leg.priceE36, b.limits.maxSlippageBps) returns (
                uint256 traded, Position memory held
            ) {
                _follow(leg, change, traded, held, b.gifts);
            } catch {
                emit UnwindSkipped(leg.adapter);
            }
        }
        if (!change.reducing) revert OnlyReducingAllowed();
        _finish(b, change);
        emit Unwound(msg.sender, partBps);
    }

    /// @dev As `_openBook`, but brings home what arrived since the last plan, and asks every venue for its position.
    function _openPlan(uint64 number) private returns (Book memory b, Change memory change) {
        _open(b);
        change.number = number;
        change.reducing = true;
        change.elapsed = block.timestamp - lastPlanAt;
        Quote[] memory quotes = portfolio.quote(b.limits.maxOracleAgeSeconds);
        change.legs = new Leg[](quotes.length);
        for (uint256 i; i < quotes.length; ++i) {
            Leg memory leg = change.legs[i];
            (leg.adapter, leg.token, leg.priceE36) = (quotes[i].adapter, quotes[i].token, quotes[i].priceE36);
            leg.start = leg.end = IAdapter(leg.adapter).settle(leg.priceE36);
        }
        _countIdle(b.gifts);
        change.idleAtStart = idleAssets;
        _appraise(b, _valueOf(change.legs));
        _openBlock(b.real);
        _takeFees(b.feeShares);
        // The block's opening value keeps a deposit next to the plan from stretching the limits.
        change.nav = _assetsAtOpening;
    }

    /// @dev Looking at each action, not only at the end, keeps a plan that sells and buys back from passing as reducing.
    function _follow(Leg memory leg, Change memory change, uint256 traded, Position memory held, uint256 gifts) private {
        change.traded += traded;
        change.reducing = change.reducing && _isNoLarger(held.exposure, leg.end.exposure);
        leg.end = held;
        _countIdle(gifts);
    }

    function _finish(Book memory b, Change memory change) private {
        change.idleAtEnd = idleAssets;
        (Budgets memory left, uint256 navBefore, uint256 navAfter) = policy.enforce(change, _budgets());
        _turnover = left.turnover.toUint40();
        _loss = left.loss.toUint40();
        _emergencyLoss = left.emergencyLoss.toUint40();
        lastPlanAt = uint40(block.timestamp);
        emit PlanExecuted(change.number, navBefore, navAfter, change.traded, change.reducing);
        // A loss that the plan made may latch the mode; it does not undo the plan.
        _reappraise(b, _valueOf(change.legs));
        _record(b);
    }

    function _requireExecutable(Plan calldata plan) private view {
        _requireAgent();
        if (mode == Mode.Halted) revert VaultHalted();
        if (plan.number != planCount + 1) revert PlanNumberWrong(plan.number, planCount + 1);
        if (plan.chainId != block.chainid || plan.vault != address(this)) {
            revert PlanForAnotherVault(plan.chainId, plan.vault);
        }
        if (block.timestamp > plan.deadline) revert PlanExpired(plan.deadline, block.timestamp);
    }

    /// @dev Outside the lock, because the queue redeems. A queue that fails must not stop a plan.
    function _fillQueue() private {
        if (address(queue) == address(0) || balanceOf(address(queue)) == 0) return;
        try queue.fill() {} catch {}
    }

    // ---------------------------------------------------------------- parts

    function _requireAgent() private view {
        if (msg.sender != agent) revert NotAgent(msg.sender);
    }

    function _appoint(address newAgent) private {
        IAuthority(authority()).requireNoRole(newAgent);
        agent = newAgent;
        emit AgentSet(newAgent);
    }

    function _setMode(Mode newMode) private {
        mode = newMode;
        emit ModeSet(newMode, msg.sender);
    }

    function _indexOf(address adapter, Leg[] memory legs) private pure returns (uint256 index) {
        while (index < legs.length && legs[index].adapter != adapter) ++index;
        if (index == legs.length) revert UnknownAdapter(adapter);
    }

    function _valueOf(Leg[] memory legs) private pure returns (uint256 value) {
        for (uint256 i; i < legs.length; ++i) {
            value += legs[i].end.value;
        }
    }

    function _budgets() private view returns (Budgets memory) {
        return Budgets(_turnover, _loss, _emergencyLoss);
    }

    /// @dev Everything that decides what a plan would do, except idle cash and prices, so that a depositor cannot spoil it.
    function _stateHashAt(bytes32 fingerprint, uint256 count, Mode mode_) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), count, mode_, policy.version(), fingerprint));
    }

    /// @dev As `Portfolio.fingerprint`.
    function _fingerprint(Leg[] memory legs) private pure returns (bytes32 joined) {
        for (uint256 i; i < legs.length; ++i) {
            joined = keccak256(abi.encode(joined, legs[i].start.fingerprint));
        }
    }

    function _isNoLarger(int256 exposureAfter, int256 exposureBefore) private pure returns (bool) {
        if (exposureBefore >= 0) return exposureAfter >= 0 && exposureAfter <= exposureBefore;
        return exposureAfter <= 0 && exposureAfter >= exposureBefore;
    }
}
