// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Position} from "./interfaces/IAdapter.sol";
import {Price} from "./libraries/Price.sol";

/// @notice What is held at one venue, or in one base token. `amount` is what its cap counts: of a venue its notional or
/// its value, whichever is larger; of a token the sum of the absolute notionals. `net` is a token's signed sum in base
/// units, which cutting both legs alike leaves as it is to the last unit.
struct Holding {
    address key;
    uint256 amount;
    int256 net;
}

/// @notice What the envelope is measured on, at one moment; both moments of a plan at the same prices. In asset units.
struct Snapshot {
    uint256 assets; // idle cash and positions
    uint256 idle; // of them cash in the vault
    uint256 pendingLoss; // worst loss of orders in flight, not yet in `assets`
    uint256 gross; // sum of the absolute notionals
    uint256 liquidationDistanceBps; // least over the adapters
    uint256 healthBps; // least over the adapters
    Holding[] venues;
    Holding[] tokens;
}

/// @title What holdings come to, in figures that limits can be set on.
library Measure {
    using Math for uint256;

    function snapshot(
        address[] memory adapters,
        address[] memory tokens,
        uint256[] memory prices,
        Position[] memory positions,
        uint256 idle
    ) internal pure returns (Snapshot memory s) {
        uint256 count = adapters.length;
        s.assets = s.idle = idle;
        s.liquidationDistanceBps = s.healthBps = type(uint256).max;
        s.venues = new Holding[](count);
        // A token of several venues is summed up where it comes first; nothing is left at the others.
        s.tokens = new Holding[](count);
        for (uint256 i; i < count; ++i) {
            Position memory p = positions[i];
            uint256 notional = Price.notional(p.exposure, prices[i]);
            s.assets += p.value;
            s.pendingLoss += p.pendingLoss;
            s.gross += notional;
            s.liquidationDistanceBps = s.liquidationDistanceBps.min(p.liquidationDistanceBps);
            s.healthBps = s.healthBps.min(p.healthBps);
            s.venues[i] = Holding(adapters[i], notional.max(p.value), 0);

            uint256 first;
            while (tokens[first] != tokens[i]) ++first;
            s.tokens[first].key = tokens[i];
            s.tokens[first].amount += notional;
            s.tokens[first].net += p.exposure;
        }
    }

    /// @notice Net asset value with the orders in flight at their worst fill.
    function netAssets(Snapshot memory s) internal pure returns (uint256) {
        return s.assets.saturatingSub(s.pendingLoss);
    }
}
