// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {TestToken} from "sim/TestToken.sol";

/// @notice A dollar whose issuer can shut accounts out, as the real ones do.
contract BlockingToken is TestToken("USDC", 6) {
    mapping(address account => bool) public isShutOut;

    error ShutOut(address account);

    function shutOut(address account) external {
        isShutOut[account] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isShutOut[from]) revert ShutOut(from);
        if (isShutOut[to]) revert ShutOut(to);
        super._update(from, to, amount);
    }
}
