// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRedemptionQueue} from "./interfaces/IRedemptionQueue.sol";
import {Mode} from "./Plan.sol";
import {Policy, VaultLimits} from "./Policy.sol";
import {Portfolio} from "./Portfolio.sol";

/// @notice What the vault charges its holders, in shares; at most `MAX_MANAGEMENT_FEE_BPS` and `MAX_PERFORMANCE_FEE_BPS`.
struct Fees {
    uint16 managementBps; // of the assets, per year
    uint16 performanceBps; // of what the share price rises above its highest so far
    address recipient; // nobody: no fees
}

/// @notice The share prices that fees and losses are measured from; 1e18 at the start.
struct Marks {
    uint128 highWaterMark;
    uint128 feeMark; // the highest that a performance fee was taken at
    uint128 dayStart;
    uint128 weekStart;
}

/// @notice The vault's books, opened once in a call: what it holds and what holders own of it.
struct Book {
    VaultLimits limits;
    uint256 gifts; // asset units lying in the vault that were never counted
    uint256 real; // idle cash and positions
    uint256 bounded; // the same, risen no faster than the policy allows: what shares are worth
    uint256 feeShares; // that fees since the last record come to
    uint256 supply; // with them
    uint256 sharePriceE18;
    Marks marks; // as this share price sets them
}

/// @notice Which prices to look at: redemptions accept prices as old as holders were promised at the start.
enum Prices {
    LastGood,
    ForEntry,
    ForExit
}

/// @title What the vault holds and is worth: venues, prices, fees, and the marks that losses are measured from.
/// @dev Idle cash is counted here, not read from the token: asset sent to the vault without a deposit changes nothing and
/// stays. A token that takes from the vault's balance by itself is a loss, seen as soon as the books are opened.
abstract contract VaultBook is ERC4626, ERC20Permit, AccessManaged, ReentrancyGuardTransient {
    using Math for uint256;
    using SafeCast for uint256;

    uint256 public constant MAX_MANAGEMENT_FEE_BPS = 500;
    uint256 public constant MAX_PERFORMANCE_FEE_BPS = 3_000;

    uint256 internal constant BPS = 10_000;
    uint256 internal constant VIRTUAL_SHARES = 10 ** 6;
    /// @dev A share price of 1e18 is the one at the start: 10^6 shares units for an asset unit.
    uint256 private constant PRICE_SCALE = 1e18 * VIRTUAL_SHARES;

    Policy public immutable policy;
    Portfolio public immutable portfolio;

    // Each paragraph fills one storage slot, the marks two: a plan pays for every one of them.

    address public agent;
    Mode public mode;
    /// @notice Number of the last plan that was accepted.
    uint40 public planCount;
    /// @notice When a plan was last carried out.
    uint40 public lastPlanAt;

    /// @notice Where those wait who want more than the idle cash; zero for none.
    IRedemptionQueue public queue;
    /// @notice When the agent last sent a plan or a heartbeat.
    uint40 public lastSignAt;
    uint40 private _recordedAt;

    /// @notice Asset units held here and not sent to any adapter.
    uint128 public idleAssets;
    uint128 private _recordedAssets;

    uint128 internal _assetsAtOpening;
    // Levels of the buckets when the last plan was carried out; they have drained since.
    uint40 internal _turnover;
    uint40 internal _loss;
    uint40 internal _emergencyLoss;

    Marks internal _marks;

    Fees public fees;

    event ModeSet(Mode mode, address indexed by);
    event ModeLatched(Mode mode, bytes32 limit, uint256 value, uint256 bound);
    /// @param losses of the day, of the week and from the highest price: basis points in the upper 128 bits, the limit in
    /// the lower
    event Checkpointed(uint256 sharePriceE18, uint256[3] losses);
    event FeesTaken(uint256 shares, address indexed recipient);

    // ---------------------------------------------------------------- opening the books

    /// @dev For every call that changes anything but a plan: refreshed prices, fees taken, marks set, a broken loss limit
    /// latched. Reverts while a price cannot be trusted or a venue cannot say its worth: no price would be fair.
    /// @param leaving redemptions accept prices as old as holders were promised
    function _openBook(bool leaving) internal returns (Book memory b) {
        _open(b);
        _appraise(b, portfolio.appraise(_priceAge(b.limits, leaving)));
        _openBlock(b.real);
        _takeFees(b.feeShares);
        _record(b);
    }

    /// @dev What the books would show. The last good prices serve for looking; for anything else they must be healthy.
    function _viewBook(Prices prices) internal view returns (Book memory b) {
        b.limits = policy.current();
        uint256 age = _priceAge(b.limits, prices == Prices.ForExit);
        _appraise(b, prices == Prices.LastGood ? portfolio.latestValue() : portfolio.healthyValue(age));
    }

    function _open(Book memory b) internal {
        b.limits = policy.current();
        uint256 balance = _assetBalance();
        uint256 idle = idleAssets;
        if (balance >= idle) b.gifts = balance - idle;
        else idleAssets = balance.toUint128();
    }

    /// @dev What the vault is worth with `positions` at its venues, and what that makes of fees, share price and marks.
    function _appraise(Book memory b, uint256 positions) internal view {
        uint256 supply = totalSupply();
        b.real = idleAssets + positions;
        b.bounded = _boundedAssets(b.real, supply, b.limits.maxGrowthBps);
        b.marks = _marks;
        b.feeShares = _feeShares(b.bounded, supply, b.marks.feeMark);
        b.supply = supply + b.feeShares;
        _priceShares(b);
        (uint256 today, uint256 markedDay) = (block.timestamp / 1 days, _recordedAt / 1 days);
        if (markedDay == today) return;
        b.marks.dayStart = uint128(b.sharePriceE18);
        if (_weekOf(markedDay) != _weekOf(today)) b.marks.weekStart = uint128(b.sharePriceE18);
    }

    /// @dev The share price raises the marks. Without holders there is nobody's loss to measure.
    function _priceShares(Book memory b) internal pure {
        uint128 price = _sharePriceE18(b.bounded, b.supply);
        b.sharePriceE18 = price;
        Marks memory m = b.marks;
        if (b.supply == 0) {
            (m.highWaterMark, m.feeMark, m.dayStart, m.weekStart) = (price, price, price, price);
            return;
        }
        if (price > m.highWaterMark) m.highWaterMark = price;
        if (price > m.feeMark) m.feeMark = price;
    }

    /// @dev The end of a plan: worth what it is now, and at most what it was, for no time has passed.
    function _reappraise(Book memory b, uint256 positions) internal view {
        b.real = idleAssets + positions;
        if (b.real < b.bounded || b.supply == 0 || b.bounded == 0) b.bounded = b.real;
        _priceShares(b);
    }

    /// @dev Keeps the first value of a block, and of all blocks of one second. Every call that opens the books records
    /// them, so that the second of the record tells whether this is the first.
    function _openBlock(uint256 assets) internal {
        if (_recordedAt != block.timestamp) _assetsAtOpening = assets.toUint128();
    }

    function _takeFees(uint256 shares) internal {
        if (shares == 0) return;
        _mint(fees.recipient, shares);
        emit FeesTaken(shares, fees.recipient);
    }

    /// @dev Writes the books down, and latches the mode when a loss limit is broken.
    function _record(Book memory b) internal {
        _recordedAssets = b.bounded.toUint128();
        _recordedAt = uint40(block.timestamp);
        _marks = b.marks;
        uint256[3] memory losses = _lossesOf(b);
        emit Checkpointed(b.sharePriceE18, losses);
        _latchIfBroken(b.limits.latchMode, losses);
    }

    /// @dev Falls of the share price since the start of the day, since that of the week, and from its highest, each with
    /// its limit; as `Checkpointed` tells them.
    function _lossesOf(Book memory b) internal pure returns (uint256[3] memory losses) {
        (Marks memory m, VaultLimits memory l) = (b.marks, b.limits);
        losses[0] = _fallBps(m.dayStart, b.sharePriceE18) << 128 | l.maxDailyLossBps;
        losses[1] = _fallBps(m.weekStart, b.sharePriceE18) << 128 | l.maxWeeklyLossBps;
        losses[2] = _fallBps(m.highWaterMark, b.sharePriceE18) << 128 | l.maxDrawdownBps;
    }

    /// @return limit whose breach latched the mode in this call, else 0
    function _latchIfBroken(Mode to, uint256[3] memory losses) internal returns (bytes32 limit) {
        if (mode != Mode.Active) return 0;
        uint256 loss = losses[0];
        limit = "max_daily_loss";
        if (!_isBroken(loss)) (loss, limit) = (losses[1], "max_weekly_loss");
        if (!_isBroken(loss)) (loss, limit) = (losses[2], "max_drawdown");
        if (!_isBroken(loss)) return 0;
        mode = to;
        emit ModeLatched(to, limit, loss >> 128, uint128(loss));
    }

    function _isBroken(uint256 loss) private pure returns (bool) {
        return loss >> 128 > uint128(loss);
    }

    /// @dev (assets + 1) / (supply + virtual shares), scaled so that it starts at 1e18 whatever the asset's decimals. At
    /// least 1 and at most what a mark holds, so that neither a total loss nor a windfall can stop the vault.
    function _sharePriceE18(uint256 assets, uint256 supply) private pure returns (uint128) {
        uint256 price = (assets + 1) * PRICE_SCALE / (supply + VIRTUAL_SHARES);
        if (price == 0) return 1;
        return price < type(uint128).max ? uint128(price) : type(uint128).max;
    }

    // ---------------------------------------------------------------- worth

    /// @dev Shares may rise by `maxGrowthBps` a day from what was recorded last; a fall counts at once. Without holders
    /// there is nobody to be robbed by a jump.
    function _boundedAssets(uint256 real, uint256 supply, uint256 maxGrowthBps) private view returns (uint256) {
        uint256 recorded = _recordedAssets;
        if (supply == 0 || recorded == 0) return real;
        uint256 elapsed = block.timestamp - _recordedAt;
        uint256 bound = recorded + recorded * maxGrowthBps * elapsed / (BPS * 1 days);
        return real < bound ? real : bound;
    }

    /// @dev Deposits and redemptions move the record with them: they are no growth.
    function _moveRecord(uint256 paidIn, uint256 paidOut) internal {
        _recordedAssets = (_recordedAssets + paidIn - paidOut).toUint128();
    }

    /// @dev Shares that the fees since the last record are worth, after the others have paid them:
    ///     feeAssets = assets x management x elapsed / year + performance x max(0, price - highest price) x supply
    ///     shares    = feeAssets x supply / (assets - feeAssets)
    /// A year of silence at most, so that fees cannot exceed what there is.
    function _feeShares(uint256 assets, uint256 supply, uint256 feeMark) private view returns (uint256) {
        Fees memory f = fees;
        if (f.recipient == address(0) || supply == 0) return 0;
        uint256 elapsed = Math.min(block.timestamp - _recordedAt, 365 days);
        uint256 feeAssets = assets.mulDiv(f.managementBps * elapsed, BPS * 365 days);
        // Both prices are rounded down, which must not look like a gain.
        uint256 gain = uint256(_sharePriceE18(assets - feeAssets, supply)).saturatingSub(feeMark + 1);
        feeAssets += gain.mulDiv((supply + VIRTUAL_SHARES) * f.performanceBps, PRICE_SCALE * BPS);
        return feeAssets.mulDiv(supply + VIRTUAL_SHARES, assets + 1 - feeAssets);
    }

    // ---------------------------------------------------------------- parts

    function decimals() public view override(ERC20, ERC4626) returns (uint8) {
        return super.decimals();
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return 6; // 10^6 virtual shares
    }

    function _priceAge(VaultLimits memory l, bool leaving) private pure returns (uint256) {
        return leaving ? l.exitOracleAgeSeconds : l.maxOracleAgeSeconds;
    }

    function _assetBalance() internal view returns (uint256) {
        return IERC20(asset()).balanceOf(address(this));
    }

    function _countIdle(uint256 gifts) internal {
        idleAssets = (_assetBalance() - gifts).toUint128();
    }

    function _fallBps(uint256 from, uint256 to) private pure returns (uint256) {
        return to >= from ? 0 : Math.ceilDiv((from - to) * BPS, from);
    }

    /// @dev Weeks begin on Monday; 1970-01-01 was a Thursday.
    function _weekOf(uint256 day) private pure returns (uint256) {
        return (day + 3) / 7;
    }
}
