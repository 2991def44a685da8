// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {HyperCoreMath} from "sim/HyperCoreMath.sol";
import {IHyperCore} from "sim/IHyperCore.sol";

/// @title What the stand-in remembers: markets, accounts, positions, and the sums over them.
/// @dev USD has 6 decimals, spot USDC 8 ("wei"), sizes are whole lots of 10^-szDecimals.
abstract contract HyperCoreState is IHyperCore {
    struct Market {
        uint64 markPx;
        uint64 oraclePx;
        uint48 depthUsd;
        uint32 halfSpreadPpm;
        uint32 takerFeePpm;
        uint8 szDecimals;
        uint8 maxLeverage; // zero: not listed
    }

    struct Account {
        bool exists;
        uint112 spotWei;
        int128 rawUsd; // cash in the perp account: deposits - cost of positions + realised results
    }

    struct Position {
        int64 szi;
        uint64 entryNtl;
        uint32 holderNumber; // index in `holders` plus one
    }

    /// @dev `IHyperCore.AccountLedger`, packed into two slots.
    struct Ledger {
        int64 fundingReceived;
        uint64 feesPaid;
        int64 realisedPnl;
        uint64 tradedNotional;
        uint64 fills;
        uint64 rejections;
        uint64 liquidations;
    }

    struct Risk {
        int256 equity;
        uint256 notional;
        uint256 initialMargin;
        uint256 maintenanceMargin;
    }

    event OrderRejected(address indexed user, string reason);
    event Filled(address indexed user, uint32 indexed perp, int256 size, uint256 notional, uint256 fee);
    event FundingPaid(address indexed user, uint32 indexed perp, int256 received);
    event Liquidated(address indexed user, uint32 indexed perp, int256 size, uint64 price);
    event AutoDeleveraged(address indexed user, uint32 indexed perp, int256 size, uint64 price);

    error NothingToDeleverage(int256 size, uint256 lots);

    uint32[] internal _perps;
    mapping(uint32 perp => string) internal _coins;
    mapping(uint32 perp => Market) internal _markets;
    mapping(uint32 perp => address[]) internal _holders;
    mapping(address user => Account) internal _accounts;
    mapping(address user => mapping(uint32 perp => Position)) internal _positions;
    mapping(address user => Ledger) internal _ledgers;

    /// @notice Cash of the market that takes the other side of every trade and of funding.
    int128 public marketCash;
    uint128 public feesCollected;
    /// @notice Losses beyond an account's equity, which nobody's cash covered.
    uint256 public insurancePaid;

    function ledgerOf(address user) external view returns (AccountLedger memory) {
        Ledger memory l = _ledgers[user];
        return AccountLedger({
            fundingReceived: l.fundingReceived,
            feesPaid: l.feesPaid,
            realisedPnl: l.realisedPnl,
            tradedNotional: l.tradedNotional,
            fills: l.fills,
            rejections: l.rejections,
            liquidations: l.liquidations
        });
    }

    function _reject(address user, string memory reason) internal {
        ++_ledgers[user].rejections;
        emit OrderRejected(user, reason);
    }

    function _bookOf(Market memory market) internal pure returns (HyperCoreMath.Book memory) {
        return HyperCoreMath.Book({
            mid: market.markPx,
            limitScale: 10 ** (2 + uint256(market.szDecimals)),
            halfSpreadPpm: market.halfSpreadPpm,
            depthUsd: market.depthUsd
        });
    }

    /// @dev The whole cross-margined account with every position at its mark price.
    function _riskOf(address user) internal view returns (Risk memory) {
        return _riskAt(user, 0, 0);
    }

    /// @dev As `_riskOf`, but with `perp` at `price` instead of its mark price; price zero stands for the mark price.
    function _riskAt(address user, uint32 perp, uint64 price) internal view returns (Risk memory risk) {
        risk.equity = _accounts[user].rawUsd;
        for (uint256 i = 0; i < _perps.length; ++i) {
            uint32 listed = _perps[i];
            int256 size = _positions[user][listed].szi;
            if (size == 0) continue;
            Market memory market = _markets[listed];
            uint64 px = price != 0 && listed == perp ? price : market.markPx;
            uint256 notional = _magnitude(size) * px;
            risk.equity += size * int256(uint256(px));
            risk.notional += notional;
            risk.initialMargin += Math.ceilDiv(notional, market.maxLeverage);
            risk.maintenanceMargin += Math.ceilDiv(notional, 2 * uint256(market.maxLeverage));
        }
    }

    function _magnitude(int256 signed) internal pure returns (uint256) {
        return uint256(signed < 0 ? -signed : signed);
    }
}
