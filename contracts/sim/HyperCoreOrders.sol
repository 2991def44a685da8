// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {HyperCoreMath} from "sim/HyperCoreMath.sol";
import {HyperCorePositions} from "sim/HyperCorePositions.sol";

/// @title Limit orders of the stand-in: refused without a word, filled against the closed-form book, or left to rest.
/// @dev The book refills between orders: each order meets the whole depth.
abstract contract HyperCoreOrders is HyperCorePositions {
    uint8 internal constant ADD_LIQUIDITY_ONLY = 1;
    uint8 internal constant GOOD_TIL_CANCEL = 2;
    uint8 internal constant IMMEDIATE_OR_CANCEL = 3;
    uint256 private constant MIN_NOTIONAL = 10e6;

    struct Order {
        uint32 perp;
        bool isBuy;
        uint64 limitPx; // human x 10^8
        uint64 sz; // human x 10^8
        bool reduceOnly;
        uint8 timeInForce;
        uint128 clientId;
    }

    struct RestingOrder {
        address user;
        uint64 orderId;
        Order order;
    }

    RestingOrder[] internal _resting;
    uint64 internal _lastOrderId;

    function _placeOrder(address user, Order memory order) internal {
        string memory refusal = _refusal(user, order);
        if (bytes(refusal).length != 0) return _reject(user, refusal);

        HyperCoreMath.Book memory book = _bookOf(_markets[order.perp]);
        uint256 wanted = _wantedLots(user, order);
        uint256 lots = Math.min(wanted, HyperCoreMath.fillableLots(book, order.isBuy, order.limitPx));
        if (lots == 0) {
            if (order.timeInForce == IMMEDIATE_OR_CANCEL) return _reject(user, "no match within the limit");
        } else {
            if (order.timeInForce == ADD_LIQUIDITY_ONLY) return _reject(user, "would not add liquidity");
            if (!_fill(user, order, lots, HyperCoreMath.takerNotional(book, order.isBuy, lots))) return;
        }
        if (lots < wanted && order.timeInForce != IMMEDIATE_OR_CANCEL) {
            order.sz = uint64((wanted - lots) * _lot(order.perp));
            _resting.push(RestingOrder({user: user, orderId: ++_lastOrderId, order: order}));
        }
    }

    /// @dev Resting orders of one perp meet its new price, oldest first.
    function _retryResting(uint32 perp) internal {
        uint256 i = 0;
        while (i < _resting.length) {
            RestingOrder memory rests = _resting[i];
            if (rests.order.perp == perp && _isDone(i, rests)) _removeResting(i);
            else ++i;
        }
    }

    /// @dev A resting order trades at its own limit price; done when filled, refused, or left with nothing to reduce.
    function _isDone(uint256 i, RestingOrder memory rests) private returns (bool) {
        Order memory order = rests.order;
        HyperCoreMath.Book memory book = _bookOf(_markets[order.perp]);
        uint256 wanted = _wantedLots(rests.user, order);
        uint256 lots = Math.min(wanted, HyperCoreMath.fillableLots(book, order.isBuy, order.limitPx));
        if (wanted == 0) return true;
        if (lots == 0) return false;
        uint256 notional = HyperCoreMath.makerNotional(book, order.isBuy, lots, order.limitPx);
        if (!_fill(rests.user, order, lots, notional) || lots == wanted) return true;
        _resting[i].order.sz = uint64((wanted - lots) * _lot(order.perp));
        return false;
    }

    /// @dev By client id when one is given, otherwise by order id.
    function _cancel(address user, uint32 perp, uint64 orderId, uint128 clientId) internal {
        for (uint256 i = 0; i < _resting.length; ++i) {
            RestingOrder memory rests = _resting[i];
            bool named = clientId == 0 ? rests.orderId == orderId : rests.order.clientId == clientId;
            if (named && rests.user == user && rests.order.perp == perp) return _removeResting(i);
        }
        _reject(user, "no such order");
    }

    function _refusal(address user, Order memory order) private view returns (string memory) {
        Market memory market = _markets[order.perp];
        if (market.maxLeverage == 0) return "unknown perp";
        if (market.markPx == 0) return "no mark price";
        if (order.timeInForce < ADD_LIQUIDITY_ONLY || order.timeInForce > IMMEDIATE_OR_CANCEL) return "unknown time in force";
        if (order.sz == 0) return "zero size";
        if (order.sz % _lot(order.perp) != 0) return "size not in whole lots";
        HyperCoreMath.Book memory book = _bookOf(market);
        if (order.limitPx == 0) return "price not positive";
        if (HyperCoreMath.isFarFromMark(book, order.limitPx)) return "price too far from mark";
        if (!HyperCoreMath.isOnTick(order.limitPx, book.limitScale)) return "price not on tick";
        if (order.reduceOnly) {
            if (_wantedLots(user, order) == 0) return "reduce only would increase";
        } else if (order.sz / _lot(order.perp) * market.markPx < MIN_NOTIONAL) {
            return "notional below minimum";
        }
        return "";
    }

    /// @dev The order's lots; of a reduce-only order no more than the position has on the other side.
    function _wantedLots(address user, Order memory order) private view returns (uint256 lots) {
        lots = order.sz / _lot(order.perp);
        if (!order.reduceOnly) return lots;
        int256 size = _positions[user][order.perp].szi;
        bool reduces = order.isBuy ? size < 0 : size > 0;
        return reduces ? Math.min(lots, _magnitude(size)) : 0;
    }

    function _fill(address user, Order memory order, uint256 lots, uint256 notional) private returns (bool) {
        return _trade(user, order.perp, order.isBuy ? int256(lots) : -int256(lots), notional);
    }

    function _removeResting(uint256 i) private {
        for (; i + 1 < _resting.length; ++i) _resting[i] = _resting[i + 1];
        _resting.pop();
    }

    /// @dev One lot in the units of an order's size.
    function _lot(uint32 perp) private view returns (uint256) {
        return 10 ** (8 - uint256(_markets[perp].szDecimals));
    }
}
