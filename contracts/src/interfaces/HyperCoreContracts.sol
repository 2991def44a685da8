// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title The two contracts through which HyperEVM writes to HyperCore.
interface ICoreWriter {
    function sendRawAction(bytes calldata data) external;
}

interface ICoreDepositWallet {
    /// @param destinationDex 0 for the perp account, 2^32 - 1 for the spot account
    function deposit(uint256 amount, uint32 destinationDex) external;
}
