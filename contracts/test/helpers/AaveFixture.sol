// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {AaveV3} from "src/adapters/AaveV3.sol";
import {Position} from "src/interfaces/IAdapter.sol";
import {TestToken} from "sim/TestToken.sol";

import {AaveMarket, IAavePool} from "./AaveMarket.sol";
import {UniswapMarket} from "./UniswapMarket.sol";

/// @notice An Aave v3 market and a Uniswap v3 pool, both real, and an adapter between them. The test contract plays the
/// vault. Others have borrowed for half a year, so that no index is round.
abstract contract AaveFixture is Test {
    address internal constant STRANGER = address(0x57A4);
    uint256 internal constant PRICE_E8 = 2_500e8;
    uint256 internal constant ALL = type(uint256).max;

    uint8 internal constant SUPPLY = 1;
    uint8 internal constant WITHDRAW = 2;
    uint8 internal constant SHORT = 3;
    uint8 internal constant COVER = 4;

    TestToken internal asset;
    TestToken internal base;
    AaveMarket internal lending;
    IAavePool internal aave;
    UniswapMarket internal market;
    AaveV3 internal leg;
    uint256 internal priceE36;
    uint256 internal maxSlippageBps = 100;

    function setUp() public virtual {
        vm.warp(1_795_132_800);
        _open(6, 18, true);
    }

    /// @dev Base tokens are made until one has an address on the wanted side of the asset's.
    function _open(uint8 assetDecimals, uint8 baseDecimals, bool assetFirst) internal {
        asset = new TestToken("USDC", assetDecimals);
        do {
            base = new TestToken("WETH", baseDecimals);
        } while ((address(asset) < address(base)) != assetFirst);
        lending = new AaveMarket(asset, base, PRICE_E8);
        aave = lending.aave();
        lending.borrow(asset, _assets(40_000_000));
        lending.borrow(base, _bases(40_000));
        skip(182 days);
        market = new UniswapMarket(asset, base, PRICE_E8);
        market.addLiquidity(20_000_000, market.WIDEST_TICK());
        priceE36 = market.priceE36(PRICE_E8);
        leg = new AaveV3(address(this), aave, market.pool(), asset, address(base));
    }

    function _assets(uint256 whole) internal view returns (uint256) {
        return whole * 10 ** asset.decimals();
    }

    function _bases(uint256 whole) internal view returns (uint256) {
        return whole * 10 ** base.decimals();
    }

    /// @dev As the vault does: sends asset, then has the action carried out.
    function _execute(uint256 sent, uint8 kind, uint256 amount, uint256 limit) internal returns (uint256 notional) {
        asset.mint(address(leg), sent);
        Position memory told;
        (notional, told) = leg.execute(abi.encode(kind, amount, limit), priceE36, maxSlippageBps);
        _assertTold(told);
    }

    function _expectRevert(bytes memory reason, uint256 sent, uint8 kind, uint256 amount, uint256 limit) internal {
        uint256 snapshot = vm.snapshotState();
        asset.mint(address(leg), sent);
        vm.expectRevert(reason);
        leg.execute(abi.encode(kind, amount, limit), priceE36, maxSlippageBps);
        vm.revertToState(snapshot);
    }

    /// @dev 100,000 of collateral sent along and 20 base sold at about 2,500: health about 2.4.
    function _openShort() internal {
        _execute(_assets(100_000), SHORT, _bases(20), 0);
    }

    function _reduce(uint256 partBps) internal returns (uint256 notional) {
        Position memory told;
        (notional, told) = leg.reduce(partBps, priceE36, maxSlippageBps);
        _assertTold(told);
    }

    function _settle() internal {
        _assertTold(leg.settle(priceE36));
    }

    /// @dev Nothing is told where a refusal was expected.
    function _assertTold(Position memory told) private view {
        if (told.fingerprint == 0) return;
        assertEq(abi.encode(told), abi.encode(_position()), "tells what it holds");
    }

    /// @dev Everywhere: the reference, Aave's feed and the pool.
    function _moveTo(uint256 priceE8) internal {
        priceE36 = market.priceE36(priceE8);
        lending.setBasePrice(priceE8);
        market.moveTo(priceE8);
    }

    function _position() internal view returns (Position memory) {
        return leg.position(priceE36);
    }

    function _value() internal view returns (uint256) {
        return _position().value;
    }

    function _collateral() internal view returns (uint256) {
        return leg.aToken().balanceOf(address(leg));
    }

    function _debt() internal view returns (uint256) {
        return leg.debtToken().balanceOf(address(leg));
    }

    function _cash() internal view returns (uint256) {
        return asset.balanceOf(address(this));
    }

    function _healthFactor() internal view returns (uint256 healthFactor) {
        (,,,,, healthFactor) = aave.getUserAccountData(address(leg));
    }

    /// @dev Between calls nothing lies around and nobody may take anything.
    function _assertClean() internal view {
        assertEq(asset.balanceOf(address(leg)), 0, "asset left");
        assertEq(base.balanceOf(address(leg)), 0, "base left");
        address[2] memory spenders = [address(aave), address(market.pool())];
        for (uint256 i; i < spenders.length; ++i) {
            assertEq(asset.allowance(address(leg), spenders[i]), 0, "asset approved");
            assertEq(base.allowance(address(leg), spenders[i]), 0, "base approved");
        }
    }
}
