// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Action, Mode, Plan, VaultStatus} from "ballast/Plan.sol";
import {Limits} from "ballast/Policy.sol";

import {UniswapFixture} from "../helpers/UniswapFixture.sol";

/// @notice A thief with the agent's key and unlimited capital of his own in the real Uniswap pool. Before each plan he
/// moves the pool to the worst price the vault still takes, lets the vault trade there, and moves it back: what the
/// vault loses is his. Prices stand still otherwise, so that every loss is execution.
/// @dev The bound is that of docs/threat-model.md, from the policy alone.
contract StolenKeyTest is UniswapFixture {
    uint256 private constant DAYS = 30;
    uint256 private constant BPS = 10_000;

    uint256[] private _times;
    uint256[] private _prices;
    uint256 private _windowStart;
    uint256 private _worstE18; // largest fall of the share price within 24 hours, as a part of it
    uint256 private _accepted;
    uint256 private _refused;
    uint256 private _latches;

    /// @dev The shipped spot policy: a vault with direction gives a thief the most to trade.
    function _limits() internal pure override returns (Limits memory) {
        return Limits({
            maxGrossLeverageBps: 10_000,
            maxNetDeltaBps: 10_000,
            maxTradeNotional: 1_000_000e6,
            maxSlippageBps: 100,
            maxLossPerPlanBps: 100,
            maxDailyLossBps: 800,
            maxDrawdownBps: 800,
            minLiquidationDistanceBps: 1_000,
            cooldownSeconds: 600,
            maxOracleAgeSeconds: 5_400,
            maxTurnoverBps: 20_000,
            lossBudgetBps: 50,
            emergencyLossBudgetBps: 50,
            minIdleBps: 200
        });
    }

    /// @dev What a day can cost whatever the thief does: both buckets full once, and what they drain meanwhile.
    function _boundE18(uint256 seconds_) private pure returns (uint256) {
        Limits memory limits = _limits();
        uint256 perDay = uint256(limits.lossBudgetBps) + limits.emergencyLossBudgetBps;
        return perDay * 1e14 * (1 days + seconds_) / 1 days;
    }

    function setUp() public override {
        super.setUp();
        _later(1 days);
        _record();
    }

    // ---------------------------------------------------------------- the thieves

    /// @notice Takes all that either budget has left, every hour for a month; the owner never wakes up.
    function test_a_greedy_thief_stays_under_the_bound() public {
        _rob(1 hours, false);
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly), "the drawdown latched");
    }

    /// @notice Every second hour, while somebody returns the vault to Active a day after each latch: the worst month.
    function test_a_greedy_thief_stays_under_the_bound_even_if_the_owner_resumes_every_day() public {
        _rob(2 hours, true);
        assertGt(_latches, 1);
    }

    /// @notice After a latch, with plans that count as reducing and only lose: cash sent to a venue that keeps it as fees,
    /// every hour for a month. Only the emergency budget stands against this one.
    function test_a_thief_who_churns_reducing_plans_stays_under_the_emergency_bound() public {
        uint256 start = _prices[0];
        _setMode(GUARDIAN, Mode.ReduceOnly);
        for (uint256 time; time < DAYS * 1 days; time += 1 hours) {
            VaultStatus memory s = vault.status();
            uint256 left = (_limits().emergencyLossBudgetBps - s.emergencyLossUsedBps) * s.totalAssets / BPS;
            if (!_burn(s.totalAssets / 100) && left != 0) _burn(left);
            _later(1 hours);
        }
        _assertBound(start);
        assertLe(_worstE18, 2 * uint256(_limits().emergencyLossBudgetBps) * 1e14);
        assertGt(_worstE18, uint256(_limits().emergencyLossBudgetBps) * 1e14);
    }

    function _burn(uint256 amount) private returns (bool) {
        return _try(_actions(_trade(short, 0, amount, amount)));
    }

    function _rob(uint256 pace, bool ownerResumes) private {
        uint256 start = _prices[0];
        for (uint256 time; time < DAYS * 1 days; time += pace) {
            if (ownerResumes && time % 1 days == 0 && vault.mode() != Mode.Active) _setMode(OWNER, Mode.Active);
            if (vault.mode() == Mode.Active) _buyDear(_affordable(true));
            _sellCheap(_affordable(false));
            _later(pace);
        }
        _assertBound(start);
        assertGt(_worstE18, _boundE18(1 days) / 2, "the thief is good enough to mean something");
    }

    /// @notice Any sequence of buying, selling, both in one plan, at any price the pool can be given, at any pace.
    /// forge-config: default.fuzz.runs = 24
    function testFuzz_a_random_thief_stays_under_the_bound(uint256 seed) public {
        uint256 start = _prices[0];
        for (uint256 step; step < 240; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            if ((seed >> 240) % 8 == 0 && vault.mode() != Mode.Active) _setMode(OWNER, Mode.Active);
            uint256 kind = seed % 4;
            // A lone purchase at a dear price, a lone sale at a cheap one, both at any.
            uint256 away = (seed >> 16) % 121;
            bool dear = kind == 0 || (kind > 1 && (seed >> 24) % 2 == 0);
            market.moveTo(uint256(PRICE) * (dear ? BPS + away : BPS - away) / BPS);
            uint256 amount = vault.idleAssets() * ((seed >> 32) % 100 + 1) / 100;
            uint256 base = spot.heldBase() * ((seed >> 48) % 100 + 1) / 100;
            if (kind == 0 || base == 0) _try(_actions(_buy(amount + 1)));
            else if (kind == 1) _try(_actions(_sell(base)));
            else if (kind == 2) _try(_actions(_sell(base), _buy(amount + 1)));
            else _try(_actions(_buy(amount + 1), _sell(base)));
            market.moveTo(uint256(PRICE));
            _later((seed >> 64) % 6 hours);
        }
        _assertBound(start);
    }

    // ---------------------------------------------------------------- one sandwich

    /// @dev The asset amount whose fill at the worst price loses what the budget has left.
    function _affordable(bool widening) private view returns (uint256) {
        VaultStatus memory s = vault.status();
        Limits memory limits = _limits();
        (uint256 used, uint256 budget) =
            widening ? (s.lossUsedBps, limits.lossBudgetBps) : (s.emergencyLossUsedBps, limits.emergencyLossBudgetBps);
        return used >= budget ? 0 : (budget - used) * s.totalAssets / limits.maxSlippageBps;
    }

    /// @dev Everything at once if the vault takes it, else what the budget has left.
    function _buyDear(uint256 affordable) private {
        uint256 most = Math.saturatingSub(vault.idleAssets(), vault.totalAssets() * _limits().minIdleBps / BPS);
        if (most < 1e6) return;
        if (_sandwich(_actions(_buy(most)), BPS + _away(most))) return;
        uint256 amount = Math.min(affordable, most);
        if (amount >= 1e6) _sandwich(_actions(_buy(amount)), BPS + _away(amount));
    }

    function _sellCheap(uint256 affordable) private {
        uint256 most = spot.heldBase();
        if (most < 1e14) return;
        uint256 worth = spot.value();
        if (_sandwich(_actions(_sell(most)), BPS - _away(worth))) return;
        uint256 base = Math.min(affordable * 1e20 / uint256(PRICE), most);
        if (base >= 1e14) _sandwich(_actions(_sell(base)), BPS - _away(Math.min(affordable, worth)));
    }

    /// @dev How far from the oracle's price the pool may start: the fee takes 5 of the 100 basis points, the trade's own
    /// impact on a pool of 20 million a side another part.
    function _away(uint256 amount) private pure returns (uint256) {
        return Math.saturatingSub(93, amount * BPS / 20_000_000e6);
    }

    /// @dev Moves the pool to a part of the oracle's price, lets the vault trade, and moves it back.
    function _sandwich(Action[] memory actions, uint256 partBps) private returns (bool done) {
        market.moveTo(uint256(PRICE) * partBps / BPS);
        done = _try(actions);
        market.moveTo(uint256(PRICE));
    }

    function _try(Action[] memory actions) private returns (bool done) {
        Mode before = vault.mode();
        Plan memory plan = _plan(actions);
        vm.prank(AGENT);
        try vault.rebalance(plan) {
            done = true;
            ++_accepted;
            _record();
        } catch {
            ++_refused;
        }
        if (before == Mode.Active && vault.mode() == Mode.ReduceOnly) ++_latches;
    }

    // ---------------------------------------------------------------- the measure

    function _price() private view returns (uint256) {
        return vault.status().sharePriceE18;
    }

    /// @dev Compares the price now with the price as it was a day ago.
    function _record() private {
        _times.push(block.timestamp);
        _prices.push(_price());
        while (_windowStart + 1 < _times.length && _times[_windowStart + 1] + 1 days <= block.timestamp) ++_windowStart;
        uint256 before = _prices[_windowStart];
        uint256 now_ = _prices[_prices.length - 1];
        if (now_ < before) {
            uint256 fall = (before - now_) * 1e18 / before;
            if (fall > _worstE18) _worstE18 = fall;
        }
    }

    function _assertBound(uint256 start) private {
        uint256 total = Math.saturatingSub(start, _price()) * 1e18 / start;
        emit log_named_decimal_uint("worst loss within 24 hours, % of net asset value", _worstE18, 16);
        emit log_named_decimal_uint("its bound", _boundE18(1 days), 16);
        emit log_named_decimal_uint("loss over the whole time, %", total, 16);
        emit log_named_decimal_uint("its bound", _boundE18(block.timestamp - _times[0]), 16);
        emit log_named_uint("plans accepted", _accepted);
        emit log_named_uint("plans refused", _refused);
        emit log_named_uint("latches", _latches);
        assertLe(_worstE18, _boundE18(1 days));
        assertLe(total, _boundE18(block.timestamp - _times[0]));
    }
}
