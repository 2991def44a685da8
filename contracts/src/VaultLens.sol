// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRedemptionQueue} from "./interfaces/IRedemptionQueue.sol";
import {Price} from "./libraries/Price.sol";
import {Measure, Snapshot} from "./Measure.sol";
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
        Snapshot memory now_ = Measure.snapshot(h.adapters, h.tokens, h.prices, h.positions, s.idleAssets);
        s.grossExposure = now_.gross;
        for (uint256 i; i < now_.tokens.length; ++i) {
            int256 net = now_.tokens[i].net;
            int256 notional = Price.notional(net, h.prices[i]).toInt256();
            s.netDelta += net < 0 ? -notional : notional;
        }
        s.pendingLoss = now_.pendingLoss;
        s.liquidationDistanceBps = now_.liquidationDistanceBps;
        s.healthBps = now_.healthBps;
    }

    function _addQueue(Vault vault, VaultStatus memory s) private view {
        IRedemptionQueue queue = vault.queue();
        if (address(queue) == address(0)) return;
        s.queuedAssets = vault.previewRedeem(queue.pendingShares());
        s.queuedSince = queue.oldestPendingSince();
    }
}
