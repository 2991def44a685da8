// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Action} from "src/Plan.sol";
import {Fees} from "src/VaultBook.sol";
import {Vault} from "src/Vault.sol";

import {VaultFixture} from "./VaultFixture.sol";

/// @notice What tests of shares, their price and fees say often.
abstract contract SharesFixture is VaultFixture {
    address internal constant COLLECTOR = address(0xC0);
    uint256 internal constant VIRTUAL_SHARES = 1e6;
    uint256 internal constant BPS = 10_000;

    // ---- holders

    function _redeem(address who, uint256 shares) internal returns (uint256 assets) {
        vm.prank(who);
        assets = vault.redeem(shares, who, who);
    }

    function _redeemAll(address who) internal returns (uint256 assets) {
        return _redeem(who, vault.balanceOf(who));
    }

    function _withdraw(address who, uint256 assets) internal returns (uint256 shares) {
        vm.prank(who);
        shares = vault.withdraw(assets, who, who);
    }

    /// @dev Gives him what it costs, and allows the vault to take it.
    function _mint(address who, uint256 shares) internal returns (uint256 assets) {
        assets = vault.previewMint(shares);
        _allow(who, assets);
        vm.prank(who);
        assertEq(vault.mint(shares, who), assets, "preview");
    }

    function _allow(address who, uint256 assets) internal {
        usdc.mint(who, assets);
        vm.prank(who);
        usdc.approve(address(vault), assets);
    }

    // ---- what the vault is worth

    function _invest(uint256 assets) internal {
        _run(_trade(long, 0, assets, 0));
    }

    /// @dev A profit at the venue, seen at once.
    function _gain(uint256 assets) internal {
        usdc.mint(address(long), assets);
    }

    /// @dev A loss at the venue that no plan made.
    function _lose(uint256 assets) internal {
        vm.prank(address(long));
        usdc.transfer(address(0xdead), assets);
    }

    function _bringHome(uint256 assets) internal {
        _run(Action(address(long), 0, long.sendHome(assets)));
    }

    function _real() internal view returns (uint256) {
        return vault.figures().real;
    }

    function _sharePrice() internal view returns (uint256) {
        return vault.figures().sharePriceE18;
    }

    // ---- fees

    function _setFees(uint16 managementBps, uint16 performanceBps) internal {
        _setFees(Fees(managementBps, performanceBps, COLLECTOR));
    }

    function _setFees(Fees memory fees) internal {
        _asCurator(address(vault), abi.encodeCall(Vault.setFees, (fees)));
    }
}
