// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Figures} from "src/Plan.sol";

import {LeveragedTestAdapter} from "../helpers/LeveragedTestAdapter.sol";
import {VaultWorld} from "./VaultWorld.sol";

// Where each of the 36 rules of the specification is proven. "Campaign" is this suite: judged by the handler after
// every call, by the invariant below, or at the end when everybody leaves. Other names are test files.
//
//  1 all holders can be paid           campaign; Erc4626Properties
//  2 supply = sum of balances          campaign
//  3 flows never lower the price       campaign; Erc4626Properties
//  4 a rise is bounded                 campaign; VaultGrowth; attacks/Donation
//  5 round trips never profit          campaign; Erc4626Properties (all eight)
//  6 previews exact or safe            VaultBuffer, VaultFees (exact); Erc4626Properties
//  7 max* callable, one more refused   campaign; VaultBuffer; Erc4626Properties
//  8 first depositor                   VaultGrowth; attacks/FirstDepositor
//  9 only owner or allowance           campaign; VaultShares; Erc4626Properties
// 10 a plan once, numbers without gap  campaign; VaultPlan; attacks/PlanReplay, TwoAgents
// 11 deadline and cooldown             campaign; VaultPlan, VaultEnvelope
// 12 gross leverage                    campaign; VaultEnvelope
// 13 net delta per token               campaign (one token); VaultEnvelope
// 14 caps, against the opening value   campaign; VaultCaps; attacks/FlashLoanNav
// 15 trade and turnover                campaign; VaultBudgets, Bucket
// 16 loss per plan and per week        campaign; VaultBudgets; attacks/StolenKey*
// 17 supply constant, loss allowed     campaign; VaultPlan
// 18 no plan without a good price      campaign; VaultPlan; PriceOracle*; attacks/Feed*
// 19 loosening waits, bound by hash    campaign; AuthorityDelay; attacks/CuratorAgainstDelay
// 20 tightening at once, never looser  campaign; Policy; attacks/RogueGuardian
// 21 what is final stays final         AuthorityHandOver, Authority
// 22 the agent calls nothing else      campaign; VaultRoles, VaultPlan; the adapters' tests
// 23 stopped: no growth, exits open    campaign; VaultReducing, VaultShares; attacks/NobodyStopped
// 24 no allowance left                 campaign; VaultPlan; the adapters' tests
// 25 reentrancy, views in the lock     VaultReentrancy, VaultShares; attacks/Reentrancy*
// 26 the lock is open after every call campaign
// 27 fees                              campaign (whom, ceilings); VaultFees (formula, high-water mark, once)
// 28 losses pro rata and at once       VaultLosses; VaultAssets
// 29 asset goes to nobody else         campaign
// 30 gifts                             campaign; VaultGrowth; attacks/Donation, GiftedPosition
// 31 a silent agent                    campaign; VaultHeartbeat; attacks/SilentAgent
// 32 everybody can leave               campaign (its end); VaultLosses (a venue written off)
// 33 venues distinct, taken up again   campaign; Portfolio, VaultCaps
// 34 set up once                       AuthorityHandOver; all parts of the vault are immutable, nothing is a proxy
// 35 events add up to the state        campaign (supply, idle cash, plans; positions move with a plan only)
// 36 the off-chain gate agrees         not here: the differential test between the agent and the contract

/// @notice What holds of a vault after any sequence of calls by holders, agent, thief, guardian, curator, owner, market
/// and clock.
/// @dev Settings count where a contract is, not where it is inherited. Collecting constants from bytecode and storage
/// takes time and helps a bounded handler little.
abstract contract VaultInvariants is VaultWorld {
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

    // ---------------------------------------------------------------- the end of each campaign

    /// @notice Wherever the campaign got to: once venues and feed work, strangers bring the cash home, in any mode and
    /// without agent or owner, and everybody leaves.
    function afterInvariant() public {
        long.setBroken(false);
        _fillOrders(long);
        _fillOrders(short);
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

    /// @dev A venue that works carries out what waits; the thief of these campaigns can let it wait for ever, and an
    /// expected loss above all that is left would rightly stop every trade.
    function _fillOrders(LeveragedTestAdapter leg) private {
        leg.setRiskNow(0, leg.liquidationDistanceBps());
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
            bytes memory words = abi.encode(seed >> 8, seed >> 64, keccak256(abi.encode(seed)));
            (bool done, bytes memory why) = address(handler).call(bytes.concat(act, words));
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
