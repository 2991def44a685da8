// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IPriceOracle} from "src/interfaces/IPriceOracle.sol";
import {Mode} from "src/Plan.sol";
import {Portfolio, Quote} from "src/Portfolio.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {TestToken} from "sim/TestToken.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";
import {SettableFeed} from "./helpers/SettableFeed.sol";

/// @notice The list of venues: what it takes in, at which price it reads them, and how a venue leaves.
contract PortfolioTest is CoreFixture {
    LeveragedTestAdapter private third;

    /// @dev This test is the admin, so that nothing has to wait; who may call what is in Authority.t.sol.
    function setUp() public override {
        super.setUp();
        _deployVault(address(weth));
        (long, short) = (_newLeg(), _newLeg());
        third = _newLegFor(address(weth));
        _fund(ALICE, FUNDS);
        _later(60);
    }

    function _acceptRefused(address adapter, IPriceOracle priceOracle, bytes memory reason) private {
        vm.expectRevert(reason);
        portfolio.acceptAdapter(adapter, priceOracle);
        assertEq(portfolio.adapters().length, 2);
    }

    /// @dev An oracle with a feed of its own.
    function _oracleAt(int256 price, address baseToken)
        private
        returns (PriceOracle priceOracle, SettableFeed ownFeed)
    {
        SettableFeed shared = feed;
        ownFeed = new SettableFeed(8, price);
        feed = ownFeed;
        priceOracle = _newOracle(address(usdc), baseToken);
        feed = shared;
    }

    function _assertList(address a, address b) private view {
        address[] memory list = portfolio.adapters();
        assertEq(list.length, 2);
        assertEq(list[0], a);
        assertEq(list[1], b);
    }

    // ---------------------------------------------------------------- accepting

    function test_accepts_a_venue_with_its_oracle() public {
        vm.expectEmit(address(portfolio));
        emit Portfolio.AdapterAccepted(address(third), address(oracle));
        portfolio.acceptAdapter(address(third), oracle);
        address[] memory list = portfolio.adapters();
        assertEq(list.length, 3);
        assertEq(list[2], address(third));
        assertEq(address(portfolio.oracleOf(address(third))), address(oracle));
    }

    function test_refuses_a_venue_twice() public {
        bytes memory reason = abi.encodeWithSelector(Portfolio.AdapterAlreadyAccepted.selector, address(long));
        _acceptRefused(address(long), oracle, reason);
        reason = abi.encodeWithSelector(Portfolio.AdapterAlreadyAccepted.selector, address(short));
        _acceptRefused(address(short), oracle, reason);
    }

    function test_holds_at_most_eight_venues_and_a_plan_still_works() public {
        for (uint256 i = 2; i < 8; ++i) {
            _newLeg();
        }
        vm.expectRevert(abi.encodeWithSelector(Portfolio.TooManyAdapters.selector, 8));
        portfolio.acceptAdapter(address(third), oracle);
        assertEq(portfolio.adapters().length, 8);
        _run(_pair(100));
    }

    function test_refuses_the_venue_of_another_vault() public {
        LeveragedTestAdapter foreign = new LeveragedTestAdapter(BOB, address(usdc), address(weth));
        _acceptRefused(
            address(foreign),
            oracle,
            abi.encodeWithSelector(Portfolio.AdapterForAnother.selector, address(foreign), BOB, address(usdc))
        );
    }

    function test_refuses_a_venue_of_another_asset() public {
        LeveragedTestAdapter foreign = new LeveragedTestAdapter(address(vault), address(weth), address(weth));
        bytes memory reason = abi.encodeWithSelector(
            Portfolio.AdapterForAnother.selector, address(foreign), address(vault), address(weth)
        );
        _acceptRefused(address(foreign), oracle, reason);
    }

    function test_refuses_an_oracle_of_another_token() public {
        TestToken other = new TestToken("OTHER", 18);
        PriceOracle foreign = _newOracle(address(usdc), address(other));
        bytes memory reason = abi.encodeWithSelector(
            Portfolio.OracleForAnother.selector, address(foreign), address(other), address(usdc)
        );
        _acceptRefused(address(third), foreign, reason);
        vm.expectRevert(reason);
        portfolio.setOracle(address(long), foreign);
    }

    function test_refuses_an_oracle_of_another_asset() public {
        TestToken other = new TestToken("OTHER", 6);
        PriceOracle foreign = _newOracle(address(other), address(weth));
        bytes memory reason = abi.encodeWithSelector(
            Portfolio.OracleForAnother.selector, address(foreign), address(weth), address(other)
        );
        _acceptRefused(address(third), foreign, reason);
        vm.expectRevert(reason);
        portfolio.setOracle(address(long), foreign);
    }

    function test_refuses_what_is_no_contract() public {
        _acceptRefused(address(0), oracle, "");
        _acceptRefused(STRANGER, oracle, "");
        _acceptRefused(address(third), IPriceOracle(address(0)), "");
        vm.expectRevert(bytes(""));
        portfolio.setOracle(address(long), IPriceOracle(address(0)));
    }

    function test_refuses_an_oracle_that_cannot_be_trusted_now() public {
        vm.warp(block.timestamp + 3_601);
        bytes memory stale = abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600);
        _acceptRefused(address(third), oracle, stale);
        vm.expectRevert(stale);
        portfolio.setOracle(address(long), oracle);
    }

    function test_refuses_a_venue_that_does_not_answer() public {
        third.setBroken(true);
        _acceptRefused(address(third), oracle, bytes("venue down"));
    }

    // ---------------------------------------------------------------- unknown venues

    function test_an_unknown_venue_is_refused_everywhere() public {
        bytes memory reason = abi.encodeWithSelector(Portfolio.UnknownAdapter.selector, address(third));
        vm.expectRevert(reason);
        portfolio.oracleOf(address(third));
        vm.expectRevert(reason);
        portfolio.setOracle(address(third), oracle);
        vm.expectRevert(reason);
        portfolio.retireAdapter(address(third));
        vm.expectRevert(reason);
        portfolio.abandonAdapter(address(third));
    }

    // ---------------------------------------------------------------- prices

    function test_venues_of_one_token_are_priced_by_the_first_ones_oracle() public {
        (PriceOracle other, SettableFeed otherFeed) = _oracleAt(PRICE * 2, address(weth));
        portfolio.acceptAdapter(address(third), other);
        uint256[] memory prices = portfolio.latest().prices;
        Quote[] memory quotes = portfolio.quote(60);
        for (uint256 i; i < 3; ++i) {
            assertEq(prices[i], _price());
            assertEq(quotes[i].priceE36, _price());
        }
        // The oracle that is not asked cannot stop anything either.
        otherFeed.setBroken(true);
        portfolio.quote(60);
        _run(_pair(100));

        otherFeed.setBroken(false);
        portfolio.abandonAdapter(address(long));
        portfolio.abandonAdapter(address(short));
        assertEq(portfolio.latest().prices[0], 2 * _price(), "its own once it is the first");
    }

    function test_every_token_has_its_own_price() public {
        TestToken token = new TestToken("OTHER", 18);
        (PriceOracle other,) = _oracleAt(PRICE * 3, address(token));
        LeveragedTestAdapter leg = _newLegFor(address(token));
        portfolio.acceptAdapter(address(leg), other);
        portfolio.acceptAdapter(address(third), oracle);
        Quote[] memory quotes = portfolio.quote(60);
        assertEq(quotes[2].adapter, address(leg));
        assertEq(quotes[2].token, address(token));
        uint256[4] memory expected = [_price(), _price(), 3 * _price(), _price()];
        for (uint256 i; i < 4; ++i) {
            assertEq(quotes[i].priceE36, expected[i]);
            assertEq(portfolio.latest().prices[i], expected[i]);
        }
        usdc.mint(address(leg), 5);
        leg.setExposure(1e18, 1); // bought for nothing
        assertEq(portfolio.healthyValue(60), 7_500e6 + 5);
        assertEq(portfolio.latestValue(), 7_500e6 + 5);
        assertEq(portfolio.appraise(60), 7_500e6 + 5);
    }

    /// @dev Venues of WETH, WETH, another token, WETH, WETH; the last two with an oracle of their own.
    function test_whoever_leaves_the_others_keep_the_price_of_their_token() public {
        TestToken token = new TestToken("OTHER", 18);
        (PriceOracle ofToken,) = _oracleAt(PRICE * 3, address(token));
        (PriceOracle own,) = _oracleAt(PRICE * 2, address(weth));
        portfolio.acceptAdapter(address(_newLegFor(address(token))), ofToken);
        portfolio.acceptAdapter(address(third), own);
        portfolio.acceptAdapter(address(_newLegFor(address(weth))), own);
        address[] memory all = portfolio.adapters();
        for (uint256 i; i < all.length; ++i) {
            for (uint256 j; j < all.length; ++j) {
                if (j == i) continue;
                uint256 snapshot = vm.snapshotState();
                _leave(all[i]);
                _leave(all[j]);
                // The first two share an oracle, so only without both does the next one's count.
                uint256 ofWeth = i + j == 1 ? 2 * _price() : _price();
                Quote[] memory quotes = portfolio.quote(60);
                assertEq(quotes.length, 3);
                for (uint256 k; k < 3; ++k) {
                    bool other = quotes[k].token == address(token);
                    assertEq(other, quotes[k].adapter == all[2]);
                    assertEq(quotes[k].priceE36, other ? 3 * _price() : ofWeth);
                    assertEq(portfolio.latest().prices[k], quotes[k].priceE36);
                }
                vm.revertToState(snapshot);
            }
        }
    }

    /// @dev While no oracle answers.
    function _leave(address adapter) private {
        for (uint256 i; i < portfolio.adapters().length; ++i) {
            vm.mockCallRevert(address(portfolio.oracleOf(portfolio.adapters()[i])), bytes(""), bytes(""));
        }
        portfolio.abandonAdapter(adapter);
        vm.clearMockedCalls();
    }

    function test_refresh_stores_a_price_and_the_views_do_not() public {
        feed.set(PRICE * 2);
        portfolio.healthyValue(60);
        portfolio.latestValue();
        feed.setBroken(true);
        assertEq(portfolio.latest().prices[0], 2.5e27, "the one of the set-up");
        feed.setBroken(false);
        _later(1);
        portfolio.appraise(60);
        feed.setBroken(true);
        assertEq(portfolio.latest().prices[0], 5e27);
    }

    function test_only_the_last_good_prices_are_told_at_any_age() public {
        vm.warp(block.timestamp + 61);
        bytes memory stale = abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 61, 60);
        vm.expectRevert(stale);
        portfolio.quote(60);
        vm.expectRevert(stale);
        portfolio.appraise(60);
        vm.expectRevert(stale);
        portfolio.healthyValue(60);
        assertEq(portfolio.latest().prices[0], 2.5e27);
    }

    function test_positions_are_read_at_these_prices() public {
        long.setExposure(1e18, _price());
        usdc.mint(address(long), 1_000e6);
        feed.set(PRICE * 2);
        assertEq(portfolio.latest().positions[0].value, 3_500e6);
        assertEq(portfolio.latest().positions[0].exposure, 1e18);
        assertEq(portfolio.healthyValue(60), 3_500e6);
        assertEq(portfolio.appraise(60), 3_500e6);
    }

    function test_another_oracle_takes_over() public {
        (PriceOracle other,) = _oracleAt(PRICE * 2, address(weth));
        vm.expectEmit(address(portfolio));
        emit Portfolio.AdapterAccepted(address(long), address(other));
        portfolio.setOracle(address(long), other);
        assertEq(address(portfolio.oracleOf(address(long))), address(other));
        assertEq(address(portfolio.oracleOf(address(short))), address(oracle));
        assertEq(portfolio.latest().prices[1], 5e27, "for both venues of the token");
    }

    function test_a_dead_feed_can_be_replaced() public {
        feed.setBroken(true);
        vm.expectRevert();
        vault.checkpoint();
        (PriceOracle other,) = _oracleAt(PRICE, address(weth));
        portfolio.setOracle(address(long), other);
        vault.checkpoint();
    }

    // ---------------------------------------------------------------- leaving

    function test_retires_only_what_holds_nothing() public {
        bytes memory reason = abi.encodeWithSelector(Portfolio.AdapterNotEmpty.selector, address(long));
        long.setExposure(1, _price());
        vm.expectRevert(reason);
        portfolio.retireAdapter(address(long));
        long.setExposure(-1, _price());
        vm.expectRevert(reason);
        portfolio.retireAdapter(address(long));
        long.setExposure(0, _price());
        long.setRiskNow(1, 0);
        vm.expectRevert(reason);
        portfolio.retireAdapter(address(long));
        long.setRiskNow(0, 0);
        usdc.mint(address(long), 1);
        vm.expectRevert(reason);
        portfolio.retireAdapter(address(long));

        vm.expectEmit(address(portfolio));
        emit Portfolio.AdapterRemoved(address(short));
        portfolio.retireAdapter(address(short));
        assertEq(portfolio.adapters().length, 1);
    }

    function test_the_order_stays_whichever_leaves() public {
        portfolio.acceptAdapter(address(third), oracle);
        uint256 snapshot = vm.snapshotState();
        portfolio.retireAdapter(address(long));
        _assertList(address(short), address(third));
        vm.revertToState(snapshot);
        portfolio.retireAdapter(address(short));
        _assertList(address(long), address(third));
        vm.revertToState(snapshot);
        portfolio.retireAdapter(address(third));
        _assertList(address(long), address(short));
    }

    function test_a_venue_that_left_can_come_back_last() public {
        portfolio.retireAdapter(address(long));
        portfolio.acceptAdapter(address(long), oracle);
        _assertList(address(short), address(long));
    }

    function test_a_dead_feed_of_a_retired_venue_stops_nobody() public {
        feed.setBroken(true);
        assertEq(vault.maxRedeem(ALICE), 0);
        portfolio.retireAdapter(address(long));
        portfolio.retireAdapter(address(short));
        assertEq(vault.maxRedeem(ALICE), vault.balanceOf(ALICE));
    }

    function test_a_venue_that_reverts_is_not_retired_but_abandoned() public {
        _run(_trade(long, 0, 2_000e6, 0));
        long.setBroken(true);
        vm.expectRevert("venue down");
        vault.checkpoint();
        vm.expectRevert("venue down");
        portfolio.retireAdapter(address(long));

        vm.expectEmit(address(portfolio));
        emit Portfolio.AdapterRemoved(address(long));
        portfolio.abandonAdapter(address(long));
        vault.checkpoint();
        assertEq(vault.totalAssets(), FUNDS - 2_000e6, "written off");
        _assertMode(Mode.Active);
        _redeemEverything(ALICE);
    }

    function test_what_is_written_off_is_a_loss_that_latches() public {
        _run(_trade(long, 0, 3_010e6, 0));
        portfolio.abandonAdapter(address(long));
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_venue_that_burns_all_gas_is_abandoned_for_little() public {
        long.setBurnsGas(true);
        (bool ok,) = address(portfolio).call{gas: 3_000_000}(
            abi.encodeCall(Portfolio.retireAdapter, (address(long)))
        );
        assertFalse(ok);
        portfolio.abandonAdapter{gas: 200_000}(address(long));
        vault.checkpoint();
    }
}
