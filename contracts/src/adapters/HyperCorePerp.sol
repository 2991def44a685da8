// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {HyperCoreTransfers} from "ballast/adapters/HyperCoreTransfers.sol";
import {IAdapter} from "ballast/interfaces/IAdapter.sol";
import {HyperCorePrices} from "ballast/libraries/HyperCorePrices.sol";
import {HyperCoreReader} from "ballast/libraries/HyperCoreReader.sol";
import {HyperCoreWriter} from "ballast/libraries/HyperCoreWriter.sol";

/// @title One perpetual on HyperCore, cross-margined in USDC, held for one vault.
/// @notice Actions, `abi.encode(kind, ...)`:
///   1 DEPOSIT(uint256 amount)    EVM USDC to the core spot account
///   2 TO_PERP(uint256 amount)    core spot to perp margin
///   3 FROM_PERP(uint256 amount)  perp margin to core spot
///   4 WITHDRAW(uint256 amount)   core spot to EVM USDC, sent home by the next `settle`
///   5 ORDER(int64 size, uint64 limitPx, bool reduceOnly)  immediate-or-cancel; size in lots, + buys; price x 10^8
/// Amounts have 6 decimals.
/// @dev HyperCore acts seconds after a transaction and never says that it refused, so nothing is believed before it is
/// read back: money on its way is counted once (see HyperCoreTransfers), an order counts as filled at its worst price
/// until it must have acted. The vault settles before the actions of a plan and sends asset only with a deposit.
/// Trusted: (1) HyperCore acts on or refuses a write within `actionDelaySeconds`; (2) the precompiles, USDC and the
/// core deposit wallet are honest; (3) the account is cross-margined, holds no other perp and has a little HYPE on core
/// for transfer gas; (4) the market's first margin tier applies: a position above it is closer to liquidation than told.
contract HyperCorePerp is IAdapter, HyperCoreTransfers {
    using SafeCast for uint256;

    /// @dev The last order; the position counts as `expected` until `until`.
    struct Order {
        int64 size;
        uint64 limitPx;
        int64 expected;
        uint64 until;
    }

    uint8 public constant ORDER = 5;

    /// @notice How far past the mark a limit must reach. An order counts as filled until it is read back, and one that
    /// takes what is there or nothing has no honest use below the touch: it would only hide a naked leg.
    uint256 public constant LEAST_REACH_BPS = 10;
    /// @notice More than twice the venue's base taker fee of 4.5 bps.
    uint256 public constant TAKER_FEE_BOUND_BPS = 10;

    uint256 private constant BPS = 10_000;

    address public immutable vault;
    address public immutable override baseToken;
    uint32 public immutable perpIndex;
    uint8 public immutable szDecimals;
    uint8 public immutable baseDecimals;
    /// @notice Limit price units (10^-8) per mark price unit (10^-(6 - szDecimals)).
    uint256 public immutable limitScale;

    Order public order;

    error OnlyVault();
    error PerpNotSupported(uint32 perpIndex);
    error AccountNotOnCore();
    error UnknownAction(uint8 kind);
    error OrderOutstanding();
    error EmptyOrder();
    error WouldNotReduce(int64 size, int64 position);
    error LimitPriceOffTick(uint256 limitPx);
    error LimitPriceOutsideCollar(uint256 limitPx, uint256 bound);
    error LimitPriceOutOfReach(uint256 limitPx, uint256 bound);

    event OrderSent(int64 size, uint64 limitPx, bool reduceOnly, uint64 markPx, uint256 bound);

    modifier onlyVault() {
        if (msg.sender != vault) revert OnlyVault();
        _;
    }

    constructor(address vault_, address asset_, address baseToken_, uint32 perpIndex_, uint256 actionDelaySeconds_)
        HyperCoreTransfers(asset_, actionDelaySeconds_)
    {
        HyperCoreReader.PerpInfo memory info = HyperCoreReader.perpInfo(perpIndex_);
        if (info.onlyIsolated || info.szDecimals > 6 || info.maxLeverage == 0) revert PerpNotSupported(perpIndex_);
        vault = vault_;
        baseToken = baseToken_;
        baseDecimals = IERC20Metadata(baseToken_).decimals();
        perpIndex = perpIndex_;
        szDecimals = info.szDecimals;
        limitScale = 10 ** (2 + uint256(info.szDecimals));
    }

    // ---------------------------------------------------------------- what the vault asks

    /// @inheritdoc IAdapter
    function execute(bytes calldata action, uint256 maxSlippageBps) external onlyVault returns (uint256) {
        if (!HyperCoreReader.accountExists(address(this))) revert AccountNotOnCore();
        uint8 kind = abi.decode(action, (uint8));
        if (kind != DEPOSIT) _requireNoAsset();
        if (kind == ORDER) {
            (, int64 size, uint64 limitPx, bool reduceOnly) = abi.decode(action, (uint8, int64, uint64, bool));
            return _sendOrder(size, limitPx, reduceOnly, maxSlippageBps);
        }
        if (kind < DEPOSIT || kind > WITHDRAW) revert UnknownAction(kind);
        (, uint256 amount) = abi.decode(action, (uint8, uint256));
        _startTransfer(kind, amount);
        return 0;
    }

    /// @inheritdoc IAdapter
    function settle() external onlyVault {
        _settleTransfer(vault);
    }

    /// @inheritdoc IAdapter
    function value() external view returns (uint256) {
        int256 equity = marginSummary().accountValue;
        return _positive(equity) + _cash() + inFlight();
    }

    /// @inheritdoc IAdapter
    function exposure() external view returns (int256) {
        int256 lots = expectedPosition();
        if (baseDecimals >= szDecimals) return lots * int256(10 ** uint256(baseDecimals - szDecimals));
        uint256 units = Math.ceilDiv(_magnitude(lots), 10 ** uint256(szDecimals - baseDecimals));
        return lots < 0 ? -int256(units) : int256(units);
    }

    /// @inheritdoc IAdapter
    /// @dev |size| x (limit - mark), where the limit is worse than the mark, plus the highest fee.
    function pendingLoss() public view returns (uint256) {
        if (!_orderPending()) return 0;
        uint256 lots = _magnitude(order.size);
        uint256 mark = HyperCoreReader.markPx(perpIndex) * limitScale;
        uint256 limit = order.limitPx;
        uint256 slippage = order.size > 0 ? Math.saturatingSub(limit, mark) : Math.saturatingSub(mark, limit);
        uint256 fee = Math.mulDiv(lots * Math.max(mark, limit), TAKER_FEE_BOUND_BPS, BPS, Math.Rounding.Ceil);
        return Math.ceilDiv(lots * slippage + fee, limitScale);
    }

    /// @inheritdoc IAdapter
    /// @dev With maintenance margin fraction l = 1 / (2 x maximum leverage) and side = +1 long, -1 short:
    ///     distance / mark = (equity - l x notional) / (notional x (1 - l x side))
    /// for the expected position, after a class transfer still on its way and the worst loss of a pending order.
    function liquidationDistanceBps() external view returns (uint256) {
        int256 lots = expectedPosition();
        if (lots == 0) return type(uint256).max;
        int256 equity = marginSummary().accountValue + _pendingMargin() - int256(pendingLoss());
        int256 notional = int256(_magnitude(lots) * HyperCoreReader.markPx(perpIndex));
        int256 twiceLeverage = 2 * int256(uint256(HyperCoreReader.perpInfo(perpIndex).maxLeverage));
        int256 excess = equity * twiceLeverage - notional;
        int256 side = lots > 0 ? int256(1) : -1;
        return _positive(excess) * BPS / uint256(notional * (twiceLeverage - side));
    }

    /// @inheritdoc IAdapter
    function positionHash() external view returns (bytes32) {
        int64 size = HyperCoreReader.position(address(this), perpIndex).szi;
        return keccak256(
            abi.encode(size, order.size, order.until, transfer.kind, transfer.amount, transfer.startedAt)
        );
    }

    // ---------------------------------------------------------------- what the agent reads

    /// @notice Signed lots: the last order counts as filled until `pendingUntil`, then HyperCore's word does.
    function expectedPosition() public view returns (int64) {
        if (_orderPending()) return order.expected;
        return HyperCoreReader.position(address(this), perpIndex).szi;
    }

    function pendingUntil() external view returns (uint256) {
        return order.until;
    }

    function marginSummary() public view returns (HyperCoreReader.MarginSummary memory) {
        return HyperCoreReader.marginSummary(address(this));
    }

    // ---------------------------------------------------------------- parts

    function _sendOrder(int64 size, uint64 limitPx, bool reduceOnly, uint256 maxSlippageBps) private returns (uint256) {
        if (size == 0 || limitPx == 0) revert EmptyOrder();
        if (_orderPending()) revert OrderOutstanding();
        int64 position = HyperCoreReader.position(address(this), perpIndex).szi;
        if (reduceOnly && !_reduces(size, position)) revert WouldNotReduce(size, position);
        uint64 mark = HyperCoreReader.markPx(perpIndex);
        uint256 bound = HyperCorePrices.collar(mark * limitScale, size > 0, maxSlippageBps);
        if (size > 0 ? limitPx > bound : limitPx < bound) revert LimitPriceOutsideCollar(limitPx, bound);
        uint256 reach = HyperCorePrices.collar(mark * limitScale, size > 0, LEAST_REACH_BPS);
        if (size > 0 ? limitPx < reach : limitPx > reach) revert LimitPriceOutOfReach(limitPx, reach);
        if (!HyperCorePrices.isOnTick(limitPx, limitScale)) revert LimitPriceOffTick(limitPx);

        uint256 lots = _magnitude(size);
        order = Order({
            size: size,
            limitPx: limitPx,
            expected: position + size,
            until: (block.timestamp + actionDelaySeconds).toUint64()
        });
        uint64 sz = (lots * 10 ** (8 - uint256(szDecimals))).toUint64();
        HyperCoreWriter.placeOrder(perpIndex, size > 0, limitPx, sz, reduceOnly, HyperCoreWriter.IMMEDIATE_OR_CANCEL);
        emit OrderSent(size, limitPx, reduceOnly, mark, bound);
        return lots * mark;
    }

    function _reduces(int64 size, int64 position) private pure returns (bool) {
        return (size > 0) != (position > 0) && _magnitude(size) <= _magnitude(position);
    }

    function _orderPending() private view returns (bool) {
        return block.timestamp < order.until;
    }

    function _positive(int256 signed) private pure returns (uint256) {
        return signed > 0 ? uint256(signed) : 0;
    }

    function _magnitude(int256 signed) private pure returns (uint256) {
        return uint256(signed < 0 ? -signed : signed);
    }
}
