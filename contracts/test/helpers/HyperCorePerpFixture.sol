// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {HyperCorePerp} from "ballast/adapters/HyperCorePerp.sol";
import {HyperCoreFixture} from "./HyperCoreFixture.sol";

/// @title The least a vault does for its adapter: settles, sends the asset, forwards the action.
contract ForwardingVault {
    function execute(HyperCorePerp adapter, uint256 assetIn, bytes calldata action, uint256 maxSlippageBps)
        external
        returns (uint256)
    {
        adapter.settle();
        if (assetIn != 0) IERC20(adapter.asset()).transfer(address(adapter), assetIn);
        return adapter.execute(action, maxSlippageBps);
    }

    function settle(HyperCorePerp adapter) external {
        adapter.settle();
    }
}

/// @title An ETH perp adapter whose vault has 100,000 USDC, on a core account that exists.
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
        vault.execute(adapter, amount, abi.encode(uint8(1), amount), SLIPPAGE_BPS);
    }

    function _toPerp(uint256 amount) internal {
        vault.execute(adapter, 0, abi.encode(uint8(2), amount), SLIPPAGE_BPS);
    }

    function _fromPerp(uint256 amount) internal {
        vault.execute(adapter, 0, abi.encode(uint8(3), amount), SLIPPAGE_BPS);
    }

    function _withdraw(uint256 amount) internal {
        vault.execute(adapter, 0, abi.encode(uint8(4), amount), SLIPPAGE_BPS);
    }

    /// @dev Size in lots of 1e-4 ETH, + buys; limit human x 1e8.
    function _trade(int64 size, uint64 limitPx, bool reduceOnly) internal returns (uint256) {
        return vault.execute(adapter, 0, _orderAction(size, limitPx, reduceOnly), SLIPPAGE_BPS);
    }

    function _orderAction(int64 size, uint64 limitPx, bool reduceOnly) internal pure returns (bytes memory) {
        return abi.encode(uint8(5), size, limitPx, reduceOnly);
    }

    function _settleLater() internal {
        _advance(ACTION_DELAY);
        vault.settle(adapter);
    }

    /// @dev Margin on core and nothing outstanding.
    function _fundPerp(uint256 amount) internal {
        _deposit(amount);
        _settleLater();
        _toPerp(amount);
        _settleLater();
    }

    /// @dev What vault and adapter have together; no transfer may ever change it.
    function _wealth() internal view returns (uint256) {
        return usdc.balanceOf(address(vault)) + adapter.value();
    }
}
