// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePerp} from "src/adapters/HyperCorePerp.sol";
import {UniswapV3Spot} from "src/adapters/UniswapV3Spot.sol";
import {Authority} from "src/Authority.sol";
import {IPriceSource} from "src/interfaces/IPriceSource.sol";
import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Cap, Limits} from "src/Limits.sol";
import {Action, Mode} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {Feed, IAggregatorV3, PriceOracle} from "src/PriceOracle.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {HyperCoreOraclePrice} from "src/sources/HyperCoreOraclePrice.sol";
import {VaultLens} from "src/VaultLens.sol";
import {CoreDepositWallet} from "sim/CoreDepositWallet.sol";
import {CoreWriter} from "sim/CoreWriter.sol";
import {HyperCore} from "sim/HyperCore.sol";
import "sim/HyperCoreAddresses.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {ReadPrecompile} from "sim/ReadPrecompile.sol";
import {TestToken} from "sim/TestToken.sol";

import {CoreFixture} from "./CoreFixture.sol";
import {SettableFeed} from "./SettableFeed.sol";
import {UniswapMarket} from "./UniswapMarket.sol";

/// @notice The carry vault as it is shipped, with a million in it: the policy of configs/eth-carry.yaml, a real Uniswap
/// pool, the HyperCore stand-in, a second price source, the redemption queue, handed over. Or, see `_hasPerp`, the vault
/// that holds spot only.
/// @dev Market, governance delay and price bounds are those of the local chain.
abstract contract AttackFixture is CoreFixture {
    uint32 internal constant ETH = 1;
    uint256 internal constant ACTION_DELAY = 60;
    uint64 internal constant CORE_DELAY = 2;
    uint256 internal constant BPS = 10_000;
    uint256 internal constant CAPITAL = 1_000_000e6;
    /// @dev Asset in the pool, and base of the same worth: two million of notional move the price by 1 %.
    uint256 internal constant POOL_RESERVE = 401_000_000;

    uint8 internal constant BUY = 1;
    uint8 internal constant SELL = 2;
    uint8 internal constant TO_CORE = 1;
    uint8 internal constant TO_PERP = 2;
    uint8 internal constant FROM_PERP = 3;
    uint8 internal constant TO_EVM = 4;
    uint8 internal constant ORDER = 5;

    address internal constant THIEF = address(0x7F);

    HyperCore internal core = HyperCore(HYPER_CORE);
    CoreDepositWallet internal wallet = CoreDepositWallet(CORE_DEPOSIT_WALLET_ADDRESS);
    UniswapMarket internal market;
    UniswapV3Spot internal spot;
    HyperCorePerp internal perp;
    RedemptionQueue internal queue;

    function setUp() public virtual override {
        // 2026-11-23 00:00:00 UTC, a Monday.
        vm.warp(1_795_392_000);
        vm.roll(1_000);
        usdc = _newAsset();
        weth = new TestToken("WETH", 18);
        market = new UniswapMarket(usdc, weth, uint256(PRICE));
        market.addLiquidity(POOL_RESERVE, market.WIDEST_TICK());
        _openHyperCore();
        _deployVault();
        _handOver();
        _fund(ALICE, CAPITAL * 6 / 10);
        _fund(BOB, CAPITAL * 4 / 10);
        _later(60);
    }

    /// @dev Without it, the vault is the one of configs/eth-volatility-target.yaml: spot only, one price source.
    function _hasPerp() internal pure virtual returns (bool) {
        return true;
    }

    function _limits() internal view virtual override returns (Limits memory) {
        return _hasPerp() ? _carryLimits() : _spotLimits();
    }

    /// @dev The policy of configs/eth-carry.yaml, in the order of `Limits`.
    function _carryLimits() private pure returns (Limits memory) {
        return Limits({
            maxGrossLeverageBps: 16_000,
            maxNetDeltaBps: 500,
            minLiquidationDistanceBps: 1_000,
            minHealthBps: 30_000,
            minIdleBps: 200,
            maxSlippageBps: 100,
            maxLossPerPlanBps: 100,
            lossBudgetBps: 45,
            emergencyLossBudgetBps: 40,
            maxTurnoverBps: 30_000,
            maxDailyLossBps: 300,
            maxWeeklyLossBps: 500,
            maxDrawdownBps: 800,
            maxGrowthBps: 2_500,
            flowBufferBps: 5,
            maxTradeNotional: 1_500_000e6,
            cooldownSeconds: 600,
            maxOracleAgeSeconds: 5_400,
            maxSilenceSeconds: 2 days,
            latchMode: Mode.ReduceOnly,
            maxTotalAssets: 50_000_000e6
        });
    }

    /// @dev The policy of configs/eth-volatility-target.yaml, where it is another.
    function _spotLimits() private pure returns (Limits memory l) {
        l = _carryLimits();
        l.maxGrossLeverageBps = 10_000;
        l.maxNetDeltaBps = 10_000;
        l.maxTurnoverBps = 20_000;
        l.maxDailyLossBps = 800;
        l.maxWeeklyLossBps = 1_500;
        l.maxDrawdownBps = 3_000;
        l.maxGrowthBps = 10_000;
        l.maxTradeNotional = 1_000_000e6;
    }

    function _venueCap() internal pure returns (Cap memory) {
        return Cap(25_000_000e6, 10_000);
    }

    function _assetCap() internal pure returns (Cap memory) {
        return _hasPerp() ? Cap(50_000_000e6, 16_000) : Cap(25_000_000e6, 10_000);
    }

    /// @dev What the feed is held against: HyperCore's oracle price, as far apart as the local chain allows.
    function _secondSource() internal virtual returns (IPriceSource source, uint16 maxDeviationBps) {
        if (_hasPerp()) return (new HyperCoreOraclePrice(ETH, address(weth), address(usdc)), 300);
    }

    function _deployVault() private {
        authority = new Authority();
        policy = new Policy(address(authority), _limits());
        oracle = _newOracle();
        vault = _newVault(usdc);
        portfolio = vault.portfolio();
        lens = new VaultLens();
        queue = new RedemptionQueue(vault);
        vault.setQueue(IRedemptionQueue(address(queue)));
        policy.loosenCap(address(weth), _assetCap());
        spot = new UniswapV3Spot(address(vault), market.pool(), usdc, address(weth));
        _acceptVenue(address(spot));
        _acceptMore();
        if (!_hasPerp()) return;
        perp = new HyperCorePerp(address(vault), address(usdc), address(weth), ETH, ACTION_DELAY);
        core.createAccount(address(perp));
        _acceptVenue(address(perp));
    }

    /// @dev For a test that needs another venue.
    function _acceptMore() internal virtual {}

    function _acceptVenue(address adapter) internal {
        portfolio.acceptAdapter(adapter, oracle);
        policy.loosenCap(adapter, _venueCap());
    }

    function _newOracle() private returns (PriceOracle) {
        feed = new SettableFeed(8, PRICE);
        (IPriceSource second, uint16 maxDeviationBps) = _secondSource();
        return new PriceOracle(
            Feed({
                asset: address(usdc),
                baseToken: address(weth),
                aggregator: IAggregatorV3(address(feed)),
                minAnswer: uint128(uint256(PRICE / 20)),
                maxAnswer: uint128(uint256(PRICE * 20)),
                second: second,
                maxDeviationBps: maxDeviationBps,
                sequencer: IAggregatorV3(address(0)),
                sequencerGraceSeconds: 0
            })
        );
    }

    /// @dev The stand-in at the real addresses, with ETH listed at the price of the feed.
    function _openHyperCore() private {
        vm.etch(HYPER_CORE, type(HyperCore).runtimeCode);
        vm.etch(CORE_WRITER_ADDRESS, type(CoreWriter).runtimeCode);
        vm.etch(CORE_DEPOSIT_WALLET_ADDRESS, type(CoreDepositWallet).runtimeCode);
        uint16[11] memory reads = readPrecompiles();
        for (uint256 i = 0; i < reads.length; ++i) {
            vm.etch(address(uint160(reads[i])), type(ReadPrecompile).runtimeCode);
        }
        core.initialise(address(usdc), CORE_DEPOSIT_WALLET_ADDRESS, CORE_DELAY, CORE_DELAY);
        core.listPerp(
            ETH,
            IHyperCore.PerpTerms({
                coin: "ETH",
                szDecimals: 4,
                maxLeverage: 25,
                halfSpreadPpm: 100,
                depthUsd: 5_000_000,
                takerFeePpm: 450
            })
        );
        _tick(PRICE, PRICE, 0);
    }

    // ---- the market

    /// @dev A new block, in which HyperCore has acted on what was due.
    function _wait(uint256 secondsLater) internal {
        _later(secondsLater);
        core.process();
    }

    /// @dev HyperCore's oracle and mark price, both in the feed's 8 decimals.
    function _tick(int256 oraclePrice, int256 markPrice, int64 fundingRateE18) internal {
        (uint64 oraclePx, uint64 markPx) = (uint64(uint256(oraclePrice / 1e6)), uint64(uint256(markPrice / 1e6)));
        core.tick(IHyperCore.Tick(ETH, oraclePx, markPx, markPx, markPx, fundingRateE18));
    }

    function _pushMark(int256 markPrice) internal {
        _tick(feed.answer(), markPrice, 0);
    }

    /// @dev Everywhere: feed, pool, HyperCore.
    function _setMarket(int256 price) internal {
        feed.set(price);
        market.moveTo(uint256(price));
        _tick(price, price, 0);
    }

    // ---- actions

    function _buy(uint256 assetIn) internal view returns (Action memory) {
        return Action(address(spot), assetIn, abi.encode(BUY, assetIn, 0));
    }

    function _sell(uint256 baseIn) internal view returns (Action memory) {
        return Action(address(spot), 0, abi.encode(SELL, baseIn, 0));
    }

    /// @dev Lots of 0.0001, + buys; the limit in the feed's 8 decimals, which are HyperCore's too.
    function _order(int256 lots, int256 limit, bool reduceOnly) internal view returns (Action memory) {
        return Action(
            address(perp), 0, abi.encode(ORDER, int64(lots), uint64(uint256(limit)), reduceOnly)
        );
    }

    function _transfer(uint8 kind, uint256 amount) internal view returns (Action memory) {
        return Action(address(perp), kind == TO_CORE ? amount : 0, abi.encode(kind, amount));
    }

    /// @dev Brings cash all the way to the perp's margin.
    function _fundMargin(uint256 amount) internal {
        _run(_transfer(TO_CORE, amount));
        _wait(ACTION_DELAY);
        _run(_transfer(TO_PERP, amount));
        _wait(ACTION_DELAY);
    }

    /// @dev Both legs at the shipped full size, opened as the agent does. Arbitrage brings the pool back, and a week
    /// refills the budgets.
    function _openCarry() internal {
        _fundMargin(260_000e6);
        _wait(_limits().cooldownSeconds);
        _run(_actions(_buy(650_000e6), _order(-2_590_000, PRICE * 998 / 1_000, false)));
        market.moveTo(uint256(PRICE));
        _waitDays(8);
    }

    /// @dev The same for a vault without a perp: so much of its million in the pool.
    function _openSpot(uint256 assets) internal {
        _wait(_limits().cooldownSeconds);
        _run(_buy(assets));
        market.moveTo(uint256(PRICE));
        _waitDays(8);
    }

    /// @dev The agent sees nothing to do.
    function _waitDays(uint256 count) internal {
        for (uint256 day; day < count; ++day) {
            _wait(1 days);
            vm.prank(AGENT);
            vault.heartbeat();
        }
    }

    function _toBase(uint256 assets) internal pure returns (uint256) {
        return assets * 1e20 / uint256(PRICE);
    }

    function _toLots(uint256 assets) internal pure returns (int256) {
        return int256(_toBase(assets) / 1e14);
    }

    function _perpLots() internal view returns (int256) {
        return perp.expectedPosition();
    }

    // ---- the queue

    function _request(address holder, uint256 shares) internal returns (uint256 requestId) {
        vm.startPrank(holder);
        vault.approve(address(queue), shares);
        requestId = queue.requestRedeem(shares, holder, holder);
        vm.stopPrank();
    }

    function _claimAll(address holder) internal returns (uint256 assets) {
        uint256 shares = queue.maxRedeem(holder);
        if (shares == 0) return 0;
        vm.prank(holder);
        return queue.redeem(shares, holder, holder);
    }

    function _sharePriceE18() internal view returns (uint256) {
        return vault.figures().sharePriceE18;
    }
}
