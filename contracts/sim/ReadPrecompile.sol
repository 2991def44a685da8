// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCore} from "sim/HyperCore.sol";
import {HYPER_CORE} from "sim/HyperCoreAddresses.sol";

/// @title The code behind every read address: asks the stand-in for what its own address stands for.
contract ReadPrecompile {
    fallback(bytes calldata arguments) external returns (bytes memory) {
        return HyperCore(HYPER_CORE).read(uint16(uint160(address(this))), arguments);
    }
}
