// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";
import {CoreDepositWallet} from "sim/CoreDepositWallet.sol";
import {CoreWriter} from "sim/CoreWriter.sol";
import {HyperCore} from "sim/HyperCore.sol";
import "sim/HyperCoreAddresses.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {ReadPrecompile} from "sim/ReadPrecompile.sol";
import {TestToken} from "sim/TestToken.sol";
import {TestUSDC} from "sim/TestUSDC.sol";

/// @title HyperCore's stand-in placed at the real addresses, with ETH listed at 2,000.
abstract contract HyperCoreFixture is Test {
    uint32 internal constant ETH = 4;
    uint64 internal constant ETH_PRICE = 2_000_00; // human x 10^(6 - 4)
    uint32 internal constant SPOT = type(uint32).max;
    uint64 internal constant ORDER_DELAY = 3;
    uint64 internal constant TRANSFER_DELAY = 5;
    uint8 internal constant ALO = 1;
    uint8 internal constant GTC = 2;
    uint8 internal constant IOC = 3;

    HyperCore internal core = HyperCore(HYPER_CORE);
    CoreWriter internal coreWriter = CoreWriter(CORE_WRITER_ADDRESS);
    CoreDepositWallet internal wallet = CoreDepositWallet(CORE_DEPOSIT_WALLET_ADDRESS);
    TestUSDC internal usdc;
    TestToken internal ether_;
    uint64 internal oraclePx; // of ETH, as of the last tick

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        usdc = new TestUSDC();
        ether_ = new TestToken("WETH", 18);
        _placeHyperCore();
        core.initialise(address(usdc), CORE_DEPOSIT_WALLET_ADDRESS, ORDER_DELAY, TRANSFER_DELAY);
        core.listPerp(ETH, _terms());
        _setPrice(ETH_PRICE);
    }

    function _placeHyperCore() internal {
        vm.etch(HYPER_CORE, type(HyperCore).runtimeCode);
        vm.etch(CORE_WRITER_ADDRESS, type(CoreWriter).runtimeCode);
        vm.etch(CORE_DEPOSIT_WALLET_ADDRESS, type(CoreDepositWallet).runtimeCode);
        uint16[11] memory reads = readPrecompiles();
        for (uint256 i = 0; i < reads.length; ++i) {
            vm.etch(address(uint160(reads[i])), type(ReadPrecompile).runtimeCode);
        }
    }

    function _terms() internal pure virtual returns (IHyperCore.PerpTerms memory) {
        return _frictionless();
    }

    /// @dev No spread, no fee and next to no impact (a fill costs 1e-6 USD): what is left is accounting.
    function _frictionless() internal pure returns (IHyperCore.PerpTerms memory) {
        return IHyperCore.PerpTerms({
            coin: "ETH",
            szDecimals: 4,
            maxLeverage: 25,
            halfSpreadPpm: 0,
            depthUsd: 1e14,
            takerFeePpm: 0
        });
    }

    function _withFriction() internal pure returns (IHyperCore.PerpTerms memory terms) {
        terms = _frictionless();
        terms.halfSpreadPpm = 100; // 1 bp
        terms.depthUsd = 10_000_000;
        terms.takerFeePpm = 450; // 4.5 bps
    }

    function _setPrice(uint64 price) internal {
        _tick(price, price, price, price, 0);
    }

    function _tick(uint64 oracle, uint64 mark, uint64 high, uint64 low, int64 fundingRateE18) internal {
        core.tick(IHyperCore.Tick(ETH, oracle, mark, high, low, fundingRateE18));
        oraclePx = oracle;
    }

    /// @dev Lets the clock run and HyperCore act on what is due.
    function _advance(uint256 secondsLater) internal {
        vm.warp(block.timestamp + secondsLater);
        vm.roll(block.number + 1);
        core.process();
    }

    function _fund(address user, uint256 amount, uint32 dex) internal {
        usdc.mint(address(this), amount);
        usdc.approve(CORE_DEPOSIT_WALLET_ADDRESS, amount);
        wallet.depositFor(user, amount, dex);
        _advance(TRANSFER_DELAY);
    }

    /// @dev Size in whole lots, + buys; price in mark units.
    function _order(address user, int256 lots, uint256 price, bool reduceOnly, uint8 timeInForce, uint128 clientId)
        internal
    {
        uint64 sz = uint64(uint256(lots < 0 ? -lots : lots)) * 1e4;
        _write(user, 1, abi.encode(ETH, lots > 0, uint64(price * 1e6), sz, reduceOnly, timeInForce, clientId));
    }

    /// @dev An order far from the mark that fills at once, wholly.
    function _marketOrder(address user, int256 lots) internal {
        uint256 mark = _read(READ_MARK_PX, abi.encode(ETH));
        uint256 limit = lots > 0 ? mark * 3 / 2 : mark / 2;
        _order(user, lots, limit / 100 * 100, false, IOC, 0);
        _advance(ORDER_DELAY);
    }

    function _write(address user, uint24 actionId, bytes memory fields) internal {
        vm.prank(user);
        coreWriter.sendRawAction(abi.encodePacked(uint8(1), actionId, fields));
    }

    function _read(uint16 which, bytes memory arguments) internal view returns (uint256 firstWord) {
        (bool success, bytes memory result) = address(uint160(which)).staticcall(arguments);
        require(success, "read failed");
        firstWord = abi.decode(result, (uint256));
    }

    function _position(address user) internal view returns (int64) {
        return int64(uint64(_read(READ_POSITION, abi.encode(user, ETH))));
    }

    function _spotWei(address user) internal view returns (uint256) {
        return _read(READ_SPOT_BALANCE, abi.encode(user, uint64(0)));
    }

    function _equity(address user) internal view returns (int256) {
        return int256(_read(READ_MARGIN_SUMMARY, abi.encode(uint32(0), user)));
    }
}
