// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import "sim/HyperCoreAddresses.sol";
import {HyperCoreState} from "sim/HyperCoreState.sol";

/// @title What the read precompiles answer, encoded as the real ones encode it.
abstract contract HyperCoreReads is HyperCoreState {
    using SafeCast for int256;
    using SafeCast for uint256;

    struct PerpInfo {
        string coin;
        uint32 marginTableId;
        uint8 szDecimals;
        uint8 maxLeverage;
        bool onlyIsolated;
    }

    error UnknownRead(uint16 which);
    error UnknownPerp(uint256 perp);
    error UnknownToken(uint64 token);

    uint64 internal _l1BlockNumber;

    function read(uint16 which, bytes calldata arguments) external view returns (bytes memory) {
        if (which == READ_POSITION) {
            (address user, uint32 perp) = abi.decode(arguments, (address, uint32));
            return _readPosition(user, perp);
        }
        if (which == READ_POSITION_OLD) {
            (address user, uint16 perp) = abi.decode(arguments, (address, uint16));
            return _readPosition(user, perp);
        }
        if (which == READ_SPOT_BALANCE) {
            (address user, uint64 token) = abi.decode(arguments, (address, uint64));
            if (token != 0) revert UnknownToken(token);
            return abi.encode(uint256(_accounts[user].spotWei).toUint64(), uint64(0), uint64(0));
        }
        if (which == READ_MARGIN_SUMMARY) {
            (uint32 dex, address user) = abi.decode(arguments, (uint32, address));
            if (dex != 0) revert UnknownPerp(dex);
            return _readMarginSummary(user);
        }
        if (which == READ_WITHDRAWABLE) return abi.encode(_withdrawable(abi.decode(arguments, (address))).toUint64());
        if (which == READ_ACCOUNT_EXISTS) return abi.encode(_accounts[abi.decode(arguments, (address))].exists);
        if (which == READ_L1_BLOCK_NUMBER) return abi.encode(_l1BlockNumber);
        if (which == READ_MARK_PX) return abi.encode(_listed(abi.decode(arguments, (uint32))).markPx);
        if (which == READ_ORACLE_PX) return abi.encode(_listed(abi.decode(arguments, (uint32))).oraclePx);
        if (which == READ_PERP_INFO) return _readPerpInfo(abi.decode(arguments, (uint32)));
        if (which == READ_BEST_BID_OFFER) return _readBestBidOffer(abi.decode(arguments, (uint64)));
        revert UnknownRead(which);
    }

    /// @dev Equity above what open positions need: the greater of initial margin and a tenth of their notional.
    function _withdrawable(address user) internal view returns (uint256) {
        Risk memory risk = _riskOf(user);
        int256 free = risk.equity - int256(Math.max(risk.initialMargin, Math.ceilDiv(risk.notional, 10)));
        return free > 0 ? uint256(free) : 0;
    }

    function _readPosition(address user, uint32 perp) private view returns (bytes memory) {
        Market memory market = _listed(perp);
        Position memory p = _positions[user][perp];
        return abi.encode(p.szi, p.entryNtl, int64(0), uint32(market.maxLeverage), false);
    }

    function _readMarginSummary(address user) private view returns (bytes memory) {
        Risk memory risk = _riskOf(user);
        return abi.encode(
            risk.equity.toInt64(),
            risk.initialMargin.toUint64(),
            risk.notional.toUint64(),
            int256(_accounts[user].rawUsd).toInt64()
        );
    }

    function _readPerpInfo(uint32 perp) private view returns (bytes memory) {
        Market memory market = _listed(perp);
        return abi.encode(
            PerpInfo({
                coin: _coins[perp],
                marginTableId: market.maxLeverage,
                szDecimals: market.szDecimals,
                maxLeverage: market.maxLeverage,
                onlyIsolated: false
            })
        );
    }

    function _readBestBidOffer(uint64 asset) private view returns (bytes memory) {
        Market memory market = _listed(asset);
        uint256 bid = uint256(market.markPx) * (1e6 - market.halfSpreadPpm) / 1e6;
        uint256 ask = Math.ceilDiv(uint256(market.markPx) * (1e6 + market.halfSpreadPpm), 1e6);
        return abi.encode(bid.toUint64(), ask.toUint64());
    }

    function _listed(uint256 perp) private view returns (Market memory market) {
        if (perp <= type(uint32).max) market = _markets[uint32(perp)];
        if (market.maxLeverage == 0) revert UnknownPerp(perp);
    }
}
