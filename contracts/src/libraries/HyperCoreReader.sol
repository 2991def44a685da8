// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title HyperCore's state as HyperEVM contracts see it: at the start of the block, through read precompiles.
/// @dev Prices are human x 10^(6 - szDecimals), sizes whole lots of 10^-szDecimals, USD has 6 decimals.
/// Source: hyperliquid-dev/hyper-evm-lib and Hyperliquid's documentation of HyperEVM.
library HyperCoreReader {
    using SafeCast for int256;
    using SafeCast for uint256;

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

    /// @notice Signed lots.
    function size(address user, uint32 perp) internal view returns (int64) {
        return int256(_ask(POSITION, uint160(user), perp, 2, 5)[0]).toInt64();
    }

    function marginSummary(address user) internal view returns (MarginSummary memory) {
        uint256[6] memory words = _ask(MARGIN_SUMMARY, MAIN_PERP_DEX, uint160(user), 2, 4);
        return MarginSummary({
            accountValue: int256(words[0]).toInt64(),
            marginUsed: words[1].toUint64(),
            ntlPos: words[2].toUint64(),
            rawUsd: int256(words[3]).toInt64()
        });
    }

    function spotBalance(address user, uint64 token) internal view returns (SpotBalance memory) {
        uint256[6] memory words = _ask(SPOT_BALANCE, uint160(user), token, 2, 3);
        return SpotBalance({total: words[0].toUint64(), hold: words[1].toUint64(), entryNtl: words[2].toUint64()});
    }

    function withdrawable(address user) internal view returns (uint64) {
        return _ask(WITHDRAWABLE, uint160(user), 0, 1, 1)[0].toUint64();
    }

    function markPx(uint32 perp) internal view returns (uint64) {
        return _ask(MARK_PX, perp, 0, 1, 1)[0].toUint64();
    }

    function oraclePx(uint32 perp) internal view returns (uint64) {
        return _ask(ORACLE_PX, perp, 0, 1, 1)[0].toUint64();
    }

    function perpInfo(uint32 perp) internal view returns (PerpInfo memory) {
        (bool answered, bytes memory answer) = PERP_INFO.staticcall(abi.encode(perp));
        if (!answered || answer.length < 7 * 32) revert HyperCoreReadFailed(PERP_INFO);
        return abi.decode(answer, (PerpInfo));
    }

    /// @notice `perpInfo(perp).maxLeverage` for less gas: the words are two offsets, margin table, decimals, leverage.
    function maxLeverage(uint32 perp) internal view returns (uint8) {
        return _ask(PERP_INFO, perp, 0, 1, 6)[4].toUint8();
    }

    function accountExists(address user) internal view returns (bool) {
        return _ask(ACCOUNT_EXISTS, uint160(user), 0, 1, 1)[0] != 0;
    }

    /// @dev The first words of an answer to one or two words. A chain without the precompile answers an empty success,
    /// which is a failure too.
    function _ask(address precompile, uint256 first, uint256 second, uint256 wordsAsked, uint256 wordsTold)
        private
        view
        returns (uint256[6] memory words)
    {
        bool answered;
        assembly ("memory-safe") {
            mstore(0, first)
            mstore(32, second)
            let length := mul(wordsTold, 32)
            answered := staticcall(gas(), precompile, 0, mul(wordsAsked, 32), words, length)
            answered := and(answered, iszero(lt(returndatasize(), length)))
        }
        if (!answered) revert HyperCoreReadFailed(precompile);
    }
}
