// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {TestToken} from "sim/TestToken.sol";

/// @title USDC of the local chain.
contract TestUSDC is TestToken {
    constructor() TestToken("USDC", 6) {}
}
