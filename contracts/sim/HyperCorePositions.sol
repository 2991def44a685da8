// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {HyperCoreState} from "sim/HyperCoreState.sol";

/// @title How positions change: by trades, by funding, by liquidation and by auto-deleveraging.
abstract contract HyperCorePositions is HyperCoreState {
    using SafeCast for int256;
    using SafeCast for uint256;

    /// @dev Fills `size` (signed lots) for `notional` USD and charges the taker fee; false if margin does not suffice.
    function _trade(address user, uint32 perp, int256 size, uint256 notional) internal returns (bool) {
        Market memory market = _markets[perp];
        uint256 fee = Math.mulDiv(notional, market.takerFeePpm, 1e6, Math.Rounding.Ceil);
        if (!_marginSuffices(user, perp, size, notional + fee, notional - Math.min(fee, notional))) {
            _reject(user, "insufficient margin");
            return false;
        }
        _changePosition(user, perp, size, notional);
        _accounts[user].rawUsd -= int256(fee).toInt128();
        feesCollected += fee.toUint128();
        Ledger storage ledger = _ledgers[user];
        ledger.feesPaid += fee.toUint64();
        ledger.tradedNotional += notional.toUint64();
        ++ledger.fills;
        emit Filled(user, perp, size, notional, fee);
        return true;
    }

    /// @dev Initial margin, notional / maximum leverage, is asked only of trades that enlarge the position.
    /// `cost` leaves the account if it buys, `proceeds` enter it if it sells, both after fees.
    function _marginSuffices(address user, uint32 perp, int256 size, uint256 cost, uint256 proceeds)
        private
        view
        returns (bool)
    {
        Market memory market = _markets[perp];
        int256 sizeBefore = _positions[user][perp].szi;
        uint256 magnitudeBefore = _magnitude(sizeBefore);
        uint256 magnitudeAfter = _magnitude(sizeBefore + size);
        if (magnitudeAfter <= magnitudeBefore) return true;

        Risk memory risk = _riskOf(user);
        int256 equityAfter =
            risk.equity + size * int256(uint256(market.markPx)) + (size > 0 ? -int256(cost) : int256(proceeds));
        uint256 initialMarginAfter = risk.initialMargin - Math.ceilDiv(magnitudeBefore * market.markPx, market.maxLeverage)
            + Math.ceilDiv(magnitudeAfter * market.markPx, market.maxLeverage);
        return equityAfter >= int256(initialMarginAfter);
    }

    /// @dev Entry notional grows with the position and shrinks pro rata; the difference on the way out is realised.
    function _changePosition(address user, uint32 perp, int256 size, uint256 notional) private {
        Position memory p = _positions[user][perp];
        int256 before = p.szi;
        int256 closing = _closingSize(before, size);
        uint256 exit = _magnitude(closing) * notional / _magnitude(size);
        uint256 released = closing == 0 ? 0 : p.entryNtl * _magnitude(closing) / _magnitude(before);
        int256 realised = int256(exit) - int256(released);
        if (closing > 0) realised = -realised; // a short is bought back

        p.szi = (before + size).toInt64();
        p.entryNtl = (p.entryNtl - released + notional - exit).toUint64();
        if (before == 0) {
            _holders[perp].push(user);
            p.holderNumber = uint32(_holders[perp].length);
        } else if (p.szi == 0) {
            _removeHolder(perp, p.holderNumber);
            p.holderNumber = 0;
        }
        _positions[user][perp] = p;

        int128 paid = (size > 0 ? int256(notional) : -int256(notional)).toInt128();
        _accounts[user].rawUsd -= paid;
        marketCash += paid;
        if (realised != 0) _ledgers[user].realisedPnl += realised.toInt64();
    }

    /// @dev The part of `size` that goes against the position, with the sign of `size`.
    function _closingSize(int256 before, int256 size) private pure returns (int256) {
        if (before == 0 || (before > 0) == (size > 0)) return 0;
        return _magnitude(size) <= _magnitude(before) ? size : -before;
    }

    function _removeHolder(uint32 perp, uint32 holderNumber) private {
        address[] storage holders = _holders[perp];
        address last = holders[holders.length - 1];
        holders[holderNumber - 1] = last;
        _positions[last][perp].holderNumber = holderNumber;
        holders.pop();
    }

    /// @dev payment = size x oracle price x rate; longs pay when the rate is positive.
    function _payFunding(uint32 perp, uint64 oraclePx, int64 rateE18) internal {
        if (rateE18 == 0) return;
        address[] storage holders = _holders[perp];
        for (uint256 i = 0; i < holders.length; ++i) {
            address user = holders[i];
            int256 received = -int256(_positions[user][perp].szi) * int256(uint256(oraclePx)) * rateE18 / 1e18;
            _accounts[user].rawUsd += received.toInt128();
            marketCash -= received.toInt128();
            _ledgers[user].fundingReceived += received.toInt64();
            emit FundingPaid(user, perp, received);
        }
    }

    /// @dev Longs are checked at the lowest mark price since the last tick, shorts at the highest, and closed there.
    function _liquidate(uint32 perp, uint64 highPx, uint64 lowPx) internal {
        address[] storage holders = _holders[perp];
        for (uint256 i = holders.length; i > 0; --i) {
            address user = holders[i - 1];
            int256 size = _positions[user][perp].szi;
            uint64 price = size > 0 ? lowPx : highPx;
            Risk memory risk = _riskAt(user, perp, price);
            if (risk.equity >= int256(risk.maintenanceMargin)) continue;
            _changePosition(user, perp, -size, _magnitude(size) * price);
            _coverDeficit(user);
            ++_ledgers[user].liquidations;
            emit Liquidated(user, perp, size, price);
        }
    }

    function _autoDeleverage(address user, uint32 perp, uint256 lots, uint64 price) internal {
        int256 size = _positions[user][perp].szi;
        if (lots == 0 || lots > _magnitude(size)) revert NothingToDeleverage(size, lots);
        int256 closing = size > 0 ? -int256(lots) : int256(lots);
        _changePosition(user, perp, closing, lots * price);
        _coverDeficit(user);
        emit AutoDeleveraged(user, perp, closing, price);
    }

    /// @dev An account never owes: what being closed left below zero is insurance's loss.
    function _coverDeficit(address user) private {
        int256 equity = _riskOf(user).equity;
        if (equity >= 0) return;
        _accounts[user].rawUsd += (-equity).toInt128();
        insurancePaid += uint256(-equity);
    }
}
