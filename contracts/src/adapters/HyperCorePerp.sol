// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICoreDepositWallet} from "ballast/interfaces/HyperCoreContracts.sol";
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
/// read back. Value counts what is on its way once: when money leaves, `book` notes the cash (core spot + EVM) that
/// must be there after arrival, and what is missing from it is in flight. One transfer at a time keeps that exact,
/// whether it is still queued, taken from one side, or given to the other. Gifts can hide flight, never feign it.
/// The vault settles before the actions of a plan, and sends no asset with any but a deposit.
/// Trusted: (1) HyperCore acts on or refuses a write within `actionDelaySeconds`; (2) the precompiles, USDC and the
/// core deposit wallet are honest; (3) the account is cross-margined, holds no other perp and has a little HYPE on core
/// for transfer gas; (4) the market's first margin tier applies: a position above it is closer to liquidation than told.
contract HyperCorePerp is IAdapter {
    using SafeERC20 for IERC20;
    using SafeCast for int256;
    using SafeCast for uint256;

    /// @dev The last order; the position counts as `expected` until `until`.
    struct Order {
        int64 size;
        uint64 limitPx;
        int64 expected;
        uint64 until;
    }

    /// @dev The last money transfer. `book`: cash at the start; in flight is what is missing from it.
    struct Transfer {
        uint8 kind;
        bool open;
        uint48 startedAt;
        uint64 amount;
        uint128 book;
    }

    ICoreDepositWallet public constant CORE_DEPOSIT_WALLET = ICoreDepositWallet(0x6B9E773128f453f5c2C60935Ee2DE2CBc5390A24);

    uint8 public constant DEPOSIT = 1;
    uint8 public constant TO_PERP = 2;
    uint8 public constant FROM_PERP = 3;
    uint8 public constant WITHDRAW = 4;
    uint8 public constant ORDER = 5;

    /// @notice Money that has not arrived after this long is no longer counted.
    uint256 public constant IN_FLIGHT_TIMEOUT = 1 days;
    /// @notice More than twice the venue's base taker fee of 4.5 bps.
    uint256 public constant TAKER_FEE_BOUND_BPS = 10;

    uint256 private constant BPS = 10_000;
    /// @dev Core USDC has 8 decimals, all other USD amounts 6.
    uint256 private constant WEI_PER_USD_UNIT = 100;

    address public immutable vault;
    address public immutable asset;
    address public immutable override baseToken;
    uint32 public immutable perpIndex;
    uint256 public immutable actionDelaySeconds;
    uint8 public immutable szDecimals;
    uint8 public immutable baseDecimals;
    /// @notice Limit price units (10^-8) per mark price unit (10^-(6 - szDecimals)).
    uint256 public immutable limitScale;

    Order public order;
    Transfer public transfer;

    error OnlyVault();
    error AssetDecimalsNotSix(uint8 decimals);
    error ActionDelayInvalid(uint256 actionDelaySeconds);
    error PerpNotSupported(uint32 perpIndex);
    error AccountNotOnCore();
    /// @dev More than a deposit's own amount, which would pass for money that arrived and hide what is in flight.
    error UnexpectedAsset(uint256 surplus);
    error UnknownAction(uint8 kind);
    error ZeroAmount();
    error TransferOutstanding();
    /// @dev `available` is on the side that the money would leave.
    error CoreBalanceTooLow(uint256 amount, uint256 available);
    error OrderOutstanding();
    error EmptyOrder();
    error WouldNotReduce(int64 size, int64 position);
    error LimitPriceOffTick(uint256 limitPx);
    error LimitPriceOutsideCollar(uint256 limitPx, uint256 bound);

    event TransferStarted(uint8 kind, uint256 amount, uint256 book);
    event OrderSent(int64 size, uint64 limitPx, bool reduceOnly, uint64 markPx, uint256 bound);
    event Settled(uint256 sentHome, bool transferOutstanding);

    modifier onlyVault() {
        if (msg.sender != vault) revert OnlyVault();
        _;
    }

    constructor(address vault_, address asset_, address baseToken_, uint32 perpIndex_, uint256 actionDelaySeconds_) {
        uint8 assetDecimals = IERC20Metadata(asset_).decimals();
        if (assetDecimals != 6) revert AssetDecimalsNotSix(assetDecimals);
        if (actionDelaySeconds_ == 0 || actionDelaySeconds_ >= IN_FLIGHT_TIMEOUT) {
            revert ActionDelayInvalid(actionDelaySeconds_);
        }
        HyperCoreReader.PerpInfo memory info = HyperCoreReader.perpInfo(perpIndex_);
        if (info.onlyIsolated || info.szDecimals > 6 || info.maxLeverage == 0) revert PerpNotSupported(perpIndex_);
        vault = vault_;
        asset = asset_;
        baseToken = baseToken_;
        baseDecimals = IERC20Metadata(baseToken_).decimals();
        perpIndex = perpIndex_;
        actionDelaySeconds = actionDelaySeconds_;
        szDecimals = info.szDecimals;
        limitScale = 10 ** (2 + uint256(info.szDecimals));
    }

    // ---------------------------------------------------------------- what the vault asks

    /// @inheritdoc IAdapter
    function execute(bytes calldata action, uint256 maxSlippageBps) external onlyVault returns (uint256) {
        if (!HyperCoreReader.accountExists(address(this))) revert AccountNotOnCore();
        uint8 kind = abi.decode(action, (uint8));
        uint256 held = IERC20(asset).balanceOf(address(this));
        if (kind != DEPOSIT && held != 0) revert UnexpectedAsset(held);
        if (kind == ORDER) {
            (, int64 size, uint64 limitPx, bool reduceOnly) = abi.decode(action, (uint8, int64, uint64, bool));
            return _sendOrder(size, limitPx, reduceOnly, maxSlippageBps);
        }
        if (kind < DEPOSIT || kind > WITHDRAW) revert UnknownAction(kind);
        (, uint256 amount) = abi.decode(action, (uint8, uint256));
        _startTransfer(kind, amount);
        if (kind == DEPOSIT) _deposit(amount, held);
        else if (kind == WITHDRAW) HyperCoreWriter.sendUsdcToEvm((amount * WEI_PER_USD_UNIT).toUint64());
        else HyperCoreWriter.transferUsdClass(uint64(amount), kind == TO_PERP);
        return 0;
    }

    /// @inheritdoc IAdapter
    function settle() external onlyVault {
        uint256 sentHome = IERC20(asset).balanceOf(address(this));
        if (sentHome != 0) {
            transfer.book = Math.saturatingSub(transfer.book, sentHome).toUint128();
            IERC20(asset).safeTransfer(vault, sentHome);
        }
        bool outstanding = transferOutstanding();
        transfer.open = outstanding;
        emit Settled(sentHome, outstanding);
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

    /// @notice USDC that has left one side and not reached the other.
    function inFlight() public view returns (uint256) {
        bool leavesCash = transfer.kind == DEPOSIT || transfer.kind == WITHDRAW;
        if (!leavesCash || !transfer.open || _timedOut()) return 0;
        return Math.min(transfer.amount, Math.saturatingSub(transfer.book, _cash()));
    }

    /// @notice Whether another transfer would be refused after settling.
    function transferOutstanding() public view returns (bool) {
        if (!transfer.open) return false;
        return block.timestamp < transfer.startedAt + actionDelaySeconds || inFlight() != 0;
    }

    /// @notice USDC of the core spot account, free or held, with 6 decimals.
    function coreSpotUsdc() public view returns (uint256) {
        return HyperCoreReader.spotBalance(address(this), HyperCoreWriter.USDC_TOKEN).total / WEI_PER_USD_UNIT;
    }

    function marginSummary() public view returns (HyperCoreReader.MarginSummary memory) {
        return HyperCoreReader.marginSummary(address(this));
    }

    // ---------------------------------------------------------------- parts

    /// @dev Checks that the money is there and notes what cash must be there again after arrival.
    function _startTransfer(uint8 kind, uint256 amount) private {
        if (amount == 0) revert ZeroAmount();
        if (transfer.open) revert TransferOutstanding();
        uint256 available = _availableFor(kind);
        if (amount > available) revert CoreBalanceTooLow(amount, available);
        uint256 book = _cash();
        transfer = Transfer({
            kind: kind,
            open: true,
            startedAt: uint48(block.timestamp),
            amount: amount.toUint64(),
            book: book.toUint128()
        });
        emit TransferStarted(kind, amount, book);
    }

    function _availableFor(uint8 kind) private view returns (uint256) {
        if (kind == DEPOSIT) return IERC20(asset).balanceOf(address(this));
        if (kind == FROM_PERP) return HyperCoreReader.withdrawable(address(this));
        HyperCoreReader.SpotBalance memory spot = HyperCoreReader.spotBalance(address(this), HyperCoreWriter.USDC_TOKEN);
        return (spot.total - spot.hold) / WEI_PER_USD_UNIT;
    }

    function _deposit(uint256 amount, uint256 held) private {
        if (held != amount) revert UnexpectedAsset(held - amount);
        IERC20(asset).forceApprove(address(CORE_DEPOSIT_WALLET), amount);
        CORE_DEPOSIT_WALLET.deposit(amount, HyperCoreWriter.SPOT_DEX);
        IERC20(asset).forceApprove(address(CORE_DEPOSIT_WALLET), 0);
    }

    function _sendOrder(int64 size, uint64 limitPx, bool reduceOnly, uint256 maxSlippageBps) private returns (uint256) {
        if (size == 0 || limitPx == 0) revert EmptyOrder();
        if (_orderPending()) revert OrderOutstanding();
        int64 position = HyperCoreReader.position(address(this), perpIndex).szi;
        if (reduceOnly && !_reduces(size, position)) revert WouldNotReduce(size, position);
        uint64 mark = HyperCoreReader.markPx(perpIndex);
        uint256 bound = HyperCorePrices.collar(mark * limitScale, size > 0, maxSlippageBps);
        if (size > 0 ? limitPx > bound : limitPx < bound) revert LimitPriceOutsideCollar(limitPx, bound);
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

    /// @dev Perp margin that a class transfer will still bring (+) or take (-): not acted while spot has not moved.
    function _pendingMargin() private view returns (int256) {
        if (!transfer.open || block.timestamp >= transfer.startedAt + actionDelaySeconds) return 0;
        int256 amount = int256(uint256(transfer.amount));
        if (transfer.kind == TO_PERP) return _cash() >= transfer.book ? amount : int256(0);
        if (transfer.kind == FROM_PERP) return _cash() < transfer.book + uint256(amount) ? -amount : int256(0);
        return 0;
    }

    function _reduces(int64 size, int64 position) private pure returns (bool) {
        return (size > 0) != (position > 0) && _magnitude(size) <= _magnitude(position);
    }

    function _orderPending() private view returns (bool) {
        return block.timestamp < order.until;
    }

    function _timedOut() private view returns (bool) {
        return block.timestamp >= transfer.startedAt + IN_FLIGHT_TIMEOUT;
    }

    function _cash() private view returns (uint256) {
        return coreSpotUsdc() + IERC20(asset).balanceOf(address(this));
    }

    function _positive(int256 signed) private pure returns (uint256) {
        return signed > 0 ? uint256(signed) : 0;
    }

    function _magnitude(int256 signed) private pure returns (uint256) {
        return uint256(signed < 0 ? -signed : signed);
    }
}
