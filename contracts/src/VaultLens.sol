// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Position} from "./interfaces/IAdapter.sol";
import {IRedemptionQueue} from "./interfaces/IRedemptionQueue.sol";
import {Price} from "./libraries/Price.sol";
import {Figures, VaultStatus} from "./Plan.sol";
import {Holdings} from "./Portfolio.sol";
import {Vault} from "./Vault.sol";

/// @title Everything the agent reads of a vault, in one call.
/// @dev It keeps nothing and nobody trusts it with anything: what it says can be read from the vault itself.
contract VaultLens {
    using SafeCast for uint256;

    function status(Vault vault) external view returns (VaultStatus memory s) {
        Figures memory f = vault.figures();
        s.realAssets = f.real;
        s.totalAssets = f.bounded;
        s.idleAssets = vault.idleAssets();
        s.totalSupply = f.supply;
        s.sharePriceE18 = f.sharePriceE18;
        s.highWaterMarkE18 = f.highWaterMarkE18;
        s.dayStartPriceE18 = f.dayStartPriceE18;
        s.weekStartPriceE18 = f.weekStartPriceE18;
        s.mode = vault.mode();
        s.planCount = vault.planCount();
        s.lastPlanAt = vault.lastPlanAt();
        s.lastSignAt = vault.lastSignAt();
        s.stateHash = f.stateHash;
        (s.turnoverUsedBps, s.lossUsedBps, s.emergencyLossUsedBps) =
            vault.policy().usedBps(f.budgets, block.timestamp - s.lastPlanAt);
        _addHoldings(vault, s);
        _addQueue(vault, s);
    }

    function _addHoldings(Vault vault, VaultStatus memory s) private view {
        Holdings memory h = vault.portfolio().latest();
        s.liquidationDistanceBps = s.healthBps = type(uint256).max;
        for (uint256 i; i < h.positions.length; ++i) {
            Position memory p = h.positions[i];
            s.grossExposure += Price.notional(p.exposure, h.prices[i]);
            s.netDelta += _netDeltaOfToken(h, i);
            s.pendingLoss += p.pendingLoss;
            s.liquidationDistanceBps = Math.min(s.liquidationDistanceBps, p.liquidationDistanceBps);
            s.healthBps = Math.min(s.healthBps, p.healthBps);
        }
    }

    /// @dev Of the base token of venue `index` and all after it; 0 if a venue before it has the same.
    function _netDeltaOfToken(Holdings memory h, uint256 index) private pure returns (int256 delta) {
        address token = h.tokens[index];
        int256 net;
        for (uint256 i; i < h.positions.length; ++i) {
            if (h.tokens[i] != token) continue;
            if (i < index) return 0;
            net += h.positions[i].exposure;
        }
        delta = Price.notional(net, h.prices[index]).toInt256();
        if (net < 0) delta = -delta;
    }

    function _addQueue(Vault vault, VaultStatus memory s) private view {
        IRedemptionQueue queue = vault.queue();
        if (address(queue) == address(0)) return;
        s.queuedAssets = vault.previewRedeem(queue.pendingShares());
        s.queuedSince = queue.oldestPendingSince();
    }
}
