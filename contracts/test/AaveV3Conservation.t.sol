// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AaveFixture} from "./helpers/AaveFixture.sol";

/// @notice Trading at one price never makes money.
contract AaveV3ConservationTest is AaveFixture {
    uint256 private constant MOST_SLIPPAGE_BPS = 1_000;

    /// @dev Through one price and in no time, whatever is opened and closed in whatever order loses fees and no more.
    function testFuzz_opening_and_closing_at_one_price_only_loses_fees(uint256 seed) public {
        maxSlippageBps = MOST_SLIPPAGE_BPS;
        uint256 sent;
        uint256 traded;
        for (uint256 i; i < 6; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            if (sent < _cash() + 10_000e6 || dice % 4 == 0) {
                uint256 amount = bound(dice >> 8, 10_000e6, 100_000e6);
                _execute(amount, SUPPLY, amount, 0);
                sent += amount;
            } else if (dice % 4 == 1) {
                uint256 most = _value() * 1e18 / 2_500e6;
                if (_debt() + 2e15 < most) traded += _execute(0, SHORT, bound(dice >> 8, 1e15, most - _debt()), 0);
            } else if (dice % 4 == 2) {
                traded += _execute(0, COVER, bound(dice >> 8, 1e15, 1_000e18), ALL);
            } else {
                traded += _reduce(bound(dice >> 8, 1, 10_000));
            }
            market.moveTo(PRICE_E8);
            assertLe(_value() + _cash(), sent + i + 1, "made money");
            _assertClean();
        }
        traded += _reduce(10_000);
        _reduce(10_000);
        assertLe(_cash(), sent + 8);
        assertGe(_cash() + traded * MOST_SLIPPAGE_BPS / 10_000 + 8, sent, "lost more than slippage");
        assertEq(_value(), 0);
    }
}

/// @notice The same with the pool's tokens the other way round.
contract AaveV3ConservationReversedTest is AaveV3ConservationTest {
    function setUp() public override {
        super.setUp();
        _open(6, 18, false);
    }
}
