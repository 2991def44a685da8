// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {Action, Mode, Plan, VaultStatus} from "ballast/Plan.sol";
import {Limits, Policy} from "ballast/Policy.sol";
import {Feed, IAggregatorV3, PriceOracle} from "ballast/PriceOracle.sol";
import {Vault} from "ballast/Vault.sol";
import {TestToken} from "sim/TestToken.sol";

import {LeveragedTestAdapter} from "./LeveragedTestAdapter.sol";
import {SettableFeed} from "./SettableFeed.sol";

/// @notice A funded vault with a long and a short perp-like leg on one base token at 2,500 USD.
abstract contract VaultFixture is Test {
    address internal constant OWNER = address(0x0A);
    address internal constant GUARDIAN = address(0x0B);
    address internal constant AGENT = address(0x0C);
    address internal constant ALICE = address(0x0D);
    address internal constant BOB = address(0x0E);
    address internal constant STRANGER = address(0x0F);

    int256 internal constant PRICE = 2_500e8;
    uint256 internal constant FUNDS = 100_000e6;
    /// @dev One basis point of the funded vault's value, and one asset unit, both in base units.
    int256 internal constant ONE_BPS = 0.004e18;
    int256 internal constant ONE_UNIT = 4e8;

    TestToken internal usdc;
    TestToken internal weth;
    SettableFeed internal feed;
    Policy internal policy;
    PriceOracle internal oracle;
    Vault internal vault;
    LeveragedTestAdapter internal long;
    LeveragedTestAdapter internal short;

    function setUp() public virtual {
        // 2026-11-20 00:00:00 UTC, so that a test has a whole day ahead.
        vm.warp(1_795_132_800);
        vm.roll(1_000);
        usdc = new TestToken("USDC", 6);
        weth = new TestToken("WETH", 18);
        _deployVault(address(weth));
        long = _newLeg();
        short = _newLeg();
        _fund(ALICE, FUNDS);
        _later(60);
    }

    function _limits() internal view virtual returns (Limits memory) {
        return Limits({
            maxGrossLeverageBps: 15_000,
            maxNetDeltaBps: 6_000,
            maxTradeNotional: 200_000e6,
            maxSlippageBps: 100,
            maxLossPerPlanBps: 100,
            maxDailyLossBps: 300,
            maxDrawdownBps: 1_000,
            minLiquidationDistanceBps: 1_500,
            cooldownSeconds: 60,
            maxOracleAgeSeconds: 3_600,
            maxTurnoverBps: 200_000,
            lossBudgetBps: 500,
            emergencyLossBudgetBps: 500,
            minIdleBps: 1
        });
    }

    function _deployVault(address baseToken) internal {
        feed = new SettableFeed(8, PRICE);
        policy = new Policy(OWNER, GUARDIAN, _limits());
        oracle = new PriceOracle(address(usdc), _feeds(baseToken));
        vault = _newVault(usdc);
    }

    function _feeds(address baseToken) internal view returns (Feed[] memory feeds) {
        feeds = new Feed[](1);
        feeds[0] = Feed(baseToken, IAggregatorV3(address(feed)), 100e8, 100_000e8);
    }

    /// @dev Another vault with the same policy, roles and (current) oracle.
    function _newVault(IERC20 asset) internal returns (Vault) {
        return new Vault(asset, "Ballast", "BAL", policy, oracle, OWNER, GUARDIAN, AGENT);
    }

    function _newLeg() internal returns (LeveragedTestAdapter leg) {
        leg = _newLegFor(address(weth));
        _accept(address(leg));
    }

    /// @dev Not accepted yet.
    function _newLegFor(address baseToken) internal returns (LeveragedTestAdapter) {
        return new LeveragedTestAdapter(address(vault), usdc, baseToken, oracle);
    }

    function _accept(address adapter) internal {
        vm.prank(OWNER);
        vault.acceptAdapter(adapter);
    }

    function _fund(address who, uint256 amount) internal returns (uint256 shares) {
        usdc.mint(who, amount);
        vm.startPrank(who);
        usdc.approve(address(vault), amount);
        shares = vault.deposit(amount, who);
        vm.stopPrank();
    }

    /// @dev A new block, `secondsLater`, with a fresh answer of the feed.
    function _later(uint256 secondsLater) internal {
        vm.warp(block.timestamp + secondsLater);
        vm.roll(block.number + 1);
        feed.set(feed.answer());
    }

    function _setMode(address by, Mode mode) internal {
        vm.prank(by);
        vault.setMode(mode);
    }

    // ---- plans

    function _plan(Action[] memory actions) internal view returns (Plan memory) {
        return Plan({
            chainId: block.chainid,
            vault: address(vault),
            number: vault.planCount() + 1,
            deadline: uint64(block.timestamp + 60),
            stateHash: vault.stateHash(),
            actions: actions
        });
    }

    function _send(Plan memory plan) internal {
        vm.prank(AGENT);
        vault.rebalance(plan);
    }

    function _run(Action[] memory actions) internal {
        _send(_plan(actions));
    }

    function _run(Action memory action) internal {
        _run(_actions(action));
    }

    function _expectRevert(Action[] memory actions, bytes memory reason) internal {
        Plan memory plan = _plan(actions);
        vm.expectRevert(reason);
        _send(plan);
    }

    function _expectRevert(Action memory action, bytes memory reason) internal {
        _expectRevert(_actions(action), reason);
    }

    function _actions(Action memory a) internal pure returns (Action[] memory list) {
        list = new Action[](1);
        list[0] = a;
    }

    function _actions(Action memory a, Action memory b) internal pure returns (Action[] memory list) {
        list = new Action[](2);
        (list[0], list[1]) = (a, b);
    }

    function _trade(LeveragedTestAdapter leg, int256 baseDelta) internal pure returns (Action memory) {
        return _trade(leg, baseDelta, 0, 0);
    }

    function _trade(LeveragedTestAdapter leg, int256 baseDelta, uint256 assetIn, uint256 fee)
        internal
        pure
        returns (Action memory)
    {
        return Action(address(leg), assetIn, leg.trade(baseDelta, fee));
    }

    /// @dev Opposite exposures of `bps` of the funded vault's value on each leg.
    function _pair(int256 bps) internal view returns (Action[] memory) {
        return _actions(_trade(long, bps * ONE_BPS), _trade(short, -bps * ONE_BPS));
    }
}
