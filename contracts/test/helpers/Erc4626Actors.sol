// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Who calls an ERC-4626 vault in `Erc4626Properties`, and with which amounts.
abstract contract Erc4626Actors is Test {
    address internal constant CALLER = address(0xCA11E2);
    address internal constant RECEIVER = address(0x2ECE17E2);
    address internal constant HOLDER = address(0x401DE2);
    address internal constant OTHER = address(0x07E2);
    address internal constant PENNILESS = address(0x9E22);

    IERC4626 internal _vault;
    IERC20 internal _asset;
    uint256 internal _unit; // a whole asset

    // ---------------------------------------------------------------- what the applying test gives

    /// @dev To be called at the end of the set-up.
    function _apply(address vault_, address asset_, uint256 wholeAsset) internal {
        (_vault, _asset, _unit) = (IERC4626(vault_), IERC20(asset_), wholeAsset);
        address[3] memory rich = [CALLER, HOLDER, OTHER];
        for (uint256 i; i < rich.length; ++i) {
            deal(asset_, rich[i], type(uint128).max);
            vm.prank(rich[i]);
            _asset.approve(vault_, type(uint256).max);
        }
    }

    /// @dev Brings the vault into a state: profits, losses, cash taken out, fees owed, whatever it knows.
    function _bringIntoState(uint256 seed) internal virtual;

    modifier inState(uint256 seed) {
        _depositAs(OTHER, _part(seed, 1_000_000));
        _depositAs(HOLDER, _part(seed >> 64, 1_000_000));
        _bringIntoState(seed);
        _;
    }

    // ---------------------------------------------------------------- amounts that can be had

    /// @dev From a single asset unit to `most` whole assets, small ones as often as large ones.
    function _part(uint256 seed, uint256 most) internal view returns (uint256) {
        uint256 digits = Math.log10(most * _unit) + 1;
        return _bound(seed, 1, Math.min(10 ** (1 + seed % digits), most * _unit));
    }

    function _entry(uint256 seed) internal view returns (uint256) {
        return Math.min(_part(seed, 10_000_000), _vault.maxDeposit(RECEIVER));
    }

    function _entryShares(uint256 seed) internal view returns (uint256) {
        return Math.min(_vault.convertToShares(_part(seed, 10_000_000)), _vault.maxMint(RECEIVER));
    }

    function _exit(uint256 seed) internal view returns (uint256) {
        return _bound(seed, 0, _vault.maxWithdraw(HOLDER));
    }

    function _exitShares(uint256 seed) internal view returns (uint256) {
        return _bound(seed, 0, _vault.maxRedeem(HOLDER));
    }

    function _depositAs(address who, uint256 assets) internal returns (uint256 shares) {
        vm.prank(who);
        return _vault.deposit(assets, who);
    }

    function _mintAs(address who, uint256 shares) internal returns (uint256 assets) {
        vm.prank(who);
        return _vault.mint(shares, who);
    }

    function _withdrawAs(address who, uint256 assets) internal returns (uint256 shares) {
        vm.prank(who);
        return _vault.withdraw(assets, who, who);
    }

    function _redeemAs(address who, uint256 shares) internal returns (uint256 assets) {
        vm.prank(who);
        return _vault.redeem(shares, who, who);
    }
}
