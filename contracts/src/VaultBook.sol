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

import {Budgets} from "./Envelope.sol";
import {IAdapter, Position} from "./interfaces/IAdapter.sol";
import {Limits} from "./Limits.sol";
import {Mode} from "./Plan.sol";
import {Policy} from "./Policy.sol";
import {Holdings, Portfolio} from "./Portfolio.sol";

/// @notice What the vault charges its holders, in shares; at most `MAX_MANAGEMENT_FEE_BPS` and `MAX_PERFORMANCE_FEE_BPS`.
struct Fees {
    uint16 managementBps; // of the assets, per year
    uint16 performanceBps; // of what the share price rises above its highest so far
    address recipient; // nobody: no fees
}

/// @notice The vault's books opened in one call: what it holds, at which prices, and what holders own of it.
struct Book {
    Limits limits;
    uint64 policyVersion;
    uint256 gifts; // asset units lying in the vault that were never counted
    uint256 real; // idle cash and positions
    uint256 bounded; // the same, risen no faster than the policy allows: what shares are worth
    Holdings holdings;
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

    address public agent;
    Mode public mode;
    /// @notice Number of the last plan that was accepted.
    uint40 public planCount;
    /// @notice When a plan was last carried out.
    uint40 public lastPlanAt;

    /// @notice When the agent last sent a plan or a heartbeat.
    uint40 public lastSignAt;
    uint32 private _markedDay;
    // Levels of the buckets when the last plan was carried out; they have drained since.
    uint40 internal _turnover;
    uint40 internal _loss;
    uint40 internal _emergencyLoss;
    uint64 private _openedBlock;

    /// @notice Asset units held here and not sent to any adapter.
    uint128 public idleAssets;
    uint128 private _recordedAssets;
    uint128 internal _assetsAtOpening;
    uint40 private _recordedAt;

    uint128 private _highWaterMarkE18;
    uint128 private _feeMarkE18;
    uint128 private _dayStartE18;
    uint128 private _weekStartE18;

    Fees public fees;

    event ModeSet(Mode mode, address indexed by);
    event ModeLatched(Mode mode, bytes32 limit, uint256 value, uint256 bound);
    /// @param losses of the day, of the week and from the highest price: basis points in the upper 128 bits, the limit in
    /// the lower
    event Checkpointed(uint256 sharePriceE18, uint256[3] losses);
    event FeesTaken(uint256 shares, address indexed recipient);

    // ---------------------------------------------------------------- opening the books

    /// @dev For every call that changes anything: refreshed prices, fees taken, marks set, a broken loss limit latched.
    /// Reverts while a price cannot be trusted or a venue cannot say its position: there is no price that would be fair.
    /// @param leaving redemptions accept prices as old as holders were promised
    /// @return b the books
    /// @return latched the limit whose breach latched the mode in this call, else 0
    function _openBook(bool leaving, bool settles) internal returns (Book memory b, bytes32 latched) {
        uint256 exitAge;
        (b.limits, exitAge, b.policyVersion) = policy.current();
        b.gifts = _countGifts();
        if (settles) _settle(b.gifts);
        b.holdings = portfolio.refresh(leaving ? exitAge : b.limits.maxOracleAgeSeconds);
        _appraise(b);

        if (_openedBlock != block.number) {
            _openedBlock = uint64(block.number);
            _assetsAtOpening = b.real.toUint128();
        }
        uint256 shares = _feeShares(b.bounded, totalSupply());
        if (shares != 0) {
            _mint(fees.recipient, shares);
            emit FeesTaken(shares, fees.recipient);
        }
        latched = _record(b);
    }

    /// @dev What the books would show. The last good prices serve for looking; for anything else they must be healthy.
    function _viewBook(Prices prices) internal view returns (Book memory b) {
        uint256 exitAge;
        (b.limits, exitAge, b.policyVersion) = policy.current();
        if (prices == Prices.LastGood) b.holdings = portfolio.latest();
        else b.holdings = portfolio.healthy(prices == Prices.ForExit ? exitAge : b.limits.maxOracleAgeSeconds);
        _appraise(b);
    }

    /// @dev The share price of this moment, its marks, and the latch when a loss limit is broken.
    function _record(Book memory b) internal returns (bytes32 latched) {
        _recordedAssets = b.bounded.toUint128();
        _recordedAt = uint40(block.timestamp);
        uint256 price = _sharePriceE18(b.bounded, totalSupply());
        (uint256 high, uint256 dayStart, uint256 weekStart) = _marksAt(price);
        _setMarks(high, dayStart, weekStart);
        _feeMarkE18 = uint128(totalSupply() == 0 ? price : Math.max(_feeMarkE18, price));

        Limits memory l = b.limits;
        uint256 daily = _fallBps(dayStart, price);
        uint256 weekly = _fallBps(weekStart, price);
        uint256 drawdown = _fallBps(high, price);
        emit Checkpointed(
            price,
            [daily << 128 | l.maxDailyLossBps, weekly << 128 | l.maxWeeklyLossBps, drawdown << 128 | l.maxDrawdownBps]
        );
        if (mode != Mode.Active) return 0;
        if (daily > l.maxDailyLossBps) return _latch(l.latchMode, "max_daily_loss", daily, l.maxDailyLossBps);
        if (weekly > l.maxWeeklyLossBps) return _latch(l.latchMode, "max_weekly_loss", weekly, l.maxWeeklyLossBps);
        if (drawdown > l.maxDrawdownBps) return _latch(l.latchMode, "max_drawdown", drawdown, l.maxDrawdownBps);
    }

    /// @dev The marks that a checkpoint at `price` sets. Without holders there is nobody's loss to measure.
    function _marksAt(uint256 price) internal view returns (uint256 high, uint256 dayStart, uint256 weekStart) {
        if (totalSupply() == 0) return (price, price, price);
        high = Math.max(_highWaterMarkE18, price);
        uint256 today = block.timestamp / 1 days;
        dayStart = _markedDay == today ? _dayStartE18 : price;
        weekStart = _weekOf(_markedDay) == _weekOf(today) ? _weekStartE18 : price;
    }

    function _setMarks(uint256 high, uint256 dayStart, uint256 weekStart) internal {
        _highWaterMarkE18 = uint128(high);
        _dayStartE18 = uint128(dayStart);
        _weekStartE18 = uint128(weekStart);
        _markedDay = uint32(block.timestamp / 1 days);
    }

    /// @dev (assets + 1) / (supply + virtual shares), scaled so that it starts at 1e18 whatever the asset's decimals. At
    /// least 1 and at most what a mark holds, so that neither a total loss nor a windfall can stop the vault.
    function _sharePriceE18(uint256 assets, uint256 supply) internal pure returns (uint256) {
        return (assets + 1).mulDiv(PRICE_SCALE, supply + VIRTUAL_SHARES).max(1).min(type(uint128).max);
    }

    // ---------------------------------------------------------------- worth

    /// @dev Shares may rise by `maxGrowthBps` a day from what was recorded last; a fall counts at once. Without holders
    /// there is nobody to be robbed by a jump.
    function _boundedAssets(uint256 real, uint256 maxGrowthBps) private view returns (uint256) {
        uint256 recorded = _recordedAssets;
        if (totalSupply() == 0 || recorded == 0) return real;
        uint256 elapsed = block.timestamp - _recordedAt;
        return Math.min(real, recorded + recorded.mulDiv(maxGrowthBps * elapsed, BPS * 1 days));
    }

    /// @dev Deposits and redemptions move the record with them: they are no growth.
    function _moveRecord(uint256 paidIn, uint256 paidOut) internal {
        _recordedAssets = (_recordedAssets + paidIn - paidOut).toUint128();
    }

    /// @dev Shares that the fees since the last record are worth, after the others have paid them:
    ///     feeAssets = assets x management x elapsed / year + performance x max(0, price - highest price) x supply
    ///     shares    = feeAssets x supply / (assets - feeAssets)
    /// A year of silence at most, so that fees cannot exceed what there is.
    function _feeShares(uint256 assets, uint256 supply) internal view returns (uint256) {
        Fees memory f = fees;
        if (f.recipient == address(0) || supply == 0) return 0;
        uint256 elapsed = Math.min(block.timestamp - _recordedAt, 365 days);
        uint256 feeAssets = assets.mulDiv(f.managementBps * elapsed, BPS * 365 days);
        uint256 gain = _sharePriceE18(assets - feeAssets, supply).saturatingSub(_feeMarkE18);
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

    function _assetBalance() internal view returns (uint256) {
        return IERC20(asset()).balanceOf(address(this));
    }

    function _countGifts() private returns (uint256) {
        uint256 balance = _assetBalance();
        if (balance >= idleAssets) return balance - idleAssets;
        idleAssets = balance.toUint128();
        return 0;
    }

    /// @dev Brings home what arrived since the last plan.
    function _settle(uint256 gifts) private {
        address[] memory adapters = portfolio.adapters();
        for (uint256 i; i < adapters.length; ++i) {
            IAdapter(adapters[i]).settle();
        }
        _countIdle(gifts);
    }

    function _countIdle(uint256 gifts) internal {
        idleAssets = (_assetBalance() - gifts).toUint128();
    }

    /// @dev Idle cash and what the positions are worth.
    function _appraise(Book memory b) internal view {
        b.real = _sum(b.holdings.positions);
        b.bounded = _boundedAssets(b.real, b.limits.maxGrowthBps);
    }

    function _sum(Position[] memory positions) private view returns (uint256 assets) {
        assets = idleAssets;
        for (uint256 i; i < positions.length; ++i) {
            assets += positions[i].value;
        }
    }

    function _latch(Mode to, bytes32 limit, uint256 value, uint256 bound) private returns (bytes32) {
        mode = to;
        emit ModeLatched(to, limit, value, bound);
        return limit;
    }

    function _fallBps(uint256 from, uint256 to) private pure returns (uint256) {
        return from.saturatingSub(to).mulDiv(BPS, from, Math.Rounding.Ceil);
    }

    /// @dev Weeks begin on Monday; 1970-01-01 was a Thursday.
    function _weekOf(uint256 day) private pure returns (uint256) {
        return (day + 3) / 7;
    }
}
