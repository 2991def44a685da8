// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice Somebody knows the next price of the feed before it is set. With A assets, of them a part w at the price, D
/// put in or taken out, a jump j, buffer f, growth rate g: exactly what it brings him.
contract NavJumpFrontRunningTest is AttackFixture {
    function _hasPerp() internal pure override returns (bool) {
        return false;
    }

    function setUp() public override {
        super.setUp();
        _openSpot(800_000e6);
        vault.checkpoint();
    }

    function _buffer() private view returns (uint256) {
        return _limits().flowBufferBps;
    }

    /// @dev Of the jump he gets his part of all shares; it is recognised at g; he pays f twice, the first time to himself
    /// as well. All in all, after t seconds:
    ///     out = D (1 - f) / (A + D (1 - f)) x min(A + D + w A j, (A + D) (1 + g t)) x (1 - f)
    /// forge-config: default.fuzz.runs = 64
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_who_comes_before_a_rise(uint256 d, uint256 jump, uint256 t) public {
        d = _bound(d, 1_000e6, 40_000_000e6);
        jump = _bound(jump, 0, 1_000);
        t = _bound(t, 0, 1 days);
        uint256 a = _status().realAssets;
        uint256 shares = _fund(THIEF, d);
        _jump(int256(BPS + jump));
        uint256 gained = _heldAt(int256(BPS + jump)) - _heldAt(int256(BPS));
        _wait(t);
        uint256 recognised = Math.min(a + d + gained, a + d + (a + d) * t * _limits().maxGrowthBps / BPS / 1 days);
        uint256 net = d * (BPS - _buffer()) / BPS;
        uint256 expected = Math.mulDiv(net, recognised, a + net) * (BPS - _buffer()) / BPS;
        uint256 out = vault.previewRedeem(shares);
        assertApproxEqAbs(out, expected, 1e6 + expected / 1e9);
        if (t == 0) assertLt(out, d, "in the same block he only pays");
        assertLe(out, d + Math.mulDiv(gained, net, a + net), "never more than his part of the jump");
    }

    /// @dev Until a share has grown by twice the buffer he is under water: so many seconds he bears the market's risk.
    function test_a_rise_pays_who_came_before_it_only_after_the_buffers_have_grown_back() public {
        uint256 shares = _fund(THIEF, 100_000e6);
        _jump(11_000);
        uint256 breakEven = 2 * _buffer() * 1 days / _limits().maxGrowthBps;
        assertEq(breakEven, 86);
        _wait(breakEven - 10);
        assertLt(vault.previewRedeem(shares), 100_000e6);
    }

    /// @dev Who leaves before a fall leaves his part of it to the others, less the buffer:
    ///     out - worth had he stayed = D (w j - f)
    /// forge-config: default.fuzz.runs = 64
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_who_leaves_before_a_fall(uint256 part, uint256 jump) public {
        jump = _bound(jump, 0, 500);
        uint256 shares = vault.balanceOf(BOB) * _bound(part, 1, 40) / 100;
        uint256 snapshot = vm.snapshotState();
        _jump(int256(BPS - jump));
        uint256 stayed = vault.convertToAssets(shares);
        vm.revertToState(snapshot);
        uint256 worth = vault.convertToAssets(shares);
        uint256 w = _heldAt(int256(BPS)) * 1e18 / _status().realAssets;
        vm.prank(BOB);
        uint256 out = vault.redeem(shares, BOB, BOB);
        int256 expected = int256(worth * w / 1e18 * jump / BPS) - int256(worth * _buffer() / BPS);
        assertApproxEqAbs(int256(out) - int256(stayed), expected, 1e4);
        if (jump * w / 1e18 < _buffer()) assertLe(out, stayed, "a small step pays nobody");
    }

    /// @dev No more than the idle cash can leave before a fall: who wants more waits, and gets the price of the fill.
    function test_the_queue_pays_the_price_of_the_fill_not_of_the_request() public {
        uint256 idle = vault.idleAssets();
        uint256 before = vault.previewRedeem(vault.balanceOf(ALICE));
        _request(ALICE, vault.balanceOf(ALICE));
        _jump(9_500);
        queue.fill();
        uint256 paid = _claimAll(ALICE);
        assertLe(paid, idle);
        uint256 rest = vault.previewRedeem(queue.pendingShares());
        assertApproxEqRel(paid + rest, before * 960 / 1_000, 0.002e18, "80 % of a fall of 5 %");
    }

    /// @dev A step below twice the buffer over w is not worth the trip in either direction: 12 basis points here, where a
    /// feed sets a new price after 50. So the buffer covers a quarter of a feed's own steps.
    function test_what_step_of_the_feed_the_buffers_cover() public view {
        uint256 w = _heldAt(int256(BPS)) * BPS / _status().realAssets;
        assertEq(2 * _buffer() * BPS / w, 12);
    }

    function _jump(int256 partBps) private {
        feed.set(PRICE * partBps / 10_000);
    }

    function _heldAt(int256 partBps) private view returns (uint256) {
        return spot.heldBase() * uint256(PRICE * partBps / 10_000) / 1e20;
    }
}

/// @notice The perp's worth jumps with HyperCore's mark, which nothing is held against.
contract NavJumpOfTheMarkTest is AttackFixture {
    function setUp() public override {
        super.setUp();
        _openCarry();
    }

    /// @dev Who can push the mark up for a moment lowers the vault's value by size x push, and may deposit at that. He
    /// gets his part of it once it is recognised, less both buffers. The other side, a mark pushed down, is recognised no
    /// faster than any gain.
    function test_not_perfect_a_mark_pushed_for_a_moment_lets_in_too_cheaply() public {
        uint256 d = 500_000e6;
        uint256 size = uint256(-_perpLots()) * uint256(PRICE) / 1e6;
        uint256 a = _status().realAssets;
        _pushMark(PRICE * 102 / 100);
        uint256 low = _status().realAssets;
        assertApproxEqRel(a - low, size * 2 / 100, 0.001e18);
        uint256 shares = _fund(THIEF, d);
        _pushMark(PRICE);
        assertLe(vault.previewRedeem(shares), d, "not at once");
        for (uint256 hour; hour < 3; ++hour) {
            _wait(1 hours);
            vault.checkpoint();
        }
        uint256 out = vault.previewRedeem(shares);
        assertLe(out, d + Math.mulDiv(a - low, d, low + d));
        assertGt(out, d);
        emit log_named_decimal_uint("gain of the depositor for a push of 2 %, %", (out - d) * 1e18 / d, 16);
    }

    function test_a_mark_pushed_down_pays_nobody_who_leaves() public {
        vault.checkpoint();
        uint256 shares = vault.balanceOf(BOB) / 10;
        uint256 before = vault.previewRedeem(shares);
        _pushMark(PRICE * 90 / 100);
        assertGt(_status().realAssets, 1_050_000e6);
        vm.prank(BOB);
        assertLe(vault.redeem(shares, BOB, BOB), before);
    }
}
