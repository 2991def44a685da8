// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

// Where the stand-in and its parts are placed. All but HYPER_CORE are the addresses of the real chain.

/// @dev ASCII "HyperCore" followed by zeros; no real chain has anything here.
address constant HYPER_CORE = address(uint160(bytes20("HyperCore")));
address constant CORE_WRITER_ADDRESS = 0x3333333333333333333333333333333333333333;
address constant CORE_DEPOSIT_WALLET_ADDRESS = 0x6B9E773128f453f5c2C60935Ee2DE2CBc5390A24;
address constant USDC_SYSTEM_ADDRESS_ON_CORE = 0x2000000000000000000000000000000000000000;

uint16 constant READ_POSITION_OLD = 0x0800;
uint16 constant READ_SPOT_BALANCE = 0x0801;
uint16 constant READ_WITHDRAWABLE = 0x0803;
uint16 constant READ_MARK_PX = 0x0806;
uint16 constant READ_ORACLE_PX = 0x0807;
uint16 constant READ_L1_BLOCK_NUMBER = 0x0809;
uint16 constant READ_PERP_INFO = 0x080a;
uint16 constant READ_BEST_BID_OFFER = 0x080e;
uint16 constant READ_MARGIN_SUMMARY = 0x080f;
uint16 constant READ_ACCOUNT_EXISTS = 0x0810;
uint16 constant READ_POSITION = 0x0813;

/// @notice Every read address the stand-in answers; place the `ReadPrecompile` code at each of them.
function readPrecompiles() pure returns (uint16[11] memory) {
    return [
        READ_POSITION_OLD,
        READ_SPOT_BALANCE,
        READ_WITHDRAWABLE,
        READ_MARK_PX,
        READ_ORACLE_PX,
        READ_L1_BLOCK_NUMBER,
        READ_PERP_INFO,
        READ_BEST_BID_OFFER,
        READ_MARGIN_SUMMARY,
        READ_ACCOUNT_EXISTS,
        READ_POSITION
    ];
}
