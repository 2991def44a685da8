// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ICoreWriter} from "ballast/interfaces/HyperCoreContracts.sol";

/// @title Actions sent to HyperCore. None reverts when HyperCore refuses it; effects must be read back later.
/// @dev Payload: version 0x01, action id (3 bytes, big-endian), then the ABI-encoded fields.
library HyperCoreWriter {
    ICoreWriter internal constant CORE_WRITER = ICoreWriter(0x3333333333333333333333333333333333333333);
    address internal constant USDC_SYSTEM_ADDRESS = 0x2000000000000000000000000000000000000000;
    uint64 internal constant USDC_TOKEN = 0;
    uint32 internal constant SPOT_DEX = type(uint32).max;
    uint8 internal constant IMMEDIATE_OR_CANCEL = 3;

    /// @param limitPx human price x 10^8
    /// @param sz human size x 10^8
    function placeOrder(uint32 perp, bool isBuy, uint64 limitPx, uint64 sz, bool reduceOnly, uint8 timeInForce)
        internal
    {
        uint128 noClientId = 0;
        _send(1, abi.encode(perp, isBuy, limitPx, sz, reduceOnly, timeInForce, noClientId));
    }

    /// @param amount USD with 6 decimals
    function transferUsdClass(uint64 amount, bool toPerp) internal {
        _send(7, abi.encode(amount, toPerp));
    }

    /// @param amountWei core USDC, 8 decimals, out of the spot account
    function sendUsdcToEvm(uint64 amountWei) internal {
        address noSubAccount = address(0);
        _send(13, abi.encode(USDC_SYSTEM_ADDRESS, noSubAccount, SPOT_DEX, SPOT_DEX, USDC_TOKEN, amountWei));
    }

    function _send(uint24 actionId, bytes memory fields) private {
        CORE_WRITER.sendRawAction(abi.encodePacked(uint8(1), actionId, fields));
    }
}
