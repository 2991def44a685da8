// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title What the vault asks of its authority beyond OpenZeppelin's IAuthority.
interface IAuthority {
    /// @notice Reverts if `agent` holds a role: who moves the vault's money may decide nothing about it.
    function requireNoRole(address agent) external view;
}
