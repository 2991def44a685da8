// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {AaveReserve, IAaveScaledToken, IAaveV3Pool} from "../interfaces/IAaveV3.sol";
import {IAdapter, Position} from "../interfaces/IAdapter.sol";
import {Price} from "../libraries/Price.sol";
import {IUniswapV3Pool, UniswapV3Swapper} from "./UniswapV3Swapper.sol";

/// @title A short leg without a perp: asset lies at Aave v3 as collateral, base is borrowed against it and sold.
/// @notice Actions are `abi.encode(uint8 kind, uint256 amount, uint256 limit)`; amount and limit are
///   1 SUPPLY    asset to put up as collateral, 0
///   2 WITHDRAW  collateral to send to the vault (max uint: all), 0
///   3 SHORT     base to borrow and sell, least asset for it; proceeds and asset sent along become collateral
///   4 COVER     base to buy and repay (above the debt: all of it), most asset for it; asset sent along pays first
/// @dev The pool sends its side of a swap before it is paid, and Aave is dealt with in between: a short supplies the
/// proceeds and then borrows what the pool is owed; a cover repays and then withdraws what the pool is owed. So neither
/// needs a loop, or health to spare. Exposure is the debt: what is borrowed never stays here.
///
/// What counts is the book: scaled balances, which time does not change, as of our last action. Nobody else can add to
/// the debt, and nobody can take collateral but in a liquidation, which takes debt with it. So while no collateral is
/// missing the book holds, and what somebody supplied or repaid for us does not count; once some is missing, what Aave
/// says counts. The next action books everything as it is then, gifts included.
///
/// A debt above its collateral is bad: the position is then worth nothing, never less, and the base is not owed by the
/// vault. Aave, its tokens and its interest rates are trusted; efficiency modes are not used, rewards not claimed.
contract AaveV3 is UniswapV3Swapper {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev Scaled balances at Aave.
    struct Book {
        uint128 collateral;
        uint128 debt;
    }

    uint8 public constant SUPPLY = 1;
    uint8 public constant WITHDRAW = 2;
    uint8 public constant SHORT = 3;
    uint8 public constant COVER = 4;

    uint256 private constant BPS = 10_000;
    uint256 private constant RAY = 1e27;
    uint256 private constant HEALTH_FACTOR_PER_BPS = 1e14;
    uint256 private constant VARIABLE_RATE = 2;

    /// @dev The pool rounds up what a purchase costs and its fee on it, by less than a unit each. Dust that a liquidation
    /// left could not be covered within any slippage otherwise, and would hold all the collateral back.
    uint256 private constant ROUNDING_UNITS = 2;

    /// @dev Where things are in the bit map of a reserve.
    uint256 private constant LOAN_TO_VALUE_BITS = 0xffff;
    uint256 private constant LIQUIDATION_THRESHOLD_SHIFT = 16;
    uint256 private constant BORROWING_ENABLED_BIT = 1 << 58;
    uint256 private constant DEBT_CEILING_BITS = ((1 << 40) - 1) << 212;

    address public immutable vault;
    IAaveV3Pool public immutable aave;
    IAaveScaledToken public immutable aToken;
    IAaveScaledToken public immutable debtToken;

    Book public book;

    /// @dev Asset sent along with a short and not supplied yet, and what the swap under way has brought.
    uint256 private transient _sentAlong;
    uint256 private transient _received;

    error OnlyVault(address caller);
    error NotListed(address token);
    error NotCollateral(address token);
    error BorrowingDisabled(address token);
    error UnknownActionKind(uint8 kind);
    error ZeroAmount();
    error SoldOtherThanAsked(uint256 sold, uint256 baseAmount);
    error SlippageExceeded(uint256 valueBps, uint256 boundBps);

    modifier onlyVault() {
        if (msg.sender != vault) revert OnlyVault(msg.sender);
        _;
    }

    constructor(address vault_, IAaveV3Pool aave_, IUniswapV3Pool pool_, IERC20 asset_, address baseToken_)
        UniswapV3Swapper(pool_, asset_, IERC20(baseToken_))
    {
        _requireCode(vault_);
        _requireCode(address(aave_));
        AaveReserve memory lent = _reserve(aave_, address(asset_));
        AaveReserve memory borrowed = _reserve(aave_, baseToken_);
        // An asset with a debt ceiling is isolated: Aave would not make it collateral by itself.
        bool lends = lent.configuration & LOAN_TO_VALUE_BITS != 0 && lent.configuration & DEBT_CEILING_BITS == 0;
        if (!lends) revert NotCollateral(address(asset_));
        if (borrowed.configuration & BORROWING_ENABLED_BIT == 0) revert BorrowingDisabled(baseToken_);

        vault = vault_;
        aave = aave_;
        aToken = IAaveScaledToken(lent.aTokenAddress);
        debtToken = IAaveScaledToken(borrowed.variableDebtTokenAddress);
    }

    /// @inheritdoc IAdapter
    function execute(bytes calldata action, uint256 priceE36, uint256 maxSlippageBps)
        external
        onlyVault
        returns (uint256 notional, Position memory held)
    {
        (uint8 kind, uint256 amount, uint256 limit) = abi.decode(action, (uint8, uint256, uint256));
        if (amount == 0) revert ZeroAmount();
        if (kind == SUPPLY) _supply(amount);
        else if (kind == WITHDRAW) aave.withdraw(asset, amount, vault);
        else if (kind == SHORT) notional = _short(amount, limit, priceE36, maxSlippageBps);
        else if (kind == COVER) notional = _cover(amount, limit, priceE36, maxSlippageBps);
        else revert UnknownActionKind(kind);
        held = _finish(priceE36);
    }

    /// @inheritdoc IAdapter
    /// @dev Once nothing is owed, sends home what Aave has the cash for.
    function reduce(uint256 partBps, uint256 priceE36, uint256 maxSlippageBps)
        external
        onlyVault
        returns (uint256 notional, Position memory held)
    {
        uint256 owed = debtToken.balanceOf(address(this));
        if (owed != 0) {
            uint256 part = Math.mulDiv(owed, partBps, BPS, Math.Rounding.Ceil);
            notional = _cover(part, type(uint256).max, priceE36, maxSlippageBps);
        } else {
            uint256 free = Math.min(aToken.balanceOf(address(this)), IERC20(asset).balanceOf(address(aToken)));
            if (free != 0) aave.withdraw(asset, free, vault);
        }
        held = _finish(priceE36);
    }

    /// @inheritdoc IAdapter
    /// @dev A liquidation is booked as it is found, so that a gift that comes after it does not count either.
    function settle(uint256 priceE36) external onlyVault returns (Position memory) {
        (uint256 collateral, uint256 debt) = _counted();
        book = Book(collateral.toUint128(), debt.toUint128());
        return position(priceE36);
    }

    /// @inheritdoc IAdapter
    /// @dev Value rounds down. Health is the lower of what Aave's prices and the reference price make it; the distance
    /// is the rise of the base price that would bring it to 1, with the collateral as it is.
    function position(uint256 priceE36) public view returns (Position memory told) {
        (uint256 scaledCollateral, uint256 scaledDebt) = _counted();
        uint256 collateral = Math.mulDiv(scaledCollateral, aave.getReserveNormalizedIncome(asset), RAY);
        told.fingerprint = keccak256(abi.encode(address(this), scaledCollateral, scaledDebt));
        told.healthBps = type(uint256).max;
        told.liquidationDistanceBps = type(uint256).max;
        told.value = collateral;
        if (scaledDebt == 0) return told;

        uint256 index = aave.getReserveNormalizedVariableDebt(baseToken);
        uint256 debt = Math.mulDiv(scaledDebt, index, RAY, Math.Rounding.Ceil);
        uint256 debtValue = Math.mulDiv(debt, priceE36, Price.SCALE, Math.Rounding.Ceil);
        told.value = Math.saturatingSub(collateral, debtValue);
        told.exposure = -debt.toInt256();
        told.healthBps = Math.min(_aaveHealthBps(), collateral * _liquidationThresholdBps() / debtValue);
        told.liquidationDistanceBps = Math.saturatingSub(told.healthBps, BPS);
    }

    /// @inheritdoc IAdapter
    function value(uint256 priceE36) external view returns (uint256) {
        return position(priceE36).value;
    }

    function _short(uint256 baseAmount, uint256 minAssetOut, uint256 priceE36, uint256 maxSlippageBps)
        private
        returns (uint256 notional)
    {
        _sentAlong = IERC20(asset).balanceOf(address(this));
        _trade(baseToken, baseAmount.toInt256());
        if (_spent != baseAmount) revert SoldOtherThanAsked(_spent, baseAmount);
        if (_received < minAssetOut) revert AmountOutTooSmall(_received, minAssetOut);
        notional = Price.assetValue(baseAmount, priceE36);
        _checkSlippage(Math.saturatingSub(notional, _received), notional, maxSlippageBps);
    }

    /// @dev A debt that somebody else has repaid in full needs no purchase, only to be booked.
    function _cover(uint256 baseAmount, uint256 maxAssetIn, uint256 priceE36, uint256 maxSlippageBps)
        private
        returns (uint256 notional)
    {
        uint256 amount = Math.min(baseAmount, debtToken.balanceOf(address(this)));
        if (amount == 0) return 0;
        _trade(asset, -amount.toInt256());
        if (_received < amount) revert AmountOutTooSmall(_received, amount);
        if (_spent > maxAssetIn) revert AmountInTooLarge(_spent, maxAssetIn);
        notional = Price.assetValue(amount, priceE36);
        _checkSlippage(Math.saturatingSub(_spent, notional + ROUNDING_UNITS), notional, maxSlippageBps);
    }

    function _trade(address tokenIn, int256 amount) private {
        _received = 0;
        _swapInPool(IERC20(tokenIn), amount, address(this));
    }

    /// @dev The pool has sent its side already. A purchase repays the debt, which frees the collateral that pays for it;
    /// the proceeds of a sale become the collateral against which the base sold is borrowed. Both sides are measured and
    /// summed, however often the pool asks.
    function _pay(IERC20 tokenIn, uint256 owed, uint256 bought) internal override {
        uint256 held = IERC20(asset).balanceOf(address(this));
        if (address(tokenIn) == asset) {
            IERC20(baseToken).forceApprove(address(aave), bought);
            _received += aave.repay(baseToken, bought, VARIABLE_RATE, address(this));
            if (owed > held) aave.withdraw(asset, owed - held, address(this));
        } else {
            _received += held - _sentAlong;
            _sentAlong = 0;
            _supply(held);
            aave.borrow(baseToken, owed, VARIABLE_RATE, 0, address(this));
        }
        super._pay(tokenIn, owed, bought);
    }

    function _supply(uint256 amount) private {
        IERC20(asset).forceApprove(address(aave), amount);
        aave.supply(asset, amount, address(this), 0);
    }

    /// @dev Books what is held and owed now, and sends home the asset that is left.
    function _finish(uint256 priceE36) private returns (Position memory) {
        book = Book(
            aToken.scaledBalanceOf(address(this)).toUint128(), debtToken.scaledBalanceOf(address(this)).toUint128()
        );
        uint256 left = IERC20(asset).balanceOf(address(this));
        if (left != 0) IERC20(asset).safeTransfer(vault, left);
        return position(priceE36);
    }

    /// @dev A fill better than the reference price has no slippage.
    function _checkSlippage(uint256 shortfall, uint256 notional, uint256 maxSlippageBps) private pure {
        uint256 slippageBps = Price.shortfallBps(shortfall, notional);
        if (slippageBps > maxSlippageBps) revert SlippageExceeded(slippageBps, maxSlippageBps);
    }

    /// @dev Scaled collateral and debt that count, see above.
    function _counted() private view returns (uint256 collateral, uint256 debt) {
        (collateral, debt) = (book.collateral, book.debt);
        uint256 held = aToken.scaledBalanceOf(address(this));
        if (held < collateral) (collateral, debt) = (held, debtToken.scaledBalanceOf(address(this)));
    }

    /// @dev An oracle of Aave's that does not answer leaves the health unknown, which is as bad as none: it stops what
    /// needs health, and not the vault's holders.
    function _aaveHealthBps() private view returns (uint256) {
        try aave.getUserAccountData(address(this)) returns (
            uint256, uint256, uint256, uint256, uint256, uint256 healthFactor
        ) {
            return healthFactor / HEALTH_FACTOR_PER_BPS;
        } catch {
            return 0;
        }
    }

    function _liquidationThresholdBps() private view returns (uint256) {
        return uint16(aave.getConfiguration(asset) >> LIQUIDATION_THRESHOLD_SHIFT);
    }

    function _reserve(IAaveV3Pool aave_, address token) private view returns (AaveReserve memory reserve) {
        reserve = aave_.getReserveData(token);
        if (reserve.aTokenAddress == address(0)) revert NotListed(token);
    }
}
