// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {Bucket} from "src/Bucket.sol";
import {Budgets} from "src/Envelope.sol";
import {Limits} from "src/Limits.sol";
import {Action, Figures, Mode, Plan} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice What one thief took: parts of the share's worth, 1e18 is all of it.
struct Loot {
    string name;
    uint256 budgetsBps; // of the plans that he may send
    uint256 worstDayE18; // largest fall within any 24 hours
    uint256 totalE18;
    uint256 plans;
    uint256 latches;
}

/// @notice Holds the agent's key, and has as much capital of his own as he likes, in the pool and in HyperCore's book.
/// Before each plan he moves the price to the worst that the vault still takes, and moves it back afterwards: what the
/// vault loses is his. Prices stand still otherwise, so that every loss is execution.
/// @dev The bound is that of docs/threat-model.md, from the policy alone.
abstract contract Thief is AttackFixture {
    using Bucket for uint256;
    using Math for uint256;

    uint256 internal constant DAYS = 30;
    /// @dev A little less than half a day, so that three robberies fall into 24 hours.
    uint256 internal constant PACE = 11.9 hours;
    uint256 private constant LOSS_WINDOW = 7 days;
    int256 private constant LOTS_PER_ETHER = 10_000;

    uint256[] private _times;
    uint256[] private _worths;
    uint256 private _windowStart;
    uint256 private _worstDayE18;
    uint256 private _plans;
    uint256 private _latches;
    uint256 private _activationAt;

    // ---------------------------------------------------------------- the bound

    /// @dev budgets x (1 + t / 604,800)
    function _boundE18(uint256 budgetsBps, uint256 seconds_) private pure returns (uint256) {
        return budgetsBps * 1e14 * (LOSS_WINDOW + seconds_) / LOSS_WINDOW;
    }

    /// @dev loss_budget + emergency_loss_budget
    function _bothBudgetsBps() private view returns (uint256) {
        Limits memory l = _limits();
        return uint256(l.lossBudgetBps) + l.emergencyLossBudgetBps;
    }

    // ---------------------------------------------------------------- a month of robbery

    function _rob(string memory name, function(uint256) internal act) internal returns (Loot memory) {
        return _robWith(name, _bothBudgetsBps(), true, act);
    }

    /// @dev In a vault that stays in ReduceOnly.
    function _robReducing(string memory name, function(uint256) internal act) internal returns (Loot memory) {
        return _robWith(name, _limits().emergencyLossBudgetBps, false, act);
    }

    /// @dev Every few hours for a month; all is undone afterwards but what is told of it.
    function _robWith(string memory name, uint256 budgetsBps, bool ownerResumes, function(uint256) internal act)
        private
        returns (Loot memory loot)
    {
        uint256 before = vm.snapshotState();
        uint256 start = _worthE18();
        for (uint256 step; step < DAYS * 1 days / PACE; ++step) {
            uint256 began = block.timestamp;
            _record();
            act(step);
            _record();
            _wait(began + PACE - block.timestamp);
            if (ownerResumes) _resumeAfterTheDelay();
        }
        loot = Loot(name, budgetsBps, _worstDayE18, (start - _worths[_worths.length - 1]) * 1e18 / start, _plans, _latches);
        vm.revertToState(before);
    }

    /// @dev The owner who sees no thief announces the return to Active after every latch.
    function _resumeAfterTheDelay() private {
        bytes memory activate = abi.encodeCall(Vault.activate, ());
        if (_activationAt != 0 && block.timestamp >= _activationAt) {
            vm.prank(OWNER);
            authority.execute(address(vault), activate);
            _activationAt = 0;
        } else if (_activationAt == 0 && vault.mode() == Mode.ReduceOnly) {
            vm.prank(OWNER);
            authority.schedule(address(vault), activate, 0);
            _activationAt = block.timestamp + DELAY;
        }
    }

    function _try(Action[] memory actions) internal returns (bool done) {
        Mode before = vault.mode();
        Plan memory plan = _plan(actions);
        vm.prank(AGENT);
        try vault.rebalance(plan) {
            done = true;
            ++_plans;
        } catch {}
        if (before == Mode.Active && vault.mode() != Mode.Active) ++_latches;
    }

    // ---------------------------------------------------------------- what a budget is still good for

    /// @dev The notional whose loss, at so many basis points of it, one of the two budgets still allows.
    function _affordable(bool widening, uint256 lossBps) internal view returns (uint256) {
        Limits memory l = _limits();
        Figures memory f = vault.figures();
        uint256 elapsed = block.timestamp - vault.lastPlanAt();
        (uint256 limit, uint256 level) = widening
            ? (uint256(l.lossBudgetBps), f.budgets.loss)
            : (uint256(l.emergencyLossBudgetBps), f.budgets.emergencyLoss);
        uint256 left = limit * LOSS_WINDOW - level.drained(limit, LOSS_WINDOW, elapsed);
        // A plan's own rounding takes a little.
        return f.real.mulDiv(left, lossBps * LOSS_WINDOW) * 999 / 1_000;
    }

    /// @dev Moves the pool so far that a trade of `amount` fills at the slippage bound, has it traded, moves it back.
    function _sandwich(Action[] memory actions, bool dear, uint256 amount) internal returns (bool done) {
        // The fee takes 5 of the 100 basis points, the trade's own impact another part.
        uint256 away = 9_490 - amount * 1_000_000 / (POOL_RESERVE * 1e6);
        market.moveTo(uint256(PRICE) * (dear ? 1_000_000 + away : 1_000_000 - away) / 1_000_000);
        done = _try(actions);
        market.moveTo(uint256(PRICE));
    }

    /// @dev At the end of the collar, where it is charged most and loses most.
    function _worstOrder(int256 lots, bool reduceOnly) internal view returns (Action memory) {
        return _order(lots, PRICE * (lots > 0 ? int256(101) : int256(99)) / 100, reduceOnly);
    }

    /// @dev Moves the mark so far that such an order just fills, at nearly its limit, and moves it back.
    function _fillAtTheLimit(int256 lots) internal {
        _later(CORE_DELAY);
        int256 limit = PRICE * (lots > 0 ? int256(101) : int256(99)) / 100;
        // Half the spread, and 5 million of notional move the book by 1 %.
        int256 impactPpm = 110 + int256(SignedMath.abs(lots)) * PRICE / LOTS_PER_ETHER / 1e8 * 1e6 / 500_000_000;
        _pushMark(limit * (1e6 - (lots > 0 ? impactPpm : -impactPpm)) / 1e6);
        _pushMark(PRICE);
        _wait(ACTION_DELAY);
    }

    function _heldAssets() internal view returns (uint256) {
        return spot.heldBase() * uint256(PRICE) / 1e20;
    }

    function _shortAssets() internal view returns (uint256) {
        return SignedMath.abs(perp.expectedPosition()) * uint256(PRICE) / 1e6;
    }

    // ---------------------------------------------------------------- the measure

    /// @dev What a share is really worth; the recognised price falls at once and may only rise more slowly.
    function _worthE18() internal view returns (uint256) {
        Figures memory f = vault.figures();
        return f.real.mulDiv(1e24, f.supply);
    }

    /// @dev Compares the worth now with that of at most a day ago.
    function _record() internal {
        _times.push(block.timestamp);
        _worths.push(_worthE18());
        while (_times[_windowStart] + 1 days < block.timestamp) ++_windowStart;
        uint256 before = _worths[_windowStart];
        uint256 fall = before.saturatingSub(_worths[_worths.length - 1]) * 1e18 / before;
        _worstDayE18 = Math.max(_worstDayE18, fall);
    }

    function _assertUnderTheBound() internal view {
        assertLe(_worstDayE18, _boundE18(_bothBudgetsBps(), 1 days), "within 24 hours");
        uint256 total = _worths[0].saturatingSub(_worths[_worths.length - 1]) * 1e18 / _worths[0];
        assertLe(total, _boundE18(_bothBudgetsBps(), block.timestamp - _times[0]), "in all");
    }

    /// @dev Prints the table, holds every row against the bound, and wants the best thief to take more than half of it.
    function _assertTable(Loot[] memory loots) internal {
        emit log("attacker                                   worst 24 h  bound    30 days  bound    plans  latches");
        uint256 best;
        uint256 bestOfMonth;
        for (uint256 i; i < loots.length; ++i) {
            Loot memory l = loots[i];
            uint256 dayBoundE18 = _boundE18(l.budgetsBps, 1 days);
            uint256 monthBoundE18 = _boundE18(l.budgetsBps, DAYS * 1 days);
            emit log(
                string.concat(
                    string.concat(_padded(l.name, 43), _percent(l.worstDayE18), "     ", _percent(dayBoundE18), "  "),
                    string.concat(_percent(l.totalE18), "  ", _percent(monthBoundE18), "  "),
                    string.concat(_padded(vm.toString(l.plans), 7), vm.toString(l.latches))
                )
            );
            assertLe(l.worstDayE18, dayBoundE18, l.name);
            assertLe(l.totalE18, monthBoundE18, l.name);
            best = Math.max(best, l.worstDayE18 * 1e18 / dayBoundE18);
            bestOfMonth = Math.max(bestOfMonth, l.totalE18 * 1e18 / monthBoundE18);
        }
        assertGt(best, 0.5e18, "the thieves are good enough to mean something");
        assertGt(bestOfMonth, 0.5e18, "over a month, too");
    }

    /// @dev "0.971 %"
    function _percent(uint256 partE18) private pure returns (string memory) {
        uint256 thousandths = partE18 / 1e13;
        bytes memory digits = bytes(vm.toString(1_000 + thousandths % 1_000));
        digits[0] = ".";
        return string.concat(vm.toString(thousandths / 1_000), string(digits), " %");
    }

    function _padded(string memory text, uint256 width) private pure returns (string memory) {
        while (bytes(text).length < width) text = string.concat(text, " ");
        return text;
    }
}
