// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Position} from "./interfaces/IAdapter.sol";
import {Price} from "./libraries/Price.sol";

/// @notice What the envelope is measured on, at one moment; both moments of a plan at the same prices. In asset units.
struct Snapshot {
    uint256 assets; // idle cash and positions
    uint256 idle; // of them cash in the vault
    uint256 pendingLoss; // worst loss of orders in flight, not yet in `assets`
    uint256 gross; // sum of the absolute notionals
    uint256 liquidationDistanceBps; // least over the venues
    uint256 healthBps; // least over the venues
    uint256[] venues; // what the cap of each venue counts: its notional or its value, whichever is larger
    uint256[] tokens; // sum of the absolute notionals of a token where it comes first, 0 at its other venues
    int256[] nets; // its signed sum in base units, which cutting both legs alike leaves as it is to the last unit
}

/// @title What holdings come to, in figures that limits can be set on.
library Measure {
    using Math for uint256;

    /// @notice Starts with cash alone, for so many venues.
    function begin(Snapshot memory s, uint256 idle, uint256 count) internal pure {
        s.assets = s.idle = idle;
        s.liquidationDistanceBps = s.healthBps = type(uint256).max;
        s.venues = new uint256[](count);
        s.tokens = new uint256[](count);
        s.nets = new int256[](count);
    }

    /// @notice Adds the position of one venue.
    /// @param first venue of the same token
    function add(Snapshot memory s, Position calldata p, uint256 priceE36, uint256 venue, uint256 first) internal pure {
        uint256 value = p.value;
        uint256 notional = Price.notional(p.exposure, priceE36);
        s.assets += value;
        s.pendingLoss += p.pendingLoss;
        s.gross += notional;
        if (p.liquidationDistanceBps < s.liquidationDistanceBps) s.liquidationDistanceBps = p.liquidationDistanceBps;
        if (p.healthBps < s.healthBps) s.healthBps = p.healthBps;
        s.venues[venue] = notional > value ? notional : value;
        s.tokens[first] += notional;
        s.nets[first] += p.exposure;
    }

    /// @notice Net asset value with the orders in flight at their worst fill.
    function netAssets(Snapshot memory s) internal pure returns (uint256) {
        return s.assets.saturatingSub(s.pendingLoss);
    }
}
