// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {stdError} from "forge-std/StdError.sol";

import {AaveV3} from "src/adapters/AaveV3.sol";
import {IUniswapV3Pool, UniswapV3Swapper} from "src/adapters/UniswapV3Swapper.sol";
import {Position} from "src/interfaces/IAdapter.sol";
import {TestToken} from "sim/TestToken.sol";

import {AaveFixture} from "./helpers/AaveFixture.sol";

/// @notice Sends what it likes, claims to have sent what it likes and asks for what it likes, as often as it likes.
contract HostilePool {
    address public immutable token0;
    address public immutable token1;
    uint256 private _times;
    TestToken private _token;
    uint256 private _sends;
    uint256 private _claims;
    uint256 private _asks;

    constructor(IUniswapV3Pool like) {
        (token0, token1) = (like.token0(), like.token1());
    }

    function plan(uint256 times, TestToken token, uint256 sends, uint256 claims, uint256 asks) external {
        (_times, _token, _sends, _claims, _asks) = (times, token, sends, claims, asks);
    }

    function swap(address recipient, bool, int256, uint160, bytes calldata) external returns (int256, int256) {
        for (uint256 i; i < _times; ++i) {
            _token.mint(recipient, _sends);
            UniswapV3Swapper(msg.sender).uniswapV3SwapCallback(int256(_asks), -int256(_claims), "");
        }
        return (int256(_asks), -int256(_claims));
    }
}

/// @notice When prices move, when Aave refuses, and when the pool lies.
contract AaveV3RiskTest is AaveFixture {
    // ---- health

    function test_a_rise_costs_what_the_debt_costs_more() public {
        _openShort();
        uint256 value = _value();
        _moveTo(3_000e8);
        Position memory p = _position();
        assertApproxEqAbs(p.value, value - 10_000e6, 1);
        assertApproxEqRel(p.healthBps, 19_980, 0.001e18, "149,850 x 0.8 / 60,000");
        assertEq(p.liquidationDistanceBps, p.healthBps - 10_000);
        _moveTo(2_000e8);
        assertApproxEqAbs(_value(), value + 10_000e6, 1);
    }

    function test_health_is_the_lower_of_aaves_price_and_the_reference_price() public {
        _openShort();
        uint256 health = _position().healthBps;
        lending.setBasePrice(3_000e8);
        assertApproxEqAbs(_position().healthBps, health * 5 / 6, 1, "Aave sees a rise");
        assertEq(_position().healthBps, _healthFactor() / 1e14);
        lending.setBasePrice(2_000e8);
        assertEq(_position().healthBps, health, "Aave sees a fall");
        lending.feedOf(address(asset)).set(0.9e8);
        lending.setBasePrice(2_500e8);
        assertApproxEqAbs(_position().healthBps, health * 9 / 10, 1, "Aave sees the asset fall");
    }

    function test_health_follows_aaves_liquidation_threshold() public {
        _openShort();
        uint256 health = _position().healthBps;
        lending.configurator().configureReserveAsCollateral(address(asset), 3_000, 4_000, 10_450);
        assertApproxEqAbs(_position().healthBps, health / 2, 1);
    }

    function test_an_oracle_of_aaves_that_does_not_answer_leaves_no_health_but_the_value() public {
        _openShort();
        Position memory before = _position();
        lending.feedOf(address(base)).breakDown();
        Position memory p = _position();
        assertEq(p.healthBps, 0);
        assertEq(p.liquidationDistanceBps, 0);
        assertEq(p.value, before.value);
        assertEq(p.fingerprint, before.fingerprint);
        _expectRevert("feed broken", 0, COVER, 1e18, ALL);
        _reduce(10_000);
        assertEq(_debt(), 0, "only what leaves a debt asks for a price");
    }

    /// @dev While there is a debt, Aave lets nothing else out than collateral that has lost its loan-to-value.
    function test_a_gift_whose_loan_to_value_is_taken_away_cannot_stop_a_cover_of_everything() public {
        _openShort();
        lending.supplyFor(base, 1, address(leg));
        lending.configurator().configureReserveAsCollateral(address(base), 0, 8_000, 10_450);
        _expectRevert("57", 0, COVER, 1e18, ALL);
        _reduce(10_000);
        _reduce(10_000);
        assertApproxEqRel(_cash(), 100_000e6, 0.002e18);
    }

    /// @dev Whatever the position: a rise by a little less than told is survived, by a little more is not.
    function testFuzz_the_distance_told_is_where_liquidation_begins(uint256 baseAmount) public {
        maxSlippageBps = 1_000;
        _execute(100_000e6, SHORT, bound(baseAmount, 1e18, 100e18), 0);
        uint256 distance = _position().liquidationDistanceBps;
        lending.setBasePrice(PRICE_E8 * (10_000 + distance) / 10_000);
        assertGe(_healthFactor(), 1e18);
        lending.setBasePrice(PRICE_E8 * (10_002 + distance) / 10_000);
        assertLt(_healthFactor(), 1e18);
    }

    // ---- liquidation

    function test_a_liquidation_is_seen_at_once_and_settling_changes_nothing() public {
        _openShort();
        _moveTo(6_200e8);
        Position memory before = _position();
        assertLt(before.healthBps, 10_000);
        assertEq(before.liquidationDistanceBps, 0);
        lending.liquidate(address(leg), 10e18);

        Position memory p = _position();
        assertApproxEqAbs(p.exposure, -10e18, 2);
        assertApproxEqRel(p.value, before.value - 62_000e6 * 45 / 1_000, 0.001e18, "the liquidator's bonus is lost");
        assertNotEq(p.fingerprint, before.fingerprint);
        _settle();
        assertEq(abi.encode(_position()), abi.encode(p));
    }

    function test_a_leg_below_liquidation_can_still_be_covered_and_emptied() public {
        _openShort();
        _moveTo(6_200e8);
        uint256 value = _value();
        _expectRevert("35", 0, WITHDRAW, 1, 0);
        _reduce(10_000);
        _reduce(10_000);
        assertEq(_debt(), 0);
        assertApproxEqRel(_cash(), value, 0.03e18);
        _assertClean();
    }

    function test_a_part_covered_lifts_the_health() public {
        _openShort();
        _moveTo(6_200e8);
        assertLt(_position().healthBps, 10_000);
        _reduce(5_000);
        assertGt(_position().healthBps, 10_000);
        _assertClean();
    }

    function test_a_debt_above_its_collateral_is_worth_nothing_and_needs_asset_to_be_covered() public {
        _openShort();
        _moveTo(8_000e8);
        Position memory p = _position();
        assertEq(p.value, 0);
        assertApproxEqAbs(p.exposure, -20e18, 1);
        assertLt(p.healthBps, 10_000);
        vm.expectRevert(bytes("32"));
        _reduce(10_000);
        _execute(20_000e6, COVER, ALL, ALL);
        assertEq(_debt(), 0);
        _assertClean();
    }

    /// @dev A purchase of dust costs a unit and a unit of fee, which no slippage allows for.
    function test_dust_that_a_liquidation_left_does_not_hold_the_collateral_back() public {
        _openShort();
        _moveTo(6_800e8);
        lending.liquidate(address(leg), _debt() - 3);
        assertEq(_debt(), 3);
        assertGt(_position().healthBps, 1e9, "told of dust too");
        _reduce(1);
        assertEq(_debt(), 2, "a part is rounded up");
        _reduce(10_000);
        assertEq(_debt(), 0);
        uint256 value = _value();
        assertGt(value, 1_000e6);
        _reduce(10_000);
        assertApproxEqAbs(_cash(), value, 1);
    }

    // ---- what Aave refuses

    function test_a_frozen_asset_takes_no_collateral_and_lets_everything_out() public {
        _openShort();
        lending.configurator().setReserveFreeze(address(asset), true);
        _expectRevert("28", 1_000e6, SUPPLY, 1_000e6, 0);
        _expectRevert("28", 0, SHORT, 1e18, 0);
        _reduce(10_000);
        _reduce(10_000);
        assertApproxEqRel(_cash(), 100_000e6, 0.002e18);
    }

    function test_a_frozen_base_is_not_lent_and_can_be_repaid() public {
        _openShort();
        lending.configurator().setReserveFreeze(address(base), true);
        _expectRevert("28", 0, SHORT, 1e18, 0);
        _reduce(10_000);
        assertEq(_debt(), 0);
    }

    function test_a_paused_reserve_refuses_everything_and_the_value_is_still_told() public {
        _openShort();
        Position memory before = _position();
        lending.configurator().setReservePause(address(asset), true);
        _expectRevert("29", 1_000e6, SUPPLY, 1_000e6, 0);
        _expectRevert("29", 0, WITHDRAW, 1, 0);
        _expectRevert("29", 0, SHORT, 1e18, 0);
        _expectRevert("29", 0, COVER, 1e18, ALL);
        vm.expectRevert(bytes("29"));
        _reduce(10_000);
        _execute(3_000e6, COVER, 1e18, ALL);
        assertApproxEqAbs(_debt(), 19e18, 1, "asset sent along needs no collateral");
        lending.configurator().setReservePause(address(base), true);
        _expectRevert("29", 3_000e6, COVER, 1e18, ALL);
        assertApproxEqRel(_value(), before.value + 2_500e6, 0.001e18);
        _settle();
    }

    function test_aaves_caps_hold() public {
        _openShort();
        lending.configurator().setSupplyCap(address(asset), 1);
        _expectRevert("51", 1_000e6, SUPPLY, 1_000e6, 0);
        lending.configurator().setSupplyCap(address(asset), 0);
        lending.configurator().setBorrowCap(address(base), 1);
        _expectRevert("50", 0, SHORT, 1e18, 0);
    }

    function test_reducing_takes_home_what_aave_has_the_cash_for() public {
        _execute(100_000e6, SUPPLY, 100_000e6, 0);
        uint256 value = _value();
        lending.borrow(asset, asset.balanceOf(address(leg.aToken())) - 30_000e6);
        _expectRevert(stdError.arithmeticError, 0, WITHDRAW, ALL, 0);
        _reduce(10_000);
        assertEq(_cash(), 30_000e6);
        assertApproxEqAbs(_value(), value - 30_000e6, 1);
        _reduce(10_000);
        assertEq(_cash(), 30_000e6, "no cash there, nothing done");
        lending.supply(asset, 1_000_000e6);
        _reduce(10_000);
        assertApproxEqAbs(_cash(), value, 1);
    }

    // ---- a hostile pool

    /// @dev The leg trades there with 100,000 of collateral and a debt of 10 base.
    function _hostile() private returns (HostilePool pool) {
        pool = new HostilePool(market.pool());
        leg = new AaveV3(address(this), aave, IUniswapV3Pool(address(pool)), asset, address(base));
        pool.plan(1, asset, 25_000e6, 25_000e6, 10e18);
        _execute(75_000e6, SHORT, 10e18, 0);
    }

    function _expectSoldOther(uint256 sold, uint256 amount) private {
        _expectRevert(abi.encodeWithSelector(AaveV3.SoldOtherThanAsked.selector, sold, amount), 0, SHORT, amount, 0);
    }

    function test_a_pool_that_does_not_ask_has_sold_and_bought_nothing() public {
        HostilePool pool = _hostile();
        pool.plan(0, asset, 2_500e6, 2_500e6, 1e18);
        _expectSoldOther(0, 1e18);
        bytes memory reason = abi.encodeWithSelector(UniswapV3Swapper.AmountOutTooSmall.selector, 0, 1e18);
        _expectRevert(reason, 0, COVER, 1e18, ALL);
    }

    function test_a_pool_that_asks_for_more_than_was_to_be_sold_is_refused() public {
        HostilePool pool = _hostile();
        pool.plan(1, asset, 2_500e6, 2_500e6, 2e18);
        _expectSoldOther(2e18, 1e18);
        pool.plan(2, asset, 2_500e6, 2_500e6, 1e18);
        _expectSoldOther(2e18, 1e18);
        pool.plan(2, asset, 1_250e6, 1_250e6, 0.5e18);
        _execute(5_000e6, SHORT, 1e18, 2_500e6);
    }

    function test_proceeds_that_a_pool_claims_and_does_not_send_do_not_count() public {
        HostilePool pool = _hostile();
        pool.plan(1, asset, 0, 2_500e6, 1e18);
        bytes memory reason = abi.encodeWithSelector(UniswapV3Swapper.AmountOutTooSmall.selector, 0, 1);
        _expectRevert(reason, 5_000e6, SHORT, 1e18, 1);
        reason = abi.encodeWithSelector(AaveV3.SlippageExceeded.selector, 10_000, 100);
        _expectRevert(reason, 5_000e6, SHORT, 1e18, 0);
    }

    function test_a_pool_that_asks_twice_for_the_price_of_a_purchase_is_seen_to() public {
        HostilePool pool = _hostile();
        pool.plan(2, base, 0.5e18, 0.5e18, 2_500e6);
        bytes memory reason = abi.encodeWithSelector(UniswapV3Swapper.AmountInTooLarge.selector, 5_000e6, 2_500e6);
        _expectRevert(reason, 0, COVER, 1e18, 2_500e6);
        reason = abi.encodeWithSelector(AaveV3.SlippageExceeded.selector, 10_000, 100);
        _expectRevert(reason, 0, COVER, 1e18, ALL);
        pool.plan(2, base, 0.5e18, 0.5e18, 1_250e6);
        _execute(0, COVER, 1e18, 2_500e6);
    }
}
