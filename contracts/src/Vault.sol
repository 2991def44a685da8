// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {Bucket} from "./Bucket.sol";
import {Budgets, Envelope, Snapshot} from "./Envelope.sol";
import {IAdapter} from "./interfaces/IAdapter.sol";
import {Action, Mode, Plan, VaultStatus} from "./Plan.sol";
import {Limits, Policy} from "./Policy.sol";
import {PriceOracle} from "./PriceOracle.sol";

/// @title A vault that an agent rebalances inside limits which hold even when the agent's key is stolen.
/// @notice Holders own ERC-4626 shares of idle cash and of the positions in the adapters.
/// @dev Roles
/// - owner: accepts adapters, appoints the agent, sets any mode, returns the vault to Active after a latch.
/// - guardian: sets a safer mode, removes the agent; can never loosen anything or move assets.
/// - agent: `rebalance`, nothing else.
/// - anyone: `checkpoint`, and leaving.
///
/// @dev Accounting
/// - Idle cash is counted here, not read from the token: asset sent to the vault without a deposit changes nothing and
///   stays. Only what adapters send during a plan is added. Virtual shares (offset 6) cover the first depositor.
/// - A token that takes a fee on transfer is refused at the first deposit. Rebasing tokens are not supported.
/// - The vault never gives an allowance; adapters zero theirs after every swap.
///
/// @dev What fails closed
/// - A stale or invalid price, or an adapter that cannot say its value, stops plans, deposits and redemptions until it
///   is back: there is no price at which any of them would be fair. The `max*` functions then answer 0.
/// - Inside the lock every function that tells a price reverts, and `max*` answer 0.
contract Vault is ERC4626, ERC20Permit, ReentrancyGuardTransient {
    using Bucket for uint256;
    using Envelope for Snapshot;
    using Math for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    uint256 public constant MAX_ADAPTERS = 8;
    uint8 private constant OFFSET = 6;

    Policy public immutable policy;
    PriceOracle public immutable oracle;
    address public immutable owner;
    address public immutable guardian;

    address public agent;
    Mode public mode;
    /// @notice Number of the last plan that was accepted.
    uint64 public planCount;
    /// @notice When a plan was last carried out.
    uint64 public lastPlanAt;
    /// @notice The UTC day, counted from 1970, that `dayStartPriceE18` belongs to.
    uint64 public markedDay;
    // Levels of the buckets when the last plan was carried out; they have drained since.
    uint40 private _turnover;
    uint40 private _loss;
    uint40 private _emergencyLoss;

    /// @notice Asset units held here and not sent to any adapter.
    uint256 public idleAssets;
    uint256 public highWaterMarkE18;
    uint256 public dayStartPriceE18;

    uint64 private _openedBlock;
    uint192 private _assetsAtOpening;

    address[] private _adapters;
    /// @notice The token an accepted adapter is exposed to; zero when the adapter is not accepted.
    mapping(address adapter => address) public baseTokenOf;

    event AdapterAccepted(address indexed adapter, address indexed baseToken);
    event AdapterRetired(address indexed adapter);
    event AgentSet(address indexed agent);
    event ModeSet(Mode mode, address indexed by);
    event ModeLatched(Mode mode, bytes32 limit, uint256 value, uint256 bound);
    event Checkpointed(uint256 sharePriceE18, uint256 highWaterMarkE18, uint256 dayStartPriceE18);
    event PlanExecuted(
        uint64 indexed number, uint256 navBefore, uint256 navAfter, uint256 tradedNotional, bool reducing
    );
    event PlanSkipped(uint64 indexed number, bytes32 limit);

    error ZeroAddress();
    error OracleForAnotherAsset(address oracleAsset, address asset);
    error TransferInexact(uint256 received, uint256 expected);

    error NotOwner(address caller);
    error NotOwnerOrGuardian(address caller);
    error NotAgent(address caller);
    error AgentMustDiffer(address agent);
    error GuardianMayOnlyRemoveAgent(address agent);
    error ModeNotSafer(Mode current, Mode requested);

    error TooManyAdapters(uint256 bound);
    error AdapterAlreadyAccepted(address adapter);
    error UnknownAdapter(address adapter);
    error AdapterNotEmpty(address adapter);

    error VaultHalted();
    error PlanNumberWrong(uint64 got, uint64 expected);
    error PlanForAnotherVault(uint256 chainId, address vault);
    error PlanExpired(uint64 deadline, uint256 timestamp);
    error StateChanged(bytes32 got, bytes32 expected);
    error OnlyReducingAllowed();
    error IdleTooSmall(uint256 assetIn, uint256 idle);
    error SupplyChanged(uint256 value, uint256 expected);

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    constructor(
        IERC20 asset_,
        string memory name_,
        string memory symbol_,
        Policy policy_,
        PriceOracle oracle_,
        address owner_,
        address guardian_,
        address agent_
    ) ERC20(name_, symbol_) ERC4626(asset_) ERC20Permit(name_) {
        if (address(policy_) == address(0) || owner_ == address(0) || guardian_ == address(0)) {
            revert ZeroAddress();
        }
        if (oracle_.asset() != address(asset_)) revert OracleForAnotherAsset(oracle_.asset(), address(asset_));
        policy = policy_;
        oracle = oracle_;
        owner = owner_;
        guardian = guardian_;
        _setAgent(agent_, owner_, guardian_);
        uint256 price = _sharePriceE18(0);
        _setMarks(price, price, price);
    }

    // ---------------------------------------------------------------- plans

    /// @notice Carries out the next plan, or reverts as if it had never been sent.
    /// @dev Exactly once: the number is consumed in every call that does not revert. When the checkpoint before the
    /// actions latches ReduceOnly, the actions are left out and the latch stays (`PlanSkipped`).
    function rebalance(Plan calldata plan) external nonReentrant {
        _requireExecutable(plan);
        planCount = plan.number;

        Limits memory limits = _limits();
        _openBlock();
        _requireHealthyPrices(limits.maxOracleAgeSeconds);
        uint256 gifts = _assetBalance() - idleAssets;
        _settleAdapters(gifts);

        bytes32 latched = _checkpoint(limits);
        if (latched != 0) {
            emit PlanSkipped(plan.number, latched);
            return;
        }

        uint256 supply = totalSupply();
        Snapshot memory start = _snapshot();
        (uint256 traded, bool reducing) = _carryOut(plan.actions, gifts, limits.maxSlippageBps);
        Snapshot memory end = _snapshot();

        if (mode == Mode.ReduceOnly && !reducing) revert OnlyReducingAllowed();
        if (!reducing) Envelope.checkPace(limits, block.timestamp - lastPlanAt, traded);
        // The block's opening value keeps a deposit next to the plan from stretching the limits.
        uint256 nav = Math.min(_assetsAtOpening, start.netAssets());
        Envelope.check(limits, start, end, nav, reducing);
        _charge(limits, traded, Envelope.lossOf(start, end), nav, reducing);
        if (!reducing) Envelope.checkIdle(limits, start, end, nav);
        if (totalSupply() != supply) revert SupplyChanged(totalSupply(), supply);

        lastPlanAt = uint64(block.timestamp);
        emit PlanExecuted(plan.number, start.netAssets(), end.netAssets(), traded, reducing);

        // A loss that the plan made may latch the mode; it does not undo the plan.
        _checkpoint(limits);
    }

    /// @notice Records the share price; latches ReduceOnly in this transaction if a loss limit is breached.
    /// @dev Reverts on a stale or invalid price: a price that is not known must neither latch nor raise a mark.
    function checkpoint() external nonReentrant {
        Limits memory limits = _limits();
        _openBlock();
        _requireHealthyPrices(limits.maxOracleAgeSeconds);
        _checkpoint(limits);
    }

    // ---------------------------------------------------------------- roles

    /// @notice Adds a venue. Its base token must have a price.
    function acceptAdapter(address adapter) external onlyOwner nonReentrant {
        if (_adapters.length == MAX_ADAPTERS) revert TooManyAdapters(MAX_ADAPTERS);
        if (baseTokenOf[adapter] != address(0)) revert AdapterAlreadyAccepted(adapter);
        address baseToken = IAdapter(adapter).baseToken();
        oracle.latest(baseToken);
        baseTokenOf[adapter] = baseToken;
        _adapters.push(adapter);
        emit AdapterAccepted(adapter, baseToken);
    }

    /// @notice Removes a venue that holds nothing, so that its feed can no longer stop deposits and redemptions.
    function retireAdapter(address adapter) external onlyOwner nonReentrant {
        if (baseTokenOf[adapter] == address(0)) revert UnknownAdapter(adapter);
        IAdapter venue = IAdapter(adapter);
        if (venue.value() != 0 || venue.exposure() != 0 || venue.pendingLoss() != 0) revert AdapterNotEmpty(adapter);
        delete baseTokenOf[adapter];
        uint256 last = _adapters.length - 1;
        for (uint256 i; i < last; ++i) {
            if (_adapters[i] == adapter) _adapters[i] = _adapters[last];
        }
        _adapters.pop();
        emit AdapterRetired(adapter);
    }

    /// @notice The owner appoints or removes the agent; the guardian removes it.
    function setAgent(address newAgent) external {
        if (msg.sender != owner) {
            if (msg.sender != guardian) revert NotOwnerOrGuardian(msg.sender);
            if (newAgent != address(0)) revert GuardianMayOnlyRemoveAgent(newAgent);
        }
        _setAgent(newAgent, owner, guardian);
    }

    /// @notice The owner sets any mode; the guardian only a safer one.
    /// @dev Returning to Active accepts the losses so far: the marks start anew from today's price, otherwise a
    /// drawdown that latched once would latch for ever.
    function setMode(Mode newMode) external nonReentrant {
        if (msg.sender != owner) {
            if (msg.sender != guardian) revert NotOwnerOrGuardian(msg.sender);
            if (newMode <= mode) revert ModeNotSafer(mode, newMode);
        }
        if (newMode == Mode.Active && mode != Mode.Active) {
            _requireHealthyPrices(_limits().maxOracleAgeSeconds);
            uint256 price = _sharePriceE18(_totalAssets());
            _setMarks(price, price, price);
        }
        mode = newMode;
        emit ModeSet(newMode, msg.sender);
    }

    // ---------------------------------------------------------------- views

    function adapters() external view returns (address[] memory) {
        return _adapters;
    }

    /// @notice Everything the agent reads, at the last good prices. The marks are those a checkpoint now would set.
    function status() external view nonReentrantView returns (VaultStatus memory s) {
        Snapshot memory now_ = _snapshot();
        s.totalAssets = now_.assets;
        s.idleAssets = idleAssets;
        s.totalSupply = totalSupply();
        s.sharePriceE18 = _sharePriceE18(now_.assets);
        (s.highWaterMarkE18, s.dayStartPriceE18) = _marksAt(s.sharePriceE18);
        s.grossExposure = now_.gross;
        for (uint256 i; i < now_.deltas.length; ++i) {
            s.netDelta += now_.deltas[i];
        }
        s.pendingLoss = now_.pendingLoss;
        s.liquidationDistanceBps = now_.liquidationDistanceBps;
        s.mode = mode;
        s.planCount = planCount;
        s.lastPlanAt = lastPlanAt;
        s.stateHash = stateHash();
        Budgets memory used = _budgets(_limits());
        s.turnoverUsedBps = used.turnover.usedBps();
        s.lossUsedBps = used.loss.usedBps();
        s.emergencyLossUsedBps = used.emergencyLoss.usedBps();
    }

    /// @notice What a plan must have been made for: everything that decides what it would do, except idle cash and
    /// prices, so that a depositor cannot spoil a plan.
    function stateHash() public view returns (bytes32) {
        uint256 count = _adapters.length;
        bytes32[] memory positions = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            positions[i] = IAdapter(_adapters[i]).positionHash();
        }
        return keccak256(abi.encode(block.chainid, address(this), planCount, mode, policy.version(), positions));
    }

    // ---------------------------------------------------------------- shares

    function decimals() public view override(ERC20, ERC4626) returns (uint8) {
        return super.decimals();
    }

    /// @notice Idle cash plus what the adapters hold, at the last good prices.
    /// @dev Reverts inside the lock, and with it every conversion and preview: half-way through a plan it is wrong.
    function totalAssets() public view override nonReentrantView returns (uint256) {
        return _totalAssets();
    }

    /// @notice 0 when the vault is halted or a price is not healthy, else without limit.
    function maxDeposit(address) public view override returns (uint256) {
        return mode != Mode.Halted && _isOpen(_limits().maxOracleAgeSeconds) ? type(uint256).max : 0;
    }

    /// @inheritdoc ERC4626
    function maxMint(address holder) public view override returns (uint256) {
        return maxDeposit(holder);
    }

    /// @notice What the holder owns, at most the idle cash; in every mode; 0 while a price is too old.
    function maxWithdraw(address holder) public view override returns (uint256) {
        if (!_isOpen(policy.exitOracleAgeSeconds())) return 0;
        return Math.min(convertToAssets(balanceOf(holder)), idleAssets);
    }

    /// @notice As `maxWithdraw`, in shares: the most that are worth no more than the idle cash, rounded down.
    function maxRedeem(address holder) public view override returns (uint256) {
        if (!_isOpen(policy.exitOracleAgeSeconds())) return 0;
        return Math.min(balanceOf(holder), _convertToShares(idleAssets + 1, Math.Rounding.Ceil) - 1);
    }

    function deposit(uint256 assets, address receiver) public override returns (uint256) {
        _checkpointIfPriced();
        return super.deposit(assets, receiver);
    }

    function mint(uint256 shares, address receiver) public override returns (uint256) {
        _checkpointIfPriced();
        return super.mint(shares, receiver);
    }

    function withdraw(uint256 assets, address receiver, address holder) public override returns (uint256) {
        _checkpointIfPriced();
        return super.withdraw(assets, receiver, holder);
    }

    function redeem(uint256 shares, address receiver, address holder) public override returns (uint256) {
        _checkpointIfPriced();
        return super.redeem(shares, receiver, holder);
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override nonReentrant {
        super._deposit(caller, receiver, assets, shares);
    }

    function _withdraw(address caller, address receiver, address holder, uint256 assets, uint256 shares)
        internal
        override
        nonReentrant
    {
        super._withdraw(caller, receiver, holder, assets, shares);
    }

    function _transferIn(address from, uint256 assets) internal override {
        uint256 balanceBefore = _assetBalance();
        super._transferIn(from, assets);
        uint256 received = _assetBalance() - balanceBefore;
        if (received != assets) revert TransferInexact(received, assets);
        idleAssets += assets;
    }

    function _transferOut(address to, uint256 assets) internal override {
        idleAssets -= assets;
        super._transferOut(to, assets);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return OFFSET;
    }

    // ---------------------------------------------------------------- plan, step by step

    function _requireExecutable(Plan calldata plan) private view {
        if (msg.sender != agent) revert NotAgent(msg.sender);
        if (mode == Mode.Halted) revert VaultHalted();
        if (plan.number != planCount + 1) revert PlanNumberWrong(plan.number, planCount + 1);
        if (plan.chainId != block.chainid || plan.vault != address(this)) {
            revert PlanForAnotherVault(plan.chainId, plan.vault);
        }
        if (block.timestamp > plan.deadline) revert PlanExpired(plan.deadline, block.timestamp);
        bytes32 current = stateHash();
        if (plan.stateHash != current) revert StateChanged(plan.stateHash, current);
    }

    /// @param gifts asset units lying here that were never counted
    function _settleAdapters(uint256 gifts) private {
        for (uint256 i; i < _adapters.length; ++i) {
            IAdapter(_adapters[i]).settle();
        }
        idleAssets = _assetBalance() - gifts;
    }

    /// @param gifts as above
    /// @return traded sum of the notionals that changed exposure
    /// @return reducing whether no single action let an exposure grow or change its sign. Looking at each action, not
    /// only at the end, keeps a plan that sells and buys back from passing as reducing.
    function _carryOut(Action[] calldata actions, uint256 gifts, uint256 maxSlippageBps)
        private
        returns (uint256 traded, bool reducing)
    {
        reducing = true;
        for (uint256 i; i < actions.length; ++i) {
            Action calldata action = actions[i];
            IAdapter adapter = IAdapter(action.adapter);
            if (baseTokenOf[action.adapter] == address(0)) revert UnknownAdapter(action.adapter);
            if (action.assetIn > idleAssets) revert IdleTooSmall(action.assetIn, idleAssets);

            int256 exposureBefore = adapter.exposure();
            if (action.assetIn != 0) IERC20(asset()).safeTransfer(action.adapter, action.assetIn);
            traded += adapter.execute(action.data, maxSlippageBps);
            idleAssets = _assetBalance() - gifts;
            reducing = reducing && Envelope.isNoLarger(adapter.exposure(), exposureBefore);
        }
    }

    /// @dev Before `lastPlanAt` moves on, which the levels belong to.
    function _charge(Limits memory limits, uint256 traded, uint256 loss, uint256 nav, bool reducing) private {
        Budgets memory used = _budgets(limits);
        Envelope.charge(limits, used, traded, loss, nav, reducing);
        _turnover = used.turnover.toUint40();
        _loss = used.loss.toUint40();
        _emergencyLoss = used.emergencyLoss.toUint40();
    }

    /// @dev The levels as of now.
    function _budgets(Limits memory limits) private view returns (Budgets memory) {
        uint256 elapsed = block.timestamp - lastPlanAt;
        return Budgets({
            turnover: uint256(_turnover).drained(limits.maxTurnoverBps, elapsed),
            loss: uint256(_loss).drained(limits.lossBudgetBps, elapsed),
            emergencyLoss: uint256(_emergencyLoss).drained(limits.emergencyLossBudgetBps, elapsed)
        });
    }

    // ---------------------------------------------------------------- loss latches

    /// @return latched the limit whose breach latched the mode in this call, else 0
    function _checkpoint(Limits memory limits) private returns (bytes32 latched) {
        uint256 price = _sharePriceE18(_totalAssets());
        (uint256 high, uint256 dayStart) = _marksAt(price);
        _setMarks(price, high, dayStart);

        uint256 dailyLoss = Envelope.bps(dayStart.saturatingSub(price), dayStart);
        uint256 drawdown = Envelope.bps(high.saturatingSub(price), high);
        emit Envelope.LimitChecked("max_daily_loss", dailyLoss, limits.maxDailyLossBps);
        emit Envelope.LimitChecked("max_drawdown", drawdown, limits.maxDrawdownBps);

        if (mode != Mode.Active) return 0;
        if (dailyLoss > limits.maxDailyLossBps) return _latch("max_daily_loss", dailyLoss, limits.maxDailyLossBps);
        if (drawdown > limits.maxDrawdownBps) return _latch("max_drawdown", drawdown, limits.maxDrawdownBps);
    }

    /// @dev For deposits and redemptions: without a healthy price nothing is recorded, and `max*` refuses them next.
    function _checkpointIfPriced() private nonReentrant {
        _openBlock();
        Limits memory limits = _limits();
        if (_pricesHealthy(limits.maxOracleAgeSeconds)) _checkpoint(limits);
    }

    function _latch(bytes32 limit, uint256 value, uint256 bound) private returns (bytes32) {
        mode = Mode.ReduceOnly;
        emit ModeLatched(Mode.ReduceOnly, limit, value, bound);
        return limit;
    }

    function _setMarks(uint256 price, uint256 high, uint256 dayStart) private {
        highWaterMarkE18 = high;
        dayStartPriceE18 = dayStart;
        markedDay = _today();
        emit Checkpointed(price, high, dayStart);
    }

    /// @dev The marks that a checkpoint at `price` sets. Without holders there is nobody's loss to measure.
    function _marksAt(uint256 price) private view returns (uint256 high, uint256 dayStart) {
        if (totalSupply() == 0) return (price, price);
        high = Math.max(highWaterMarkE18, price);
        dayStart = markedDay == _today() ? dayStartPriceE18 : price;
    }

    // ---------------------------------------------------------------- prices and measures

    /// @dev The first call of a block stores the latest prices and notes what the vault was worth.
    function _openBlock() private {
        for (uint256 i; i < _adapters.length; ++i) {
            oracle.poke(baseTokenOf[_adapters[i]]);
        }
        if (_openedBlock == block.number) return;
        _openedBlock = uint64(block.number);
        _assetsAtOpening = _totalAssets().toUint192();
    }

    function _requireHealthyPrices(uint256 maxAge) private {
        uint256 oldest;
        for (uint256 i; i < _adapters.length; ++i) {
            address baseToken = baseTokenOf[_adapters[i]];
            oracle.requireHealthy(baseToken, maxAge);
            (,, uint256 updatedAt) = oracle.latest(baseToken);
            oldest = Math.max(oldest, block.timestamp - updatedAt);
        }
        emit Envelope.LimitChecked("max_oracle_age_s", oldest, maxAge);
    }

    function _limits() private view returns (Limits memory) {
        return policy.limits();
    }

    function _isOpen(uint256 maxAge) private view returns (bool) {
        return !_reentrancyGuardEntered() && _pricesHealthy(maxAge);
    }

    /// @dev Never reverts, as ERC-4626 asks of `max*`.
    function _pricesHealthy(uint256 maxAge) private view returns (bool) {
        for (uint256 i; i < _adapters.length; ++i) {
            address adapter = _adapters[i];
            try oracle.requireHealthy(baseTokenOf[adapter], maxAge) {}
            catch {
                return false;
            }
            try IAdapter(adapter).value() returns (uint256) {}
            catch {
                return false;
            }
        }
        return true;
    }

    function _totalAssets() private view returns (uint256 assets) {
        assets = idleAssets;
        for (uint256 i; i < _adapters.length; ++i) {
            assets += IAdapter(_adapters[i]).value();
        }
    }

    function _assetBalance() private view returns (uint256) {
        return IERC20(asset()).balanceOf(address(this));
    }

    function _snapshot() private view returns (Snapshot memory s) {
        uint256 count = _adapters.length;
        s.assets = s.idle = idleAssets;
        s.liquidationDistanceBps = type(uint256).max;
        s.deltas = new int256[](count);
        s.baseTokens = new address[](count);
        for (uint256 i; i < count; ++i) {
            IAdapter adapter = IAdapter(_adapters[i]);
            s.baseTokens[i] = baseTokenOf[address(adapter)];
            s.assets += adapter.value();
            s.pendingLoss += adapter.pendingLoss();
            s.liquidationDistanceBps = Math.min(s.liquidationDistanceBps, adapter.liquidationDistanceBps());
            int256 exposure = adapter.exposure();
            uint256 notional = oracle.assetValue(s.baseTokens[i], SignedMath.abs(exposure));
            s.gross += notional;
            s.deltas[i] = exposure < 0 ? -notional.toInt256() : notional.toInt256();
        }
    }

    /// @dev Price of one whole share in asset units, scaled by 1e18: (assets + 1) / (supply + 10^offset) per unit.
    function _sharePriceE18(uint256 assets) private view returns (uint256) {
        return Math.mulDiv(assets + 1, 10 ** (uint256(decimals()) + 18), totalSupply() + 10 ** OFFSET);
    }

    function _today() private view returns (uint64) {
        return uint64(block.timestamp / 1 days);
    }

    function _setAgent(address newAgent, address owner_, address guardian_) private {
        if (newAgent != address(0) && (newAgent == owner_ || newAgent == guardian_)) revert AgentMustDiffer(newAgent);
        agent = newAgent;
        emit AgentSet(newAgent);
    }
}
