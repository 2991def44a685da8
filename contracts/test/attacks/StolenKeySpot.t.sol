// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Limits} from "src/Limits.sol";
import {Action, Mode} from "src/Plan.sol";

import {Loot, Thief} from "./Thief.sol";

/// @notice The agent's key of the shipped spot vault is stolen. Each thief has a month.
contract StolenKeySpotTest is Thief {
    uint256 private constant SWAP_LOSS_BPS = 100;

    function _hasPerp() internal pure override returns (bool) {
        return false;
    }

    function setUp() public override {
        super.setUp();
        _openSpot(500_000e6);
    }

    function test_every_thief_stays_under_the_bound() public {
        vm.pauseGasMetering(); // a month takes more than a test may
        Loot[] memory loots = new Loot[](4);
        loots[0] = _rob("sandwiches purchases and sales", _sandwichBoth);
        loots[1] = _rob("buys and sells in one plan", _churnInOnePlan);
        _makeSafer(Mode.ReduceOnly);
        loots[2] = _robReducing("only reduces, after a latch", _sellCheap);
        _activate();
        Limits memory nervous = _limits();
        (nervous.maxDailyLossBps, nervous.maxWeeklyLossBps) = (30, 40);
        _tighten(nervous);
        loots[3] = _rob("the owner resumes after every latch", _sandwichBoth);
        _assertTable(loots);
        assertGt(loots[3].latches, 1);
    }

    function _sandwichBoth(uint256 step) private {
        uint256 amount = Math.min(_affordable(true, SWAP_LOSS_BPS), vault.idleAssets() * 9 / 10);
        if (vault.mode() == Mode.Active && amount >= 10e6) _sandwich(_actions(_buy(amount)), true, amount);
        _sellCheap(step);
    }

    function _sellCheap(uint256) private {
        uint256 amount = Math.min(_affordable(false, SWAP_LOSS_BPS), _heldAssets());
        if (amount >= 10e6) _sandwich(_actions(_sell(_toBase(amount))), false, amount);
    }

    /// @dev At a price that stands still: only the pool's fee is lost, on as much notional as a plan may trade.
    function _churnInOnePlan(uint256) private {
        for (uint256 round; round < 6; ++round) {
            uint256 amount = 400_000e6;
            if (!_try(_actions(_buy(amount), _sell(_toBase(amount * 998 / 1_000))))) return;
            _wait(600);
        }
    }

    /// @notice Any sequence of buying and selling, at any price the pool can be given, at any pace.
    /// forge-config: default.fuzz.runs = 6
    /// forge-config: prove.fuzz.runs = 500
    function testFuzz_a_random_thief_stays_under_the_bound(uint256 seed) public {
        vm.pauseGasMetering();
        _record();
        for (uint256 step; step < 100; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            // A lone purchase at a dear price, a lone sale at a cheap one, both at any.
            uint256 kind = seed % 4;
            bool dear = kind == 0 || (kind > 1 && seed & 1 << 24 != 0);
            uint256 away = (seed >> 16) % 121;
            market.moveTo(uint256(PRICE) * (dear ? BPS + away : BPS - away) / BPS);
            _try(_anything(kind, (seed >> 32) % 100 + 1, (seed >> 48) % 100 + 1));
            market.moveTo(uint256(PRICE));
            _record();
            _wait((seed >> 64) % 6 hours);
        }
        _assertUnderTheBound();
    }

    function _anything(uint256 kind, uint256 cashPercent, uint256 basePercent) private view returns (Action[] memory) {
        Action memory purchase = _buy(vault.idleAssets() * cashPercent / 100 + 1);
        Action memory sale = _sell(spot.heldBase() * basePercent / 100 + 1);
        if (kind == 0) return _actions(purchase);
        if (kind == 1) return _actions(sale);
        return kind == 2 ? _actions(sale, purchase) : _actions(purchase, sale);
    }
}
