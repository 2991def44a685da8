// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Envelope, Limit} from "src/Envelope.sol";
import {Action, Mode} from "src/Plan.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";

/// @notice The most that may be held at one venue and in one base token, absolute and relative; only growth is checked.
contract VaultCapsTest is CoreFixture {
    uint128 private constant AMPLE = type(uint128).max;
    uint32 private constant ALL = 1_000_000;

    function _expectVenueCap(Action memory action, LeveragedTestAdapter leg, uint256 value, uint256 bound_) private {
        _expectRevert(action, abi.encodeWithSelector(Envelope.VenueCapExceeded.selector, address(leg), value, bound_));
    }

    function _expectAssetCap(Action memory action, uint256 value, uint256 bound_) private {
        _expectRevert(action, abi.encodeWithSelector(Envelope.AssetCapExceeded.selector, address(weth), value, bound_));
    }

    // ---------------------------------------------------------------- venue

    function test_absolute_venue_cap_at_and_above_its_bound() public {
        _tightenCap(address(long), 30_000e6, ALL);
        _expectVenueCap(_trade(long, 3_000 * ONE_BPS + ONE_UNIT), long, 30_000e6 + 1, 30_000e6);
        _run(_trade(long, 3_000 * ONE_BPS));
    }

    function test_relative_venue_cap_at_and_above_its_bound() public {
        _tightenCap(address(short), AMPLE, 2_000);
        _expectVenueCap(_trade(short, -2_000 * ONE_BPS - ONE_UNIT), short, 20_000e6 + 1, 20_000e6);
        _run(_trade(short, -2_000 * ONE_BPS));
    }

    function test_the_smaller_of_the_two_binds() public {
        _tightenCap(address(long), 30_000e6, 2_000);
        _expectVenueCap(_trade(long, 2_000 * ONE_BPS + ONE_UNIT), long, 20_000e6 + 1, 20_000e6);
        _tightenCap(address(long), 10_000e6, 2_000);
        _expectVenueCap(_trade(long, 1_000 * ONE_BPS + ONE_UNIT), long, 10_000e6 + 1, 10_000e6);
    }

    function test_a_venue_counts_its_cash_when_that_is_more_than_its_notional() public {
        _tightenCap(address(long), 30_000e6, ALL);
        _expectVenueCap(_trade(long, ONE_BPS, 30_000e6 + 1, 0), long, 30_000e6 + 1, 30_000e6);
        _run(_trade(long, 3_000 * ONE_BPS, 30_000e6, 0));
    }

    function test_moving_cash_to_a_venue_is_bound_by_its_cap_even_though_it_reduces() public {
        _tightenCap(address(long), 30_000e6, ALL);
        _makeSafer(Mode.ReduceOnly);
        _expectVenueCap(_trade(long, 0, 30_000e6 + 1, 0), long, 30_000e6 + 1, 30_000e6);
        _run(_trade(long, 0, 30_000e6, 0));
    }

    function test_a_relative_cap_is_not_stretched_by_a_deposit_in_the_same_block() public {
        _tightenCap(address(long), AMPLE, 2_000);
        _fund(BOB, 9 * FUNDS);
        _expectVenueCap(_trade(long, 2_000 * ONE_BPS + ONE_UNIT), long, 20_000e6 + 1, 20_000e6);
        _later(1);
        _run(_trade(long, 20_000 * ONE_BPS));
    }

    function test_a_new_venue_may_hold_nothing_until_it_has_a_cap() public {
        LeveragedTestAdapter third = _newLegFor(address(weth));
        _acceptAfterDelay(address(third), oracle);
        _expectVenueCap(_trade(third, ONE_UNIT), third, 1, 0);
        _expectVenueCap(_trade(third, 0, 1, 0), third, 1, 0);
        _run(_pair(100));
    }

    // ---------------------------------------------------------------- token

    function test_absolute_cap_of_a_token_counts_all_its_venues() public {
        _tightenCap(address(weth), 30_000e6, ALL);
        _run(_trade(long, 2_000 * ONE_BPS));
        _later(60);
        // Opposite legs do not cancel here: each of them can fail.
        _expectAssetCap(_trade(short, -1_000 * ONE_BPS - ONE_UNIT), 30_000e6 + 1, 30_000e6);
        _run(_trade(short, -1_000 * ONE_BPS));
    }

    function test_relative_cap_of_a_token_at_and_above_its_bound() public {
        _tightenCap(address(weth), AMPLE, 5_000);
        _run(_trade(long, 2_500 * ONE_BPS));
        _later(60);
        _expectAssetCap(_trade(short, -2_500 * ONE_BPS - ONE_UNIT), 50_000e6 + 1, 50_000e6);
        _run(_trade(short, -2_500 * ONE_BPS));
    }

    function test_cash_is_none_of_a_tokens_cap() public {
        _tightenCap(address(weth), 0, 0);
        _run(_trade(long, 0, 50_000e6, 0));
        _expectAssetCap(_trade(long, ONE_UNIT), 1, 0);
    }

    // ---------------------------------------------------------------- only growth

    function test_a_cap_of_nothing_disables_a_venue_but_reducing_goes_on() public {
        _run(_actions(_trade(long, 4_000 * ONE_BPS, 30_000e6, 0), _trade(short, -4_000 * ONE_BPS)));
        _tightenCap(address(long), 0, 0);
        _later(60);
        _expectVenueCap(_trade(long, ONE_UNIT), long, 40_000e6 + 1, 0);
        _expectVenueCap(_trade(long, -ONE_UNIT, 20_000e6, 0), long, 50_000e6, 0);

        _makeSafer(Mode.ReduceOnly);
        _run(_pair(-1_000));
        _run(_actions(_trade(long, -3_000 * ONE_BPS), Action(address(long), 0, long.sendHome(30_000e6))));
        assertEq(vault.idleAssets(), FUNDS);
    }

    function test_a_cap_of_nothing_on_a_token_lets_it_be_reduced() public {
        _run(_pair(4_000));
        _tightenCap(address(weth), 0, 0);
        _later(60);
        _expectAssetCap(_trade(long, ONE_UNIT), 80_000e6 + 1, 0);
        _run(_pair(-4_000));
        assertEq(_status().grossExposure, 0);
    }

    function test_a_venue_above_its_cap_does_not_stop_the_others() public {
        _run(_pair(3_000));
        _tightenCap(address(long), 10_000e6, ALL);
        _later(60);
        _run(_trade(short, -100 * ONE_BPS));
        _later(60);
        // In a plan that does not only reduce, too, a venue above its cap may shrink without reaching it.
        _run(_actions(_trade(long, -500 * ONE_BPS), _trade(short, -100 * ONE_BPS)));
        assertEq(long.exposure(), 2_500 * ONE_BPS);
    }

    function test_a_price_that_carries_a_holding_over_its_cap_forces_nothing() public {
        _tightenCap(address(long), 30_000e6, ALL);
        _run(_pair(3_000));
        feed.set(PRICE * 102 / 100);
        _later(60);
        _run(_trade(short, -ONE_BPS));
        _later(60);
        _expectVenueCap(_trade(long, ONE_BPS), long, 30_610_200_000, 30_000e6);
    }

    function test_tells_the_largest_holding_that_grew() public {
        _tightenCap(address(short), 50_000e6, ALL);
        Vm.Log[] memory logs = _runAndRecord(_actions(_trade(long, 100 * ONE_BPS), _trade(short, -200 * ONE_BPS)));
        _assertTold(logs, Limit.VenueCap, 2_000e6, 50_000e6);
        _assertTold(logs, Limit.AssetCap, 3_000e6, 100 * FUNDS);
        _later(60);
        logs = _runAndRecord(_actions(_trade(long, 100 * ONE_BPS), _trade(short, 100 * ONE_BPS)));
        _assertTold(logs, Limit.VenueCap, 2_000e6, 100 * FUNDS);
        _assertTold(logs, Limit.AssetCap, 0, 0);
    }
}
