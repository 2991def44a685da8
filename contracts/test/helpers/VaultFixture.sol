// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {Authority, Governance} from "src/Authority.sol";
import {IPriceOracle} from "src/interfaces/IPriceOracle.sol";
import {IPriceSource} from "src/interfaces/IPriceSource.sol";
import {Cap, Limits} from "src/Limits.sol";
import {Action, Mode, Plan, VaultStatus} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {Feed, IAggregatorV3, PriceOracle} from "src/PriceOracle.sol";
import {Vault} from "src/Vault.sol";
import {VaultLens} from "src/VaultLens.sol";
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
    address internal constant CURATOR = address(0x1A);
    uint32 internal constant DELAY = 2 days;

    int256 internal constant PRICE = 2_500e8;
    uint256 internal constant FUNDS = 100_000e6;
    /// @dev One basis point of the funded vault's value, and one asset unit, both in base units.
    int256 internal constant ONE_BPS = 0.004e18;
    int256 internal constant ONE_UNIT = 4e8;

    TestToken internal usdc;
    TestToken internal weth;
    SettableFeed internal feed;
    Authority internal authority;
    Policy internal policy;
    PriceOracle internal oracle;
    Vault internal vault;
    Portfolio internal portfolio;
    VaultLens internal lens;
    LeveragedTestAdapter internal long;
    LeveragedTestAdapter internal short;

    function setUp() public virtual {
        // 2026-11-23 00:00:00 UTC, a Monday, so that a test has a whole day and a whole week ahead.
        vm.warp(1_795_392_000);
        vm.roll(1_000);
        usdc = _newAsset();
        weth = new TestToken("WETH", 18);
        _deployVault(address(weth));
        long = _newLeg();
        short = _newLeg();
        _handOver();
        _fund(ALICE, _whole(100_000));
        _later(60);
    }

    function _newAsset() internal virtual returns (TestToken) {
        return new TestToken("USDC", _assetDecimals());
    }

    /// @dev Of the vault's asset. `FUNDS` and `ONE_UNIT` are for the 6 of USDC; every other figure follows.
    function _assetDecimals() internal view virtual returns (uint8) {
        return 6;
    }

    /// @dev Asset units of so many whole ones.
    function _whole(uint256 amount) internal view returns (uint256) {
        return amount * 10 ** _assetDecimals();
    }

    function _limits() internal view virtual returns (Limits memory) {
        return Limits({
            maxGrossLeverageBps: 15_000,
            maxNetDeltaBps: 6_000,
            minLiquidationDistanceBps: 1_500,
            minHealthBps: 15_000,
            minIdleBps: 1,
            maxSlippageBps: 100,
            maxLossPerPlanBps: 100,
            lossBudgetBps: 500,
            emergencyLossBudgetBps: 500,
            maxTurnoverBps: 200_000,
            maxDailyLossBps: 300,
            maxWeeklyLossBps: 600,
            maxDrawdownBps: 1_000,
            maxGrowthBps: 10_000,
            flowBufferBps: 0,
            maxTradeNotional: uint128(_whole(200_000)),
            cooldownSeconds: 60,
            maxOracleAgeSeconds: 3_600,
            maxSilenceSeconds: 2 days,
            latchMode: Mode.ReduceOnly,
            maxTotalAssets: type(uint128).max
        });
    }

    /// @dev Until `_handOver` this test is the admin, who needs no delay.
    function _deployVault(address baseToken) internal {
        feed = new SettableFeed(8, PRICE);
        authority = new Authority();
        policy = new Policy(address(authority), _limits());
        oracle = _newOracle(address(usdc), baseToken);
        vault = _newVault(usdc);
        portfolio = vault.portfolio();
        lens = new VaultLens();
        policy.loosenCap(baseToken, NO_CAP());
    }

    function _newOracle(address asset, address baseToken) internal returns (PriceOracle) {
        return new PriceOracle(
            Feed({
                asset: asset,
                baseToken: baseToken,
                aggregator: IAggregatorV3(address(feed)),
                minAnswer: 100e8,
                maxAnswer: 100_000e8,
                second: IPriceSource(address(0)),
                maxDeviationBps: 0,
                sequencer: IAggregatorV3(address(0)),
                sequencerGraceSeconds: 0
            })
        );
    }

    /// @dev Another vault with the same policy.
    function _newVault(IERC20 asset) internal virtual returns (Vault) {
        return new Vault(asset, "Ballast", "BAL", policy, AGENT);
    }

    function _newLeg() internal returns (LeveragedTestAdapter leg) {
        leg = _newLegFor(address(weth));
        _accept(address(leg));
    }

    /// @dev Not accepted yet.
    function _newLegFor(address baseToken) internal returns (LeveragedTestAdapter) {
        return new LeveragedTestAdapter(address(vault), address(usdc), baseToken);
    }

    function _accept(address adapter) internal {
        portfolio.acceptAdapter(adapter, oracle);
        policy.loosenCap(adapter, NO_CAP());
    }

    function NO_CAP() internal pure returns (Cap memory) {
        return Cap(type(uint128).max, 1_000_000);
    }

    function _governance() internal pure returns (Governance memory) {
        return Governance({owner: OWNER, curator: CURATOR, guardian: GUARDIAN, delaySeconds: DELAY});
    }

    function _handOver() internal {
        authority.handOver(vault, _governance());
    }

    // ---- roles

    /// @dev Announces and, after the delay and with a fresh price, carries out.
    function _asOwner(address target, bytes memory data) internal {
        _afterDelay(OWNER, target, data);
    }

    function _asCurator(address target, bytes memory data) internal {
        _afterDelay(CURATOR, target, data);
    }

    function _afterDelay(address who, address target, bytes memory data) private {
        vm.prank(who);
        authority.schedule(target, data, 0);
        _later(DELAY);
        vm.prank(who);
        authority.execute(target, data);
    }

    function _activate() internal {
        _asOwner(address(vault), abi.encodeCall(Vault.activate, ()));
    }

    function _makeSafer(Mode mode) internal {
        vm.prank(GUARDIAN);
        vault.makeSafer(mode);
    }

    function _status() internal view returns (VaultStatus memory) {
        return lens.status(vault);
    }

    function _price() internal view returns (uint256 priceE36) {
        (priceE36,) = oracle.latest();
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

    // ---- plans

    function _plan(Action[] memory actions) internal view returns (Plan memory) {
        return Plan({
            chainId: block.chainid,
            vault: address(vault),
            number: vault.planCount() + 1,
            deadline: uint64(block.timestamp + 60),
            stateHash: vault.figures().stateHash,
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
