// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {HyperCorePerp} from "src/adapters/HyperCorePerp.sol";
import {Position} from "src/interfaces/IAdapter.sol";
import {HyperCoreFixture} from "./HyperCoreFixture.sol";

/// @title The least a vault does for its adapter: settles, sends the asset, forwards the action.
/// @dev And holds what it is told against what everybody is told.
contract ForwardingVault {
    error ToldOtherwise(Position told, Position asked);

    function execute(
        HyperCorePerp adapter,
        uint256 assetIn,
        bytes calldata action,
        uint256 priceE36,
        uint256 maxSlippageBps
    ) external returns (uint256 traded) {
        adapter.settle(priceE36);
        if (assetIn != 0) IERC20(adapter.asset()).transfer(address(adapter), assetIn);
        Position memory told;
        (traded, told) = adapter.execute(action, priceE36, maxSlippageBps);
        _compare(told, adapter.position(priceE36));
    }

    function reduce(HyperCorePerp adapter, uint256 partBps, uint256 priceE36, uint256 maxSlippageBps)
        external
        returns (uint256 traded)
    {
        adapter.settle(priceE36);
        Position memory told;
        (traded, told) = adapter.reduce(partBps, priceE36, maxSlippageBps);
        _compare(told, adapter.position(priceE36));
    }

    function settle(HyperCorePerp adapter, uint256 priceE36) external {
        _compare(adapter.settle(priceE36), adapter.position(priceE36));
    }

    function _compare(Position memory told, Position memory asked) private pure {
        if (keccak256(abi.encode(told)) != keccak256(abi.encode(asked))) revert ToldOtherwise(told, asked);
    }
}

/// @title An ETH perp adapter whose vault has 100,000 USDC, on a core account that exists.
/// @dev The reference price is HyperCore's oracle price, the mark may differ from it.
abstract contract HyperCorePerpFixture is HyperCoreFixture {
    uint256 internal constant ACTION_DELAY = 10;
    uint256 internal constant SLIPPAGE_BPS = 100;

    ForwardingVault internal vault;
    HyperCorePerp internal adapter;

    function setUp() public virtual override {
        super.setUp();
        vault = new ForwardingVault();
        adapter = new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, ACTION_DELAY);
        core.createAccount(address(adapter));
        usdc.mint(address(vault), 100_000e6);
    }

    function _deposit(uint256 amount) internal {
        _execute(amount, abi.encode(uint8(1), amount));
    }

    function _toPerp(uint256 amount) internal {
        _execute(0, abi.encode(uint8(2), amount));
    }

    function _fromPerp(uint256 amount) internal {
        _execute(0, abi.encode(uint8(3), amount));
    }

    function _withdraw(uint256 amount) internal {
        _execute(0, abi.encode(uint8(4), amount));
    }

    /// @dev Size in lots of 1e-4 ETH, + buys; limit human x 1e8.
    function _trade(int64 size, uint64 limitPx, bool reduceOnly) internal returns (uint256) {
        return _execute(0, _orderAction(size, limitPx, reduceOnly));
    }

    function _orderAction(int64 size, uint64 limitPx, bool reduceOnly) internal pure returns (bytes memory) {
        return abi.encode(uint8(5), size, limitPx, reduceOnly);
    }

    function _execute(uint256 assetIn, bytes memory action) internal returns (uint256) {
        return vault.execute(adapter, assetIn, action, _priceE36(), SLIPPAGE_BPS);
    }

    function _reduce(uint256 partBps) internal returns (uint256) {
        return vault.reduce(adapter, partBps, _priceE36(), SLIPPAGE_BPS);
    }

    function _settleLater() internal {
        _advance(ACTION_DELAY);
        _settle();
    }

    function _settle() internal {
        vault.settle(adapter, _priceE36());
    }

    /// @dev Margin on core and nothing outstanding.
    function _fundPerp(uint256 amount) internal {
        _deposit(amount);
        _settleLater();
        _toPerp(amount);
        _settleLater();
    }

    /// @dev USDC units per 10^36 wei of ETH, from HyperCore's oracle price of 10^-2 USD per ETH.
    function _priceE36() internal view returns (uint256) {
        return uint256(oraclePx) * 1e22;
    }

    function _told() internal view returns (Position memory) {
        return adapter.position(_priceE36());
    }

    /// @dev What vault and adapter have together; no transfer may ever change it.
    function _wealth() internal view returns (uint256) {
        return usdc.balanceOf(address(vault)) + _told().value;
    }
}
