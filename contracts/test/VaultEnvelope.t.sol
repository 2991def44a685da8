// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Envelope} from "ballast/Envelope.sol";
import {Action} from "ballast/Plan.sol";
import {Feed, IAggregatorV3, PriceOracle} from "ballast/PriceOracle.sol";
import {Vault} from "ballast/Vault.sol";
import {TestToken} from "sim/TestToken.sol";

import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";
import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice Every limit of the envelope, at its bound and one unit beyond.
contract VaultEnvelopeTest is VaultFixture {
    function test_gross_leverage_at_and_above_its_bound() public {
        _expectRevert(
            _actions(_trade(long, 7_500 * ONE_BPS + ONE_UNIT), _trade(short, -7_500 * ONE_BPS)),
            abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 15_001, 15_000)
        );
        _run(_pair(7_500));
    }

    function test_net_delta_at_and_above_its_bound_on_either_side() public {
        bytes memory reason = abi.encodeWithSelector(Envelope.NetDeltaExceeded.selector, 6_001, 6_000);
        _expectRevert(_trade(long, 6_000 * ONE_BPS + ONE_UNIT), reason);
        _expectRevert(_trade(short, -6_000 * ONE_BPS - ONE_UNIT), reason);
        _run(_trade(long, 6_000 * ONE_BPS));
        _later(60);
        _run(_actions(_trade(long, -6_000 * ONE_BPS), _trade(short, -6_000 * ONE_BPS)));
    }

    function test_net_delta_is_measured_for_each_token_by_itself() public {
        TestToken other = new TestToken("OTHER", 18);
        Feed[] memory feeds = new Feed[](2);
        feeds[0] = Feed(address(weth), IAggregatorV3(address(feed)), 100e8, 100_000e8);
        feeds[1] = Feed(address(other), IAggregatorV3(address(feed)), 100e8, 100_000e8);
        oracle = new PriceOracle(address(usdc), feeds);
        vault = _newVault(usdc);
        long = _newLeg();
        short = _newLegFor(address(other));
        _accept(address(short));
        _fund(ALICE, FUNDS);
        _later(60);
        // Opposite deltas in two tokens do not cancel.
        _expectRevert(_pair(6_001), abi.encodeWithSelector(Envelope.NetDeltaExceeded.selector, 6_001, 6_000));
        _run(_pair(6_000));
        assertEq(vault.status().netDelta, 0);
    }

    function test_trade_notional_at_and_above_its_bound() public {
        // In and out again, so that only the notional is large.
        _expectRevert(
            _actions(_trade(long, 10_000 * ONE_BPS), _trade(long, -10_000 * ONE_BPS - ONE_UNIT)),
            abi.encodeWithSelector(Envelope.TradeTooLarge.selector, 200_000e6 + 1, 200_000e6)
        );
        _run(_actions(_trade(long, 10_000 * ONE_BPS), _trade(long, -10_000 * ONE_BPS)));
    }

    function test_loss_per_plan_at_and_above_its_bound() public {
        _expectRevert(
            _trade(long, ONE_BPS, 1_001e6, 1_000e6 + 1),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100)
        );
        vm.expectEmit();
        emit Vault.PlanExecuted(1, FUNDS, FUNDS - 1_000e6, 10e6, false);
        _run(_trade(long, ONE_BPS, 1_001e6, 1_000e6));
    }

    function test_loss_per_plan_counts_orders_in_flight_at_their_worst() public {
        Action memory tooMuch = Action(address(long), 0, long.setRisk(1_000e6 + 1, type(uint256).max));
        _expectRevert(tooMuch, abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100));
        vm.expectEmit();
        emit Vault.PlanExecuted(1, FUNDS, FUNDS - 1_000e6, 0, true);
        _run(Action(address(long), 0, long.setRisk(1_000e6, type(uint256).max)));
        assertEq(vault.status().pendingLoss, 1_000e6);
    }

    function test_an_order_still_in_flight_is_charged_to_its_own_plan_only() public {
        _run(Action(address(long), 0, long.setRisk(1_000e6, type(uint256).max)));
        _later(60);
        uint256 nav = FUNDS - 1_000e6;
        _expectRevert(
            Action(address(long), 0, long.setRisk(1_000e6 + nav / 100 + 1, type(uint256).max)),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100)
        );
        _run(Action(address(long), 0, long.setRisk(1_000e6 + nav / 100, type(uint256).max)));
    }

    function test_pending_loss_above_the_assets_is_refused() public {
        _expectRevert(
            Action(address(long), 0, long.setRisk(2 * FUNDS, type(uint256).max)),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 20_000, 100)
        );
    }

    function test_liquidation_distance_at_and_below_its_bound() public {
        Action memory position = _trade(long, ONE_BPS);
        _expectRevert(
            _actions(position, Action(address(short), 0, short.setRisk(0, 1_499))),
            abi.encodeWithSelector(Envelope.LiquidationTooClose.selector, 1_499, 1_500)
        );
        _run(_actions(position, Action(address(short), 0, short.setRisk(0, 1_500))));
        assertEq(vault.status().liquidationDistanceBps, 1_500);
    }

    function test_cooldown_at_and_below_its_bound() public {
        _run(_pair(1));
        _later(59);
        _expectRevert(_pair(1), abi.encodeWithSelector(Envelope.CooldownActive.selector, 59, 60));
        _later(1);
        _run(_pair(1));
    }

    function test_an_empty_vault_may_hold_nothing() public {
        vm.startPrank(ALICE);
        vault.redeem(vault.balanceOf(ALICE), ALICE, ALICE);
        vm.stopPrank();
        _later(60);
        _expectRevert(
            _trade(long, ONE_UNIT),
            abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, type(uint256).max, 15_000)
        );
        _run(new Action[](0));
    }

    function test_a_deposit_in_the_same_block_does_not_stretch_the_limits() public {
        _fund(BOB, 9 * FUNDS);
        _expectRevert(_pair(7_501), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 15_002, 15_000));
        _run(_pair(7_500));
    }

    function test_a_redemption_in_the_same_block_shrinks_the_limits() public {
        vm.prank(ALICE);
        vault.withdraw(FUNDS / 2, ALICE, ALICE);
        _expectRevert(_pair(7_500), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 30_000, 15_000));
        _run(_pair(3_750));
    }

    function test_tells_every_limit_it_checked() public {
        Action[] memory actions = _actions(_trade(long, 3_000 * ONE_BPS, 100e6, 10e6), _trade(short, -1_000 * ONE_BPS));
        vm.recordLogs();
        _run(actions);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertChecked(logs, "max_oracle_age_s", 0, 3_600);
        _assertChecked(logs, "max_daily_loss", 0, 300);
        _assertChecked(logs, "max_drawdown", 0, 1_000);
        _assertChecked(logs, "cooldown_s", block.timestamp, 60);
        _assertChecked(logs, "max_trade_usd", 40_000e6, 200_000e6);
        _assertChecked(logs, "max_gross_leverage", 4_000, 15_000);
        _assertChecked(logs, "max_net_delta", 2_000, 6_000);
        _assertChecked(logs, "max_loss_per_plan", 1, 100);
        _assertChecked(logs, "min_liquidation_distance", type(uint256).max, 1_500);
    }

    function _assertChecked(Vm.Log[] memory logs, bytes32 limit, uint256 value, uint256 bound_) private pure {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != Envelope.LimitChecked.selector || logs[i].topics[1] != limit) continue;
            (uint256 toldValue, uint256 toldBound) = abi.decode(logs[i].data, (uint256, uint256));
            assertEq(toldValue, value, string(abi.encodePacked(limit)));
            assertEq(toldBound, bound_, string(abi.encodePacked(limit)));
            return;
        }
        revert(string(abi.encodePacked(limit)));
    }
}
