// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {UniswapV3Spot} from "ballast/adapters/UniswapV3Spot.sol";
import {IPriceOracle} from "ballast/interfaces/IPriceOracle.sol";
import {IRedemptionQueue} from "ballast/interfaces/IRedemptionQueue.sol";
import {Limits} from "ballast/Limits.sol";
import {Figures} from "ballast/Plan.sol";
import {Policy} from "ballast/Policy.sol";
import {Portfolio} from "ballast/Portfolio.sol";
import {RedemptionQueue} from "ballast/RedemptionQueue.sol";
import {Vault} from "ballast/Vault.sol";

import {LeveragedTestAdapter} from "../helpers/LeveragedTestAdapter.sol";
import {SharesFixture} from "../helpers/SharesFixture.sol";
import {UniswapMarket} from "../helpers/UniswapMarket.sol";
import {VaultAgent} from "./VaultAgent.sol";
import {VaultHandler} from "./VaultHandler.sol";
import {VaultHolders} from "./VaultHolders.sol";
import {World} from "./VaultJudge.sol";

/// @notice What holds of a vault after any sequence of calls by holders, agent, thief, guardian, curator, owner, market
/// and clock: with a real Uniswap pool, two perp-like legs, a redemption queue, fees and a flow buffer.
/// @dev Settings count where a contract is, not where it is inherited. Collecting constants from bytecode and storage
/// takes time and helps a bounded handler little.
abstract contract VaultInvariants is SharesFixture {
    VaultHandler internal handler;
    RedemptionQueue internal queue;
    UniswapMarket internal market;
    UniswapV3Spot internal spot;

    bytes4[36] internal selectors = [
        VaultHolders.deposit.selector,
        VaultHolders.mint.selector,
        VaultHolders.redeem.selector,
        VaultHolders.withdraw.selector,
        VaultHolders.redeemFor.selector,
        VaultHolders.roundTrip.selector,
        VaultHolders.transferShares.selector,
        VaultHolders.requestRedeem.selector,
        VaultHolders.fill.selector,
        VaultHolders.claim.selector,
        VaultHolders.gift.selector,
        VaultHolders.greed.selector,
        VaultAgent.openHedge.selector,
        VaultAgent.openNaked.selector,
        VaultAgent.reduceAll.selector,
        VaultAgent.bringHome.selector,
        VaultAgent.stolenKey.selector,
        VaultAgent.replayLastPlan.selector,
        VaultAgent.overreach.selector,
        VaultAgent.heartbeat.selector,
        VaultAgent.unwind.selector,
        VaultHandler.movePrice.selector,
        VaultHandler.jump.selector,
        VaultHandler.passTime.selector,
        VaultHandler.breakVenue.selector,
        VaultHandler.checkpoint.selector,
        VaultHandler.makeSafer.selector,
        VaultHandler.tighten.selector,
        VaultHandler.tightenCap.selector,
        VaultHandler.removeAgent.selector,
        VaultHandler.activate.selector,
        VaultHandler.appointAgent.selector,
        VaultHandler.loosen.selector,
        VaultHandler.setFees.selector,
        VaultHandler.abandonOrAccept.selector,
        VaultHandler.cancel.selector
    ];

    function setUp() public override {
        super.setUp();
        market = new UniswapMarket(usdc, weth, uint256(PRICE));
        market.addLiquidity(500_000_000, market.WIDEST_TICK());
        spot = new UniswapV3Spot(address(vault), market.pool(), usdc, address(weth));
        queue = new RedemptionQueue(vault);
        _asOwner(address(portfolio), abi.encodeCall(Portfolio.acceptAdapter, (address(spot), IPriceOracle(oracle))));
        _asCurator(address(policy), abi.encodeCall(Policy.loosenCap, (address(spot), NO_CAP())));
        _asOwner(address(vault), abi.encodeCall(Vault.setQueue, (IRedemptionQueue(address(queue)))));
        _setFees(100, 1_000);
        handler = new VaultHandler(_world());
        targetContract(address(handler));
    }

    function _world() private view returns (World memory) {
        return World({
            vault: vault,
            queue: queue,
            authority: authority,
            oracle: oracle,
            asset: usdc,
            feed: feed,
            market: market,
            spot: spot,
            long: long,
            short: short,
            holders: [ALICE, BOB, address(0xA1), address(0xA2)],
            collector: COLLECTOR,
            governance: _governance()
        });
    }

    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.maxDailyLossBps = 100; // so that latches happen
        // and so that every budget is met now and then
        limits.maxTurnoverBps = 30_000;
        limits.lossBudgetBps = 120;
        limits.emergencyLossBudgetBps = 80;
        limits.minIdleBps = 500;
        limits.maxGrowthBps = 1_000;
        limits.flowBufferBps = 20;
        limits.maxTotalAssets = uint128(_whole(1_000_000));
    }

    /// @dev One function, so that it is one campaign. Most is judged by the handler, call by call.
    function invariant_no_call_breaks_a_rule() public view {
        assertEq(handler.violation(), "");
        assertEq(vault.planCount(), handler.plansExecuted() + handler.plansSkipped(), "each plan has its own number");
        _checkHoldings();
        _checkAllowances();
        if (long.broken()) return;
        Figures memory f = vault.figures(); // reverts if the lock were left closed
        assertLe(f.budgets.turnover, 30_000 * policy.TURNOVER_WINDOW(), "turnover");
        assertLe(f.budgets.loss, 120 * policy.LOSS_WINDOW(), "loss budget");
        assertLe(f.budgets.emergencyLoss, 80 * policy.LOSS_WINDOW(), "emergency loss budget");
        assertLe(f.bounded, f.real, "no more is recognised than there is");
        assertLe(vault.previewRedeem(vault.totalSupply()), f.bounded, "all holders can be paid");
    }

    function _checkHoldings() private view {
        uint256 shares = vault.balanceOf(COLLECTOR) + vault.balanceOf(address(queue));
        for (uint256 i; i < 4; ++i) {
            shares += vault.balanceOf(_holder(i));
        }
        assertEq(vault.totalSupply(), shares, "supply is the sum of balances");
        assertEq(vault.balanceOf(address(queue)), queue.pendingShares(), "the queue holds what waits");
        assertLe(vault.idleAssets(), usdc.balanceOf(address(vault)), "idle cash is there");
        assertGe(weth.balanceOf(address(spot)), spot.heldBase(), "base is there");

        address[] memory adapters = portfolio.adapters();
        for (uint256 i; i < adapters.length; ++i) {
            for (uint256 k; k < i; ++k) {
                assertNotEq(adapters[i], adapters[k], "a venue twice");
            }
        }
    }

    function _checkAllowances() private view {
        address[4] memory others = [address(spot), address(long), address(short), address(queue)];
        for (uint256 i; i < others.length; ++i) {
            assertEq(usdc.allowance(address(vault), others[i]), 0);
        }
        assertEq(usdc.allowance(address(spot), address(market.pool())), 0);
        assertEq(weth.allowance(address(spot), address(market.pool())), 0);
    }

    function _holder(uint256 i) private pure returns (address) {
        return [ALICE, BOB, address(0xA1), address(0xA2)][i];
    }

    // ---------------------------------------------------------------- the end of each campaign

    /// @notice Wherever the campaign got to: once venues and feed work, strangers bring the cash home, in any mode and
    /// without agent or owner, and everybody leaves.
    function afterInvariant() public {
        long.setBroken(false);
        market.moveTo(uint256(feed.answer()));
        _later(policy.limits().maxSilenceSeconds + 1);
        for (uint256 step; step < 60 && !_isHome(); ++step) {
            try vault.unwind(step < 20 ? 3_000 : 10_000) {} catch {}
            _realise(long);
            _realise(short);
            _later(1 days);
        }
        assertTrue(_isHome(), "strangers brought everything home");

        uint256 assets = vault.totalAssets();
        uint256 owed = vault.convertToAssets(vault.totalSupply());
        uint256 paid = _everybodyLeaves();
        assertEq(vault.totalSupply(), 0, "everybody has left");
        assertEq(queue.pendingShares(), 0);
        assertLe(paid, assets);
        assertGe(paid + 10, owed * (BPS - _limits().flowBufferBps) / BPS, "with all but the last buffer");
    }

    function _isHome() private view returns (bool) {
        if (spot.heldBase() != 0 || vault.totalAssets() > vault.idleAssets()) return false;
        return short.exposure() == 0 && (long.exposure() == 0 || portfolio.adapters().length == 2);
    }

    /// @dev A closed position's profit is paid by the venue, its loss kept.
    function _realise(LeveragedTestAdapter leg) private {
        if (leg.exposure() != 0) return;
        uint256 cash = usdc.balanceOf(address(leg));
        uint256 value = leg.position(_price()).value;
        leg.setExposure(0, _price());
        if (value > cash) {
            usdc.mint(address(leg), value - cash);
        } else {
            vm.prank(address(leg));
            usdc.transfer(address(0xdead), cash - value);
        }
    }

    function _everybodyLeaves() private returns (uint256 paid) {
        uint256 waiting = usdc.balanceOf(address(queue));
        for (uint256 i; queue.pendingShares() != 0 && i < 5; ++i) {
            queue.fill();
        }
        paid = usdc.balanceOf(address(queue)) - waiting;
        for (uint256 i; i < 4; ++i) {
            paid += _redeemAll(_holder(i));
            uint256 claimable = queue.maxWithdraw(_holder(i));
            vm.prank(_holder(i));
            queue.withdraw(claimable, _holder(i), _holder(i));
        }
        // The buffers that others left are a gain, of which he gets a part each time.
        while (vault.balanceOf(COLLECTOR) != 0) {
            paid += _redeemAll(COLLECTOR);
        }
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract VaultInvariants0Test is VaultInvariants {
    function _assetDecimals() internal pure override returns (uint8) {
        return 0;
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract VaultInvariants6Test is VaultInvariants {
    /// @dev The campaigns mean something only if the handler gets somewhere; this walk is the same every time.
    function test_the_handler_reaches_every_kind_of_outcome() public {
        for (uint256 step; step < 3_000; ++step) {
            uint256 seed = uint256(keccak256(abi.encode("walk", step)));
            bytes4 act = selectors[seed % 36];
            (bool done, bytes memory why) =
                address(handler).call(abi.encodePacked(act, seed >> 8, seed >> 64, uint256(keccak256(abi.encode(seed)))));
            assertTrue(done, string(why));
            assertEq(handler.violation(), "", vm.toString(act));
        }
        invariant_no_call_breaks_a_rule();
        _tell("plans executed", handler.plansExecuted(), 50);
        _tell("of them reducing", handler.plansReducing(), 20);
        _tell("plans skipped", handler.plansSkipped(), 0);
        _tell("plans refused", handler.plansRefused(), 50);
        _tell("latches", handler.latches(), 3);
        _tell("unwindings", handler.unwindings(), 3);
        _tell("entries", handler.entries(), 50);
        _tell("exits", handler.exits(), 50);
        _tell("round trips", handler.roundTrips(), 20);
        _tell("requests", handler.requests(), 20);
        _tell("claims", handler.claims(), 5);
        _tell("fee shares", handler.feeShares(), 0);
        _tell("governed", handler.governed(), 20);
        _tell("tightened", handler.tightened(), 10);
        _tell("cancelled", handler.cancelled(), 3);
        _tell("abandoned", handler.abandoned(), 1);
        _tell("jumps", handler.jumps(), 10);
        afterInvariant();
    }

    function _tell(string memory what, uint256 count, uint256 least) private {
        emit log_named_uint(what, count);
        if (count <= least) fail();
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract VaultInvariants8Test is VaultInvariants {
    function _assetDecimals() internal pure override returns (uint8) {
        return 8;
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract VaultInvariants18Test is VaultInvariants {
    function _assetDecimals() internal pure override returns (uint8) {
        return 18;
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract VaultInvariants24Test is VaultInvariants {
    function _assetDecimals() internal pure override returns (uint8) {
        return 24;
    }
}
