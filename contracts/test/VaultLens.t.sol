// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Action, Figures, Mode, VaultStatus} from "src/Plan.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {Vault} from "src/Vault.sol";
import {TestToken} from "sim/TestToken.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";

/// @notice What the agent reads in one call is what the vault itself says.
contract VaultLensTest is CoreFixture {
    function test_tells_the_books_as_the_vault_does() public {
        _run(_actions(_trade(long, 4_000 * ONE_BPS, 30_000e6, 10e6), _trade(short, -1_000 * ONE_BPS, 20_000e6, 0)));
        _later(100);
        feed.set(PRICE * 101 / 100);
        VaultStatus memory s = _status();
        Figures memory f = vault.figures();
        assertEq(s.realAssets, f.real);
        assertEq(s.totalAssets, f.bounded);
        assertEq(s.totalAssets, vault.totalAssets());
        assertLt(s.totalAssets, s.realAssets);
        assertEq(s.idleAssets, 50_000e6);
        assertEq(s.totalSupply, vault.totalSupply());
        assertEq(s.sharePriceE18, f.sharePriceE18);
        assertEq(s.highWaterMarkE18, f.highWaterMarkE18);
        assertEq(s.dayStartPriceE18, f.dayStartPriceE18);
        assertEq(s.weekStartPriceE18, f.weekStartPriceE18);
        assertEq(s.planCount, 1);
        assertEq(s.lastPlanAt, block.timestamp - 100);
        assertEq(s.lastSignAt, block.timestamp - 100);
        assertEq(s.stateHash, f.stateHash);
    }

    function test_tells_exposures_and_risk_at_the_last_good_prices() public {
        _hold(long, 4_000);
        _hold(short, -1_000);
        long.setRiskNow(5e6, 3_000);
        short.setRiskNow(7e6, 2_000);
        long.setHealth(20_000);
        short.setHealth(30_000);
        VaultStatus memory s = _status();
        assertEq(s.grossExposure, 50_000e6);
        assertEq(s.netDelta, 30_000e6);
        assertEq(s.pendingLoss, 12e6);
        assertEq(s.liquidationDistanceBps, 2_000);
        assertEq(s.healthBps, 20_000);
        feed.set(PRICE * 2);
        assertEq(_status().grossExposure, 100_000e6);
        feed.setBroken(true);
        assertEq(_status().grossExposure, 50_000e6);
    }

    function test_signs_the_net_delta() public {
        _hold(short, -3_000);
        _hold(long, 1_000);
        assertEq(_status().netDelta, -20_000e6);
    }

    function test_adds_the_net_deltas_of_the_tokens() public {
        TestToken other = new TestToken("OTHER", 18);
        LeveragedTestAdapter leg = _newLegFor(address(other));
        _acceptAfterDelay(address(leg), _newOracle(address(usdc), address(other)));
        _hold(long, 1_000);
        _hold(leg, -3_000);
        VaultStatus memory s = _status();
        assertEq(s.netDelta, -20_000e6);
        assertEq(s.grossExposure, 40_000e6);
    }

    function test_tells_that_nothing_can_be_liquidated_when_nothing_is_held() public view {
        VaultStatus memory s = _status();
        assertEq(s.liquidationDistanceBps, NONE);
        assertEq(s.healthBps, NONE);
        assertEq(s.grossExposure, 0);
    }

    function test_tells_what_is_used_of_the_budgets_now() public {
        _run(_actions(_trade(long, 1_000 * ONE_BPS, 10_000e6, 70e6), _trade(short, -1_000 * ONE_BPS)));
        _run(_loseReducing(7e6));
        VaultStatus memory s = _status();
        assertEq(s.turnoverUsedBps, 2_000);
        assertEq(s.lossUsedBps, 7);
        assertEq(s.emergencyLossUsedBps, 1);
        _later(2 hours);
        s = _status();
        assertEq(s.turnoverUsedBps, 0);
        assertEq(s.lossUsedBps, 2); // 5.95 of 500 a week drained
        assertEq(s.emergencyLossUsedBps, 0);
    }

    function test_tells_the_mode() public {
        _makeSafer(Mode.Halted);
        assertEq(uint8(_status().mode), uint8(Mode.Halted));
    }

    function test_tells_who_waits_in_the_queue_and_since_when() public {
        VaultStatus memory s = _status();
        assertEq(s.queuedAssets, 0);
        assertEq(s.queuedSince, 0);
        RedemptionQueue queue = new RedemptionQueue(vault);
        _asOwner(address(vault), abi.encodeCall(Vault.setQueue, (IRedemptionQueue(address(queue)))));
        s = _status();
        assertEq(s.queuedAssets, 0);
        assertEq(s.queuedSince, 0);

        vm.startPrank(ALICE);
        vault.approve(address(queue), 10_000e12);
        queue.requestRedeem(10_000e12, ALICE, ALICE);
        vm.stopPrank();
        uint256 since = block.timestamp;
        _later(100);
        s = _status();
        assertEq(s.queuedAssets, 10_000e6);
        assertEq(s.queuedSince, since);
    }

    function test_its_state_hash_is_the_one_a_plan_needs() public {
        _hold(long, 10);
        _makeSafer(Mode.ReduceOnly);
        assertEq(_status().stateHash, _plan(new Action[](0)).stateHash);
        _run(_trade(long, -ONE_BPS));
    }
}
