// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title HyperCore's state as HyperEVM contracts see it: at the start of the block, through read precompiles.
/// @dev Prices are human x 10^(6 - szDecimals), sizes whole lots of 10^-szDecimals, USD has 6 decimals.
/// Source: hyperliquid-dev/hyper-evm-lib and Hyperliquid's documentation of HyperEVM.
library HyperCoreReader {
    struct SpotBalance {
        uint64 total;
        uint64 hold;
        uint64 entryNtl;
    }

    struct PerpInfo {
        string coin;
        uint32 marginTableId;
        uint8 szDecimals;
        uint8 maxLeverage;
        bool onlyIsolated;
    }

    struct MarginSummary {
        int64 accountValue;
        uint64 marginUsed;
        uint64 ntlPos;
        int64 rawUsd;
    }

    struct Position {
        int64 szi;
        uint64 entryNtl;
        int64 isolatedRawUsd;
        uint32 leverage;
        bool isIsolated;
    }

    address internal constant SPOT_BALANCE = 0x0000000000000000000000000000000000000801;
    address internal constant WITHDRAWABLE = 0x0000000000000000000000000000000000000803;
    address internal constant MARK_PX = 0x0000000000000000000000000000000000000806;
    address internal constant ORACLE_PX = 0x0000000000000000000000000000000000000807;
    address internal constant PERP_INFO = 0x000000000000000000000000000000000000080a;
    address internal constant MARGIN_SUMMARY = 0x000000000000000000000000000000000000080F;
    address internal constant ACCOUNT_EXISTS = 0x0000000000000000000000000000000000000810;
    address internal constant POSITION = 0x0000000000000000000000000000000000000813;

    uint32 internal constant MAIN_PERP_DEX = 0;

    error HyperCoreReadFailed(address precompile);

    function position(address user, uint32 perp) internal view returns (Position memory) {
        return abi.decode(_read(POSITION, abi.encode(user, perp), 5), (Position));
    }

    function marginSummary(address user) internal view returns (MarginSummary memory) {
        return abi.decode(_read(MARGIN_SUMMARY, abi.encode(MAIN_PERP_DEX, user), 4), (MarginSummary));
    }

    function spotBalance(address user, uint64 token) internal view returns (SpotBalance memory) {
        return abi.decode(_read(SPOT_BALANCE, abi.encode(user, token), 3), (SpotBalance));
    }

    function withdrawable(address user) internal view returns (uint64) {
        return abi.decode(_read(WITHDRAWABLE, abi.encode(user), 1), (uint64));
    }

    function markPx(uint32 perp) internal view returns (uint64) {
        return abi.decode(_read(MARK_PX, abi.encode(perp), 1), (uint64));
    }

    function oraclePx(uint32 perp) internal view returns (uint64) {
        return abi.decode(_read(ORACLE_PX, abi.encode(perp), 1), (uint64));
    }

    function perpInfo(uint32 perp) internal view returns (PerpInfo memory) {
        return abi.decode(_read(PERP_INFO, abi.encode(perp), 7), (PerpInfo));
    }

    function accountExists(address user) internal view returns (bool) {
        return abi.decode(_read(ACCOUNT_EXISTS, abi.encode(user), 1), (bool));
    }

    /// @dev A chain without the precompile answers an empty success, which is a failure too.
    function _read(address precompile, bytes memory arguments, uint256 leastWords) private view returns (bytes memory) {
        (bool success, bytes memory result) = precompile.staticcall(arguments);
        if (!success || result.length < 32 * leastWords) revert HyperCoreReadFailed(precompile);
        return result;
    }
}
