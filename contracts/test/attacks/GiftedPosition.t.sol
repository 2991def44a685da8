// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AaveV3} from "src/adapters/AaveV3.sol";
import {Action, Plan, VaultStatus} from "src/Plan.sol";

import {AaveMarket} from "../helpers/AaveMarket.sol";
import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice Somebody gives a venue what it holds: base, margin, collateral, or repays its debt. To spoil a plan, to move
/// the share price, or to make growing look like shrinking.
contract GiftedPositionTest is AttackFixture {
    uint8 private constant SUPPLY = 1;
    uint8 private constant SHORT = 3;
    uint8 private constant COVER = 4;

    AaveMarket private _lending;
    AaveV3 private _aave;

    function _acceptMore() internal override {
        _lending = new AaveMarket(usdc, weth, uint256(PRICE));
        _aave = new AaveV3(address(vault), _lending.aave(), market.pool(), usdc, address(weth));
        _acceptVenue(address(_aave));
    }

    /// @dev Half of the usual carry on HyperCore, and another short by borrowing.
    function setUp() public override {
        super.setUp();
        _fundMargin(130_000e6);
        _wait(600);
        _run(_actions(_buy(320_000e6), _order(-1_280_000, PRICE * 998 / 1_000, false)));
        _waitDays(8);
        _run(_actions(_buy(40_000e6), Action(address(_aave), 120_000e6, abi.encode(SHORT, 16e18, 0))));
        _waitDays(1);
    }

    function _depositOnCore(uint256 amount, uint32 dex) private {
        usdc.mint(address(this), amount);
        usdc.approve(address(wallet), amount);
        wallet.depositFor(address(perp), amount, dex);
        _wait(CORE_DELAY);
    }

    function _give(uint256 kind, uint256 amount) private {
        if (kind == 0) weth.mint(address(spot), _toBase(amount));
        if (kind == 1) usdc.mint(address(perp), amount);
        if (kind == 2) _depositOnCore(amount, type(uint32).max);
        if (kind == 3) _depositOnCore(amount, 0);
        if (kind == 4) _lending.supplyFor(usdc, amount, address(_aave));
        if (kind == 5) _lending.repayFor(weth, _toBase(amount) % 16e18 + 1, address(_aave));
        if (kind == 6) weth.mint(address(_aave), _toBase(amount));
        if (kind == 7) usdc.mint(address(_aave), amount);
    }

    /// @dev No gift is a change of state; each is worth at most itself, and no share rises faster than it may.
    /// forge-config: default.fuzz.runs = 48
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_a_gift_spoils_no_plan_and_lifts_no_share_at_once(uint256 kind, uint256 amount) public {
        kind = kind % 8;
        amount = _bound(amount, 1, 5_000_000e6);
        vault.checkpoint();
        VaultStatus memory before = _status();
        Plan memory plan = _plan(_actions(_sell(1e18), _order(10_000, PRICE * 1_002 / 1_000, true)));
        _give(kind, amount);
        VaultStatus memory given = _status();
        assertEq(given.stateHash, before.stateHash);
        assertApproxEqAbs(given.netDelta, before.netDelta, 1, "no exposure is given");
        assertGe(given.realAssets, before.realAssets);
        assertLe(given.realAssets, before.realAssets + amount + 1);
        assertLe(given.sharePriceE18, before.sharePriceE18 + _growthE18(CORE_DELAY));
        _send(plan);
        assertLe(_sharePriceE18(), before.sharePriceE18 + _growthE18(CORE_DELAY));
    }

    function _growthE18(uint256 seconds_) private view returns (uint256) {
        return 1e18 * uint256(_limits().maxGrowthBps) * seconds_ / BPS / 1 days + 1e7;
    }

    /// @dev What others repaid or supplied is booked by the next action there, and shrinks the debt: never a growth.
    function test_a_gift_at_aave_is_booked_by_the_next_action_and_belongs_to_the_holders() public {
        _lending.supplyFor(usdc, 50_000e6, address(_aave));
        _lending.repayFor(weth, 5e18, address(_aave));
        VaultStatus memory before = _status();
        _run(_actions(_sell(1e18), Action(address(_aave), 0, abi.encode(COVER, 1e18, type(uint256).max))));
        VaultStatus memory after_ = _status();
        assertApproxEqAbs(after_.realAssets, before.realAssets + 62_500e6, 20e6);
        assertLe(after_.sharePriceE18, before.sharePriceE18 + 1e7, "not at once");
        _wait(1 days);
        assertGt(_sharePriceE18(), before.sharePriceE18 * 105 / 100, "but in time");
    }

    /// @dev Nobody can trade on another's account: a position cannot be given.
    function test_a_position_on_hypercore_cannot_be_given() public {
        core.createAccount(THIEF);
        usdc.mint(address(this), 100_000e6);
        usdc.approve(address(wallet), 100_000e6);
        wallet.depositFor(THIEF, 100_000e6, 0);
        int256 held = _perpLots();
        bytes memory fields = abi.encode(ETH, true, uint64(2_600e8), uint64(1e8), false, uint8(3), uint128(0));
        vm.prank(THIEF);
        (bool sent,) = address(0x3333333333333333333333333333333333333333).call(
            abi.encodeWithSignature("sendRawAction(bytes)", abi.encodePacked(uint8(1), uint24(1), fields))
        );
        assertTrue(sent);
        _wait(10);
        assertEq(core.ledgerOf(THIEF).fills, 1);
        assertEq(_perpLots(), held);
    }
}
