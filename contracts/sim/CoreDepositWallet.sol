// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {HyperCore} from "sim/HyperCore.sol";
import {HYPER_CORE} from "sim/HyperCoreAddresses.sol";
import {TestUSDC} from "sim/TestUSDC.sol";

/// @title Holds on the EVM the USDC that accounts have on HyperCore.
contract CoreDepositWallet {
    using SafeERC20 for TestUSDC;

    error OnlyHyperCore();

    function deposit(uint256 amount, uint32 destinationDex) external {
        depositFor(msg.sender, amount, destinationDex);
    }

    function depositFor(address recipient, uint256 amount, uint32 destinationDex) public {
        TestUSDC usdc = _usdc();
        usdc.safeTransferFrom(msg.sender, address(this), amount);
        HyperCore(HYPER_CORE).enqueueDeposit(recipient, amount, destinationDex);
    }

    /// @dev What one account won others have lost; those others have no accounts here, so their USDC is minted.
    function payOut(address to, uint256 amount) external {
        if (msg.sender != HYPER_CORE) revert OnlyHyperCore();
        TestUSDC usdc = _usdc();
        uint256 held = usdc.balanceOf(address(this));
        if (held < amount) usdc.mint(address(this), amount - held);
        usdc.safeTransfer(to, amount);
    }

    function _usdc() private view returns (TestUSDC) {
        return TestUSDC(HyperCore(HYPER_CORE).usdc());
    }
}
