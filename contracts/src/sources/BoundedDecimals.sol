// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title The decimals of tokens and feeds, which both answer `decimals()`; so few that prices stay inside 256 bits.
library BoundedDecimals {
    uint256 internal constant MAX = 24;

    error NotAContract(address account);
    error DecimalsTooLarge(address account, uint256 decimals, uint256 bound);

    function read(address account) internal view returns (uint256 decimals) {
        if (account.code.length == 0) revert NotAContract(account);
        decimals = IERC20Metadata(account).decimals();
        if (decimals > MAX) revert DecimalsTooLarge(account, decimals, MAX);
    }
}
