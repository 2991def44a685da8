// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Limits} from "src/Limits.sol";

import {Erc4626Properties} from "./helpers/Erc4626Properties.sol";
import {SharesFixture} from "./helpers/SharesFixture.sol";

/// @notice The properties of EIP-4626 on a vault with cash at a venue that gained or lost, a jump that is not
/// recognised yet, fees that are owed, and a flow buffer; over the decimals of the asset.
abstract contract VaultErc4626Test is SharesFixture, Erc4626Properties {
    function setUp() public override {
        super.setUp();
        _setFees(200, 1_000);
        _invest(_whole(95_000));
        _apply(address(vault), address(usdc), _whole(1));
    }

    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.flowBufferBps = 10;
        limits.maxGrowthBps = 1_000;
        limits.maxTotalAssets = uint128(_whole(1_000_000_000));
    }

    /// @dev From a total loss to ten times as much, from all the cash to none.
    function _bringIntoState(uint256 seed) internal override {
        uint256 venue = _whole(95_000);
        if (seed % 3 == 0) _gain(_drawn(seed, "moved", 10 * venue));
        else if (seed % 3 == 1) _lose(_drawn(seed, "moved", venue));
        _later(seed % 2 == 0 ? 0 : seed % 10 days);
        if (seed % 5 != 0) _withdraw(ALICE, _drawn(seed, "idle", vault.maxWithdraw(ALICE)));
    }

    function _drawn(uint256 seed, string memory what, uint256 most) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, what))) % (most + 1);
    }
}

contract Erc4626With0DecimalsTest is VaultErc4626Test {
    function _assetDecimals() internal pure override returns (uint8) {
        return 0;
    }
}

contract Erc4626With6DecimalsTest is VaultErc4626Test {}

contract Erc4626With8DecimalsTest is VaultErc4626Test {
    function _assetDecimals() internal pure override returns (uint8) {
        return 8;
    }
}

contract Erc4626With18DecimalsTest is VaultErc4626Test {
    function _assetDecimals() internal pure override returns (uint8) {
        return 18;
    }
}

contract Erc4626With24DecimalsTest is VaultErc4626Test {
    function _assetDecimals() internal pure override returns (uint8) {
        return 24;
    }
}
