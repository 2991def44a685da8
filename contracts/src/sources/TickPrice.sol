// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The price at a tick of Uniswap v3: 1.0001^tick units of token1 per unit of token0.
library TickPrice {
    int24 internal constant MAX_TICK = 887_272;

    error TickOutOfRange(int24 tick, int24 bound);

    /// @notice 1.0001^tick x 10^36, rounded down.
    function priceE36(int24 tick) internal pure returns (uint256) {
        uint256 root = sqrtPriceX128(tick);
        return Math.mulDiv(Math.mulDiv(root, 1e36, 1 << 128), root, 1 << 128);
    }

    /// @notice sqrt(1.0001^tick) x 2^128; rounded up to 96 bits of fraction it is the pool's own number.
    /// @dev The product of sqrt(1.0001)^-(2^i) over the bits i that are set in |tick|, inverted for a positive tick.
    /// Each constant is 2^128 / sqrt(1.0001)^(2^i) to the nearest integer. They and the truncations are Uniswap's, so
    /// that both agree at every tick. Nothing overflows: each factor is below 2^128, the root of no tick below 2^63.
    function sqrtPriceX128(int24 tick) internal pure returns (uint256 root) {
        if (tick < -MAX_TICK || tick > MAX_TICK) revert TickOutOfRange(tick, MAX_TICK);
        unchecked {
            uint256 bits = uint256(int256(tick < 0 ? -tick : tick));
            root = 1 << 128;
            if (bits & 1 != 0) root = 0xfffcb933bd6fad37aa2d162d1a594001;
            if (bits & 1 << 1 != 0) root = root * 0xfff97272373d413259a46990580e213a >> 128;
            if (bits & 1 << 2 != 0) root = root * 0xfff2e50f5f656932ef12357cf3c7fdcc >> 128;
            if (bits & 1 << 3 != 0) root = root * 0xffe5caca7e10e4e61c3624eaa0941cd0 >> 128;
            if (bits & 1 << 4 != 0) root = root * 0xffcb9843d60f6159c9db58835c926644 >> 128;
            if (bits & 1 << 5 != 0) root = root * 0xff973b41fa98c081472e6896dfb254c0 >> 128;
            if (bits & 1 << 6 != 0) root = root * 0xff2ea16466c96a3843ec78b326b52861 >> 128;
            if (bits & 1 << 7 != 0) root = root * 0xfe5dee046a99a2a811c461f1969c3053 >> 128;
            if (bits & 1 << 8 != 0) root = root * 0xfcbe86c7900a88aedcffc83b479aa3a4 >> 128;
            if (bits & 1 << 9 != 0) root = root * 0xf987a7253ac413176f2b074cf7815e54 >> 128;
            if (bits & 1 << 10 != 0) root = root * 0xf3392b0822b70005940c7a398e4b70f3 >> 128;
            if (bits & 1 << 11 != 0) root = root * 0xe7159475a2c29b7443b29c7fa6e889d9 >> 128;
            if (bits & 1 << 12 != 0) root = root * 0xd097f3bdfd2022b8845ad8f792aa5825 >> 128;
            if (bits & 1 << 13 != 0) root = root * 0xa9f746462d870fdf8a65dc1f90e061e5 >> 128;
            if (bits & 1 << 14 != 0) root = root * 0x70d869a156d2a1b890bb3df62baf32f7 >> 128;
            if (bits & 1 << 15 != 0) root = root * 0x31be135f97d08fd981231505542fcfa6 >> 128;
            if (bits & 1 << 16 != 0) root = root * 0x9aa508b5b7a84e1c677de54f3e99bc9 >> 128;
            if (bits & 1 << 17 != 0) root = root * 0x5d6af8dedb81196699c329225ee604 >> 128;
            if (bits & 1 << 18 != 0) root = root * 0x2216e584f5fa1ea926041bedfe98 >> 128;
            if (bits & 1 << 19 != 0) root = root * 0x48a170391f7dc42444e8fa2 >> 128;
            if (tick > 0) root = type(uint256).max / root;
        }
    }
}
