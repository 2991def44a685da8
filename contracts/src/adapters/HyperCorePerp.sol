// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {HyperCoreTransfers} from "ballast/adapters/HyperCoreTransfers.sol";
import {Position} from "ballast/interfaces/IAdapter.sol";
import {HyperCoreMargin} from "ballast/libraries/HyperCoreMargin.sol";
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
///
/// @dev HyperCore acts seconds after a transaction and never says that it refused, so nothing is believed before it is
/// read back: money on its way is counted once (see HyperCoreTransfers), an order counts as filled at its worst price
/// until it must have acted. The vault settles before the actions of a plan and sends asset only with a deposit.
///
/// Nothing widens before the last order was read back: while it may still act no order is sent, and after that every
/// order builds on the position that HyperCore tells, not on the one that was hoped for. `settle`, which the vault
/// calls in the same transaction, reports what became of it; a record of that would only repeat what the order reads.
///
/// A limit price must be within the slippage bound of two prices, HyperCore's mark and the vault's reference, and reach
/// past the mark. So a thief cannot trade at a mark that was pushed away. The price of that: nobody can buy while the
/// mark is above the reference, or sell while it is below, by more than the slippage bound less `LEAST_REACH_BPS` and a
/// tick; and an honest order is charged that deviation as if it were lost. The two are usually a few bps apart, and as
/// far as a feed's deviation threshold when it lags: the slippage bound has to leave room for that.
///
/// Trusted: (1) HyperCore acts on an order or refuses it within `actionDelaySeconds`, on a transfer within
/// `REFUSED_AFTER`; (2) the precompiles, USDC and the core deposit wallet are honest, and USDC is taken from core spot
/// before it is paid out on the EVM; (3) the account is cross-margined, holds no other perp and no spot orders, and has
/// a little HYPE on core for transfer gas; (4) the market's first margin tier applies: a position above it is closer to
/// liquidation than told; (5) one contract of the perp is one whole base token.
contract HyperCorePerp is HyperCoreTransfers {
    using SafeCast for int256;
    using SafeCast for uint256;

    /// @dev The last order; the position counts as `expected` until `until`.
    struct Order {
        int64 size;
        uint64 limitPx;
        int64 expected;
        uint48 until;
        bool open; // not yet read back
    }

    /// @dev What HyperCore tells of the account; mark and leverage only once something depends on them.
    struct Core {
        int64 size; // signed lots
        uint64 spot; // USD with 6 decimals
        int64 equity;
        uint64 markPx; // 0 before it is asked for, and so is the next
        uint256 maxLeverage;
    }

    uint8 public constant ORDER = 5;

    /// @notice How far past the mark a limit must reach. An order counts as filled until it is read back, and one that
    /// takes what is there or nothing has no honest use below the touch: it would only hide a naked leg.
    uint256 public constant LEAST_REACH_BPS = 10;
    /// @notice More than twice the venue's base taker fee of 4.5 bps.
    uint256 public constant TAKER_FEE_BOUND_BPS = 10;
    /// @notice `reduce` neither sells nor leaves less than this, USD with 6 decimals: HyperCore refuses orders under 10
    /// USD that do not close the position, and the price moves until it acts.
    uint256 public constant LEAST_PART_USD = 20e6;

    uint256 private constant BPS = 10_000;

    address public immutable baseToken;
    uint32 public immutable perpIndex;
    uint8 public immutable szDecimals;
    uint8 public immutable baseDecimals;
    /// @notice Limit price units (10^-8) per mark price unit (10^-(6 - szDecimals)).
    uint256 public immutable limitScale;
    /// @dev Reference price x this / 10^36 is in limit price units.
    uint256 private immutable _referenceScale;

    Order public order;

    /// @dev As `settle` found it in this transaction. The precompiles answer with the state at the start of the block, so
    /// the vault, which settles first, would only pay to hear the same again.
    uint256 private transient _core;
    uint256 private transient _maxLeverage;

    error PerpNotSupported(uint32 perpIndex);
    error UnknownAction(uint8 kind);
    error PartInvalid(uint256 partBps);
    error OrderOutstanding();
    error EmptyOrder();
    error WouldNotReduce(int64 size, int64 position);
    error LimitPriceOffTick(uint256 limitPx);
    error LimitPriceOutsideCollar(uint256 limitPx, uint256 bound);
    error LimitPriceOutOfReach(uint256 limitPx, uint256 bound);

    event OrderSent(int64 size, uint64 limitPx, bool reduceOnly, uint64 markPx, uint256 bound);
    /// @notice What the position became of the last order; they differ after a partial fill, a refusal, a liquidation.
    event OrderReadBack(int64 expected, int64 actual);

    constructor(address vault_, address asset_, address baseToken_, uint32 perpIndex_, uint256 actionDelaySeconds_)
        HyperCoreTransfers(vault_, asset_, actionDelaySeconds_)
    {
        if (baseToken_ == address(0)) revert ZeroAddress();
        if (baseToken_.code.length == 0) revert NotAContract(baseToken_);
        HyperCoreReader.PerpInfo memory info = HyperCoreReader.perpInfo(perpIndex_);
        if (info.onlyIsolated || info.szDecimals > 6 || info.maxLeverage == 0) revert PerpNotSupported(perpIndex_);
        uint8 decimals = IERC20Metadata(baseToken_).decimals();
        baseToken = baseToken_;
        baseDecimals = decimals;
        perpIndex = perpIndex_;
        szDecimals = info.szDecimals;
        limitScale = 10 ** (2 + uint256(info.szDecimals));
        _referenceScale = 10 ** (2 + uint256(decimals));
    }

    // ---------------------------------------------------------------- what the vault asks

    function settle(uint256 priceE36) external onlyVault returns (Position memory held) {
        Core memory core = _ask();
        if (order.open && !_isPending(order.until)) {
            order.open = false;
            emit OrderReadBack(order.expected, core.size);
        }
        _settleTransfer(core.spot);
        held = _position(core, priceE36);
        _remember(core);
    }

    function execute(bytes calldata action, uint256 priceE36, uint256 maxSlippageBps)
        external
        onlyVault
        returns (uint256 traded, Position memory held)
    {
        uint8 kind = abi.decode(action, (uint8));
        Core memory core = _remembered();
        if (kind == ORDER) {
            _requireNoAsset();
            (, int64 size, uint64 limitPx, bool reduceOnly) = abi.decode(action, (uint8, int64, uint64, bool));
            traded = _sendOrder(core, size, limitPx, reduceOnly, priceE36, maxSlippageBps);
        } else {
            if (kind < DEPOSIT || kind > WITHDRAW) revert UnknownAction(kind);
            (, uint256 amount) = abi.decode(action, (uint8, uint256));
            _startTransfer(kind, amount);
        }
        held = _position(core, priceE36);
    }

    /// @dev The position first, then its cash, one transfer per call.
    function reduce(uint256 partBps, uint256 priceE36, uint256 maxSlippageBps)
        external
        onlyVault
        returns (uint256 traded, Position memory held)
    {
        if (partBps == 0 || partBps > BPS) revert PartInvalid(partBps);
        _requireReadBack();
        Core memory core = _remembered();
        if (core.size == 0) _stepHome();
        else traded = _close(core, partBps, priceE36, maxSlippageBps);
        held = _position(core, priceE36);
    }

    function value(uint256) external view returns (uint256) {
        return _value(transfer, coreSpotUsdc(), _evmBalance(), marginSummary().accountValue);
    }

    function position(uint256 priceE36) external view returns (Position memory) {
        return _position(_ask(), priceE36);
    }

    function _position(Core memory core, uint256 priceE36) private view returns (Position memory p) {
        Order memory last = order;
        Transfer memory t = transfer;
        uint256 evm = _evmBalance();
        bool pending = _isPending(last.until);
        int64 lots = pending ? last.expected : core.size;

        p.value = _value(t, core.spot, evm, core.equity);
        p.exposure = _baseUnits(lots);
        p.fingerprint = keccak256(abi.encode(core.size, last.size, last.until, t.kind, t.amount, t.startedAt));
        p.liquidationDistanceBps = type(uint256).max;
        p.healthBps = type(uint256).max;
        if (!pending && lots == 0) return p;

        _askMarket(core);
        uint256 markPx = core.markPx;
        if (pending) p.pendingLoss = _worstLoss(last.size, last.limitPx, markPx, priceE36);
        if (lots == 0) return p;

        int256 secured = core.equity + _pendingMargin(t, core.spot, evm) - int256(p.pendingLoss);
        uint256 notional = SignedMath.abs(lots) * markPx;
        p.liquidationDistanceBps =
            HyperCoreMargin.liquidationDistanceBps(secured, notional, core.maxLeverage, lots > 0);
        p.healthBps = HyperCoreMargin.healthBps(secured, notional, core.maxLeverage);
    }

    // ---------------------------------------------------------------- what the agent reads

    /// @notice Signed lots: the last order counts as filled until `pendingUntil`, then HyperCore's word does.
    function expectedPosition() external view returns (int64) {
        return _isPending(order.until) ? order.expected : HyperCoreReader.size(address(this), perpIndex);
    }

    function pendingUntil() external view returns (uint256) {
        return order.until;
    }

    function marginSummary() public view returns (HyperCoreReader.MarginSummary memory) {
        return HyperCoreReader.marginSummary(address(this));
    }

    // ---------------------------------------------------------------- orders

    function _sendOrder(
        Core memory core,
        int64 size,
        uint64 limitPx,
        bool reduceOnly,
        uint256 priceE36,
        uint256 maxSlippageBps
    ) private returns (uint256) {
        _requireReadBack();
        if (reduceOnly && !_reduces(size, core.size)) revert WouldNotReduce(size, core.size);
        _askMarket(core);
        uint256 bound = _bound(core.markPx, size > 0, priceE36, maxSlippageBps);
        return _place(size, limitPx, reduceOnly, core.size, core.markPx, bound);
    }

    /// @dev Closes a part of the position at the best limit price that the slippage bound allows.
    function _close(Core memory core, uint256 partBps, uint256 priceE36, uint256 maxSlippageBps)
        private
        returns (uint256)
    {
        bool isBuy = core.size < 0;
        _askMarket(core);
        uint256 bound = _bound(core.markPx, isBuy, priceE36, maxSlippageBps);
        int256 lots = int256(_part(SignedMath.abs(core.size), partBps, core.markPx));
        uint64 limitPx = HyperCorePrices.nearestWithin(bound, isBuy, limitScale).toUint64();
        return _place((isBuy ? lots : -lots).toInt64(), limitPx, true, core.size, core.markPx, bound);
    }

    function _place(int64 size, uint64 limitPx, bool reduceOnly, int64 held, uint64 markPx, uint256 bound)
        private
        returns (uint256 tradedNotional)
    {
        if (size == 0 || limitPx == 0) revert EmptyOrder();
        bool isBuy = size > 0;
        if (!HyperCorePrices.isWithin(limitPx, bound, isBuy)) revert LimitPriceOutsideCollar(limitPx, bound);
        uint256 reach = HyperCorePrices.collar(markPx * limitScale, isBuy, LEAST_REACH_BPS);
        if (!HyperCorePrices.isWithin(reach, limitPx, isBuy)) revert LimitPriceOutOfReach(limitPx, reach);
        if (!HyperCorePrices.isOnTick(limitPx, limitScale)) revert LimitPriceOffTick(limitPx);

        uint256 lots = SignedMath.abs(size);
        order = Order({
            size: size,
            limitPx: limitPx,
            expected: held + size,
            until: (block.timestamp + actionDelaySeconds).toUint48(),
            open: true
        });
        uint64 sz = (lots * 10 ** (8 - uint256(szDecimals))).toUint64();
        HyperCoreWriter.placeOrder(perpIndex, isBuy, limitPx, sz, reduceOnly, HyperCoreWriter.IMMEDIATE_OR_CANCEL);
        emit OrderSent(size, limitPx, reduceOnly, markPx, bound);
        return lots * markPx;
    }

    /// @dev The worst limit price (x 10^8) that both mark and reference allow.
    function _bound(uint64 markPx, bool isBuy, uint256 priceE36, uint256 maxSlippageBps) private view returns (uint256) {
        uint256 price = HyperCorePrices.stricter(markPx * limitScale, _reference(priceE36, isBuy), isBuy);
        return HyperCorePrices.collar(price, isBuy, maxSlippageBps);
    }

    /// @dev |size| x (limit - price), where the limit is worse than the worse of mark and reference, plus the fee.
    function _worstLoss(int64 size, uint256 limitPx, uint256 markPx, uint256 priceE36) private view returns (uint256) {
        bool isBuy = size > 0;
        uint256 lots = SignedMath.abs(size);
        uint256 mark = markPx * limitScale;
        uint256 price = HyperCorePrices.stricter(mark, _reference(priceE36, isBuy), isBuy);
        uint256 slippage = isBuy ? Math.saturatingSub(limitPx, price) : Math.saturatingSub(price, limitPx);
        uint256 fee = Math.mulDiv(lots * Math.max(mark, limitPx), TAKER_FEE_BOUND_BPS, BPS, Math.Rounding.Ceil);
        return Math.ceilDiv(lots * slippage + fee, limitScale);
    }

    /// @dev The reference price in limit price units (x 10^8), rounded against the order.
    function _reference(uint256 priceE36, bool isBuy) private view returns (uint256) {
        Math.Rounding rounding = isBuy ? Math.Rounding.Floor : Math.Rounding.Ceil;
        return Math.mulDiv(priceE36, _referenceScale, 1e36, rounding);
    }

    /// @dev Lots of a part of the position, rounded up; the whole when either side would be too small to trade.
    function _part(uint256 lots, uint256 partBps, uint256 markPx) private pure returns (uint256 part) {
        part = Math.mulDiv(lots, partBps, BPS, Math.Rounding.Ceil);
        if (Math.min(part, lots - part) * markPx < LEAST_PART_USD) part = lots;
    }

    function _reduces(int64 size, int64 held) private pure returns (bool) {
        return (size > 0) != (held > 0) && SignedMath.abs(size) <= SignedMath.abs(held);
    }

    // ---------------------------------------------------------------- positions

    function _value(Transfer memory t, uint256 spot, uint256 evm, int256 equity) private view returns (uint256) {
        return (equity > 0 ? uint256(equity) : 0) + spot + evm + _inFlight(t, spot, evm);
    }

    /// @dev What HyperCore tells is to build on only once the last order must have acted.
    function _requireReadBack() private view {
        if (_isPending(order.until)) revert OrderOutstanding();
    }

    function _ask() private view returns (Core memory core) {
        core.size = HyperCoreReader.size(address(this), perpIndex);
        core.spot = uint64(coreSpotUsdc());
        core.equity = marginSummary().accountValue;
    }

    /// @dev Mark and leverage, only once something depends on them.
    function _askMarket(Core memory core) private view {
        if (core.markPx != 0) return;
        core.markPx = HyperCoreReader.markPx(perpIndex);
        core.maxLeverage = HyperCoreReader.maxLeverage(perpIndex);
    }

    function _remember(Core memory core) private {
        _core = uint256(uint64(core.size)) << 192 | uint256(core.spot) << 128 | uint256(uint64(core.equity)) << 64
            | core.markPx;
        _maxLeverage = core.maxLeverage;
    }

    function _remembered() private view returns (Core memory core) {
        uint256 word = _core;
        if (word == 0) return _ask();
        return Core(int64(uint64(word >> 192)), uint64(word >> 128), int64(uint64(word >> 64)), uint64(word), _maxLeverage);
    }

    function _isPending(uint256 until) private view returns (bool) {
        return block.timestamp < until;
    }

    /// @dev Lots in units of the base token, rounded away from zero.
    function _baseUnits(int256 lots) private view returns (int256) {
        if (baseDecimals >= szDecimals) return lots * int256(10 ** uint256(baseDecimals - szDecimals));
        int256 units = int256(Math.ceilDiv(SignedMath.abs(lots), 10 ** uint256(szDecimals - baseDecimals)));
        return lots < 0 ? -units : units;
    }
}
