// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {UniswapV3Spot} from "src/adapters/UniswapV3Spot.sol";
import {IPriceOracle} from "src/interfaces/IPriceOracle.sol";
import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Limits} from "src/Limits.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {Vault} from "src/Vault.sol";

import {SharesFixture} from "../helpers/SharesFixture.sol";
import {UniswapMarket} from "../helpers/UniswapMarket.sol";
import {VaultAgent} from "./VaultAgent.sol";
import {VaultHandler} from "./VaultHandler.sol";
import {VaultHolders} from "./VaultHolders.sol";
import {World} from "./VaultJudge.sol";

/// @notice A vault with a real Uniswap pool, two perp-like legs, a redemption queue, fees and a flow buffer, and all
/// that its handler does.
abstract contract VaultWorld is SharesFixture {
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
            holders: [_holder(0), _holder(1), _holder(2), _holder(3)],
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

    function _holder(uint256 i) internal pure returns (address) {
        return [ALICE, BOB, address(0xA1), address(0xA2)][i];
    }
}
