// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IHyperCore} from "sim/IHyperCore.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";
import {HyperCorePerpHandler} from "./helpers/HyperCorePerpHandler.sol";

/// @notice Whatever is done in whatever order, no USDC appears or vanishes, at the stand-in or in the adapter's eyes.
abstract contract HyperCorePerpInvariantBase is HyperCorePerpFixture {
    uint256 internal constant WEALTH = 100_000e6;
    uint256 internal constant RIVALS = 50_000e6;
    HyperCorePerpHandler internal handler;

    function setUp() public virtual override {
        super.setUp();
        handler = new HyperCorePerpHandler(core, vault, adapter, usdc, address(this));
        _fund(handler.RIVAL(), RIVALS, 0);
        _fundPerp(40_000e6); // so that orders fill from the first one on
        targetContract(address(handler));
    }

    /// @dev A book in which most orders fill only partly.
    function _terms() internal pure override returns (IHyperCore.PerpTerms memory terms) {
        terms = _withFriction();
        terms.depthUsd = 200_000;
    }

    function _exclude(bytes4[] memory selectors) internal {
        excludeSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    // ---------------------------------------------------------------- the operator's part, called by the handler

    function tickTo(uint64 oracle, uint64 mark, int64 rate) external {
        _tick(oracle, mark, mark, mark, rate);
    }

    function refuseNext() external {
        core.refuseNext(address(adapter), 1);
    }

    function deleverage(uint64 lots, uint64 price) external {
        core.autoDeleverage(address(adapter), ETH, lots, price);
    }

    // ---------------------------------------------------------------- what is true

    /// @dev Money where it is: at home, on the EVM, in both core accounts, and between them.
    function _moneyThereIs() internal view returns (uint256) {
        int256 equity = _equity(address(adapter));
        return usdc.balanceOf(address(vault)) + usdc.balanceOf(address(adapter)) + _spotWei(address(adapter)) / 100
            + (equity > 0 ? uint256(equity) : 0) + core.inTransitTo(address(adapter));
    }

    /// @dev Money where it came from: put in, given, earned, and losses beyond the equity that others bore.
    function _moneyThatCameIn() internal view returns (uint256) {
        return uint256(int256(WEALTH + handler.gifts() + _insurance()) + _earned(address(adapter)));
    }

    function _assertStandInConserves() internal view {
        address rival = handler.RIVAL();
        int256 owed = _cashOf(address(adapter)) + _cashOf(rival) + int256(core.inTransitTo(address(adapter)))
            + core.marketCash() + int256(uint256(core.feesCollected())) - int256(core.insurancePaid());
        uint256 mintedToPayWins = usdc.totalSupply() - WEALTH - RIVALS - handler.gifts();
        assertEq(owed, int256(usdc.balanceOf(address(wallet))) - int256(mintedToPayWins), "stand-in");
    }

    /// @dev The account pays less than nothing only through its own deficits; the rival's are told apart by its ledger.
    function _insurance() private view returns (uint256) {
        int256 rivalCash = _cashOf(handler.RIVAL()) + _holdingOf(handler.RIVAL());
        int256 rivalOwn = int256(RIVALS) + _earned(handler.RIVAL());
        return core.insurancePaid() - uint256(rivalCash - rivalOwn);
    }

    function _cashOf(address user) private view returns (int256) {
        (, bytes memory result) = address(0x080f).staticcall(abi.encode(uint32(0), user));
        (,,, int64 rawUsd) = abi.decode(result, (int64, uint64, uint64, int64));
        return rawUsd + int256(_spotWei(user) / 100);
    }

    function _holdingOf(address user) private view returns (int256) {
        return int256(_position(user)) * int256(_read(0x0806, abi.encode(ETH)));
    }

    /// @dev Realised and unrealised profit, funding and fees, from the ledger and the position.
    function _earned(address user) private view returns (int256) {
        IHyperCore.AccountLedger memory ledger = core.ledgerOf(user);
        (, bytes memory result) = address(0x0813).staticcall(abi.encode(user, ETH));
        (int64 size, uint64 entry) = abi.decode(result, (int64, uint64));
        int256 cost = size > 0 ? int256(uint256(entry)) : -int256(uint256(entry));
        return ledger.realisedPnl + ledger.fundingReceived - int256(ledger.feesPaid) + _holdingOf(user) - cost;
    }
}

/// @notice Without gifts the adapter is right to the last unit at every moment: nothing is rounded.
contract HyperCorePerpInvariantTest is HyperCorePerpInvariantBase {
    function setUp() public override {
        super.setUp();
        bytes4[] memory none = new bytes4[](2);
        none[0] = HyperCorePerpHandler.setUp.selector;
        none[1] = HyperCorePerpHandler.gift.selector;
        _exclude(none);
    }

    function invariant_every_unit_is_counted_once() public view {
        uint256 wealth = _wealth();
        assertEq(wealth, _moneyThereIs(), "where it is");
        if (_equity(address(adapter)) >= 0) assertEq(wealth, _moneyThatCameIn(), "where it came from");
        _assertStandInConserves();
        assertFalse(handler.fingerprintMoved(), "settling is no change");
    }
}

/// @notice With gifts it may be too low for a while, by no more than was given, and is never too high.
contract HyperCorePerpGiftsInvariantTest is HyperCorePerpInvariantBase {
    function setUp() public override {
        super.setUp();
        bytes4[] memory none = new bytes4[](1);
        none[0] = HyperCorePerpHandler.setUp.selector;
        _exclude(none);
    }

    function invariant_gifts_hide_at_most_themselves() public view {
        uint256 wealth = _wealth();
        uint256 money = _moneyThereIs();
        assertLe(wealth, money, "counted twice");
        assertGe(wealth + handler.gifts(), money, "not counted");
        if (core.queueLength() == 0) assertEq(wealth, money, "nothing is on its way: exact");
        _assertStandInConserves();
        assertFalse(handler.fingerprintMoved(), "settling is no change");
    }
}
