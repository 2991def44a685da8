// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {Limits} from "src/Limits.sol";
import {Action, Mode} from "src/Plan.sol";

import {Loot, Thief} from "./Thief.sol";

/// @notice The agent's key of the shipped carry vault is stolen. Each thief has a month.
contract StolenKeyTest is Thief {
    /// @dev A sandwich costs nearly the slippage bound; an order is charged with its limit and a fee on top.
    uint256 private constant SWAP_LOSS_BPS = 100;
    uint256 private constant ORDER_LOSS_BPS = 110;
    /// @dev Net delta that the policy leaves to either side, nearly; and what is worth a plan.
    uint256 private constant ROOM = 48_000e6;
    uint256 private constant LEAST = 2_000e6;

    function setUp() public override {
        super.setUp();
        _openCarry();
    }

    function test_every_thief_stays_under_the_bound() public {
        vm.pauseGasMetering(); // a month takes more than a test may
        Loot[] memory loots = new Loot[](6);
        loots[0] = _rob("sandwiches both legs", _sandwichBothLegs);
        loots[1] = _rob("churns the spot leg within the net delta", _churnSpot);
        loots[2] = _rob("only orders, into a book he moves", _churnPerp);
        loots[3] = _rob("shuffles cash", _shuffleCash);
        _makeSafer(Mode.ReduceOnly);
        loots[4] = _robReducing("only reduces, after a latch", _sandwichReducing);
        _activate();
        Limits memory nervous = _limits();
        (nervous.maxDailyLossBps, nervous.maxWeeklyLossBps) = (30, 40);
        _tighten(nervous);
        loots[5] = _rob("the owner resumes after every latch", _sandwichBothLegs);
        _assertTable(loots);
        assertEq(loots[3].totalE18, 0, "moving cash costs nothing");
        assertGt(loots[5].latches, 1);
    }

    // ---------------------------------------------------------------- the thieves

    function _sandwichBothLegs(uint256 step) private {
        if (vault.mode() == Mode.Active) {
            uint256 amount = _affordable(true, SWAP_LOSS_BPS + ORDER_LOSS_BPS);
            _widenBoth(Math.min(amount, vault.idleAssets() / 2));
        }
        _sandwichReducing(step);
    }

    function _sandwichReducing(uint256) private {
        uint256 most = Math.min(_heldAssets(), _shortAssets());
        _reduceBoth(Math.min(_affordable(false, SWAP_LOSS_BPS + ORDER_LOSS_BPS), most));
    }

    /// @dev From the net delta's one bound to the other and back: no order needed, and nothing to wait for.
    function _churnSpot(uint256) private {
        for (uint256 round; round < 5; ++round) {
            _wait(600);
            uint256 amount = Math.min(_affordable(true, SWAP_LOSS_BPS), _shortAssets() + ROOM - _heldAssets());
            if (amount >= LEAST) _sandwich(_actions(_buy(amount)), true, amount);
            amount = Math.min(_affordable(false, SWAP_LOSS_BPS), _heldAssets() + ROOM - _shortAssets());
            if (amount >= LEAST) _sandwich(_actions(_sell(_toBase(amount))), false, amount);
        }
    }

    /// @dev Sells and buys within the net delta at the worst limit, and fills the orders himself.
    function _churnPerp(uint256) private {
        for (uint256 round; round < 5; ++round) {
            _wait(600);
            uint256 amount = Math.min(_affordable(true, ORDER_LOSS_BPS), _heldAssets() + ROOM - _shortAssets());
            _trade(-_toLots(amount), false);
            amount = Math.min(_affordable(false, ORDER_LOSS_BPS), _shortAssets() + ROOM - _heldAssets());
            _trade(_toLots(amount), true);
        }
    }

    /// @dev Idle cash to the venue and its margin, and back.
    function _shuffleCash(uint256 step) private {
        uint256 cash = vault.idleAssets() + usdc.balanceOf(address(perp));
        if (step % 4 == 0) _try(_actions(_transfer(TO_CORE, cash)));
        if (step % 4 == 1) _try(_actions(_transfer(TO_PERP, perp.coreSpotUsdc())));
        if (step % 4 == 2) _try(_actions(_transfer(FROM_PERP, 80_000e6)));
        if (step % 4 == 3) _try(_actions(_transfer(TO_EVM, perp.coreSpotUsdc())));
    }

    // ---------------------------------------------------------------- anybody

    /// @notice Any sequence of purchases, sales, orders and transfers, at any price that pool and book can be given when
    /// the plan is carried out and when its order fills, at any pace.
    /// forge-config: default.fuzz.runs = 6
    /// forge-config: prove.fuzz.runs = 500
    function testFuzz_a_random_thief_stays_under_the_bound(uint256 seed) public {
        vm.pauseGasMetering();
        _record();
        for (uint256 step; step < 50; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            _tryAnything(seed);
            _record();
            _wait(seed % 8 hours);
        }
        _assertUnderTheBound();
    }

    function _tryAnything(uint256 seed) private {
        _wait(ACTION_DELAY);
        market.moveTo(uint256(_near(PRICE, seed >> 8, 120)));
        _pushMark(_near(PRICE, seed >> 24, 120));
        _try(_anything(seed >> 40));
        market.moveTo(uint256(PRICE));
        _later(CORE_DELAY);
        _pushMark(_near(PRICE, seed >> 200, 150));
        _pushMark(PRICE);
    }

    function _anything(uint256 seed) private view returns (Action[] memory) {
        uint256 kind = seed % 7;
        uint256 amount = vault.idleAssets() * (seed >> 8 & 0xff) / 0xff;
        uint256 base = spot.heldBase() * (seed >> 16 & 0xff) / 0xff;
        // Multiples of 0.1 USD, which HyperCore takes.
        int256 limit = _near(PRICE, seed >> 24, 120) / 1e7 * 1e7;
        if (kind == 0) return _actions(_buy(amount), _order(-_toLots(amount), limit, false));
        if (kind == 1) return _actions(_sell(base), _order(int256(base / 1e14), limit, true));
        if (kind == 2) return _actions(_buy(amount));
        if (kind == 3) return _actions(_sell(base));
        if (kind == 4) return _actions(_order((int256(seed >> 48 & 0xff) - 128) * 4_000, limit, false));
        if (kind == 5) return _actions(_transfer(uint8(seed >> 56 & 3) + 1, amount + 1));
        return _actions(_buy(amount), _sell(base));
    }

    /// @dev A price at most so many basis points away.
    function _near(int256 price, uint256 seed, uint256 mostBps) private pure returns (int256) {
        int256 bps = int256(seed % (2 * mostBps + 1)) - int256(mostBps);
        return price * (10_000 + bps) / 10_000;
    }

    // ---------------------------------------------------------------- how

    function _widenBoth(uint256 amount) private {
        if (amount < LEAST) return;
        int256 lots = -_toLots(amount);
        if (_sandwich(_actions(_buy(amount), _worstOrder(lots, false)), true, amount)) _fillAtTheLimit(lots);
    }

    function _reduceBoth(uint256 amount) private {
        if (amount < LEAST) return;
        int256 lots = _toLots(amount);
        if (_sandwich(_actions(_sell(_toBase(amount)), _worstOrder(lots, true)), false, amount)) _fillAtTheLimit(lots);
    }

    function _trade(int256 lots, bool reduceOnly) private {
        if (SignedMath.abs(lots) >= 8_000 && _try(_actions(_worstOrder(lots, reduceOnly)))) _fillAtTheLimit(lots);
    }
}
