// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePerp} from "ballast/adapters/HyperCorePerp.sol";
import {HyperCore} from "sim/HyperCore.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {TestUSDC} from "sim/TestUSDC.sol";
import {ForwardingVault, HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice Whatever is done in whatever order, no USDC appears or vanishes: not at the stand-in, not in the adapter's eyes.
contract HyperCorePerpInvariantTest is HyperCorePerpFixture {
    uint256 internal constant WEALTH = 100_000e6;
    Handler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new Handler(core, vault, adapter, usdc, address(this));
        _fund(handler.RIVAL(), 50_000e6, 0);
        targetContract(address(handler));
        bytes4[] memory none = new bytes4[](1);
        none[0] = Handler.setUp.selector;
        excludeSelector(FuzzSelector({addr: address(handler), selectors: none}));
    }

    function _terms() internal pure override returns (IHyperCore.PerpTerms memory) {
        return _withFriction();
    }

    /// @dev The operator's part, called by the handler.
    function tickTo(uint64 price, int64 rate) external {
        core.tick(IHyperCore.Tick(ETH, price, price, price, price, rate));
    }

    /// forge-config: default.invariant.runs = 64
    /// forge-config: default.invariant.depth = 60
    function invariant_wealth_is_what_came_in_plus_what_was_earned() public view {
        int256 truth = int256(WEALTH) + _earned(address(adapter)) + int256(_insurance());
        int256 wealth = int256(_wealth());
        assertLe(wealth, truth + int256(handler.gifts()), "counted twice");
        if (adapter.marginSummary().accountValue >= 0) assertGe(wealth, truth, "not counted");
        if (core.queueLength() == 0 && adapter.marginSummary().accountValue >= 0) {
            assertEq(wealth, truth + int256(handler.gifts()), "nothing is on its way: exact");
        }
    }

    /// forge-config: default.invariant.runs = 64
    /// forge-config: default.invariant.depth = 60
    function invariant_stand_in_conserves_usdc() public view {
        if (core.queueLength() != 0) return;
        address rival = handler.RIVAL();
        int256 owed = _cashOf(address(adapter)) + _cashOf(rival) + core.marketCash() + int256(uint256(core.feesCollected()))
            - int256(core.insurancePaid());
        uint256 mintedToPayWins = usdc.totalSupply() - WEALTH - 50_000e6 - handler.gifts();
        assertEq(owed, int256(usdc.balanceOf(address(wallet))) - int256(mintedToPayWins));
    }

    /// @dev The adapter pays less than nothing only through its own deficits; the rival's are told apart by its ledger.
    function _insurance() private view returns (uint256) {
        int256 rivalCash = _cashOf(handler.RIVAL()) + _holdingOf(handler.RIVAL());
        int256 rivalOwn = 50_000e6 + _earned(handler.RIVAL());
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

interface IOperator {
    function tickTo(uint64 price, int64 rate) external;
}

/// @dev Random but sensible calls.
contract Handler is HyperCorePerpFixture {
    address public constant RIVAL = address(0xBEEF);
    uint256 public gifts;
    IOperator internal operator;

    constructor(HyperCore core_, ForwardingVault vault_, HyperCorePerp adapter_, TestUSDC usdc_, address operator_) {
        core = core_;
        vault = vault_;
        adapter = adapter_;
        usdc = usdc_;
        operator = IOperator(operator_);
    }

    function setUp() public override {}

    function deposit(uint256 amount) external {
        uint256 idle = usdc.balanceOf(address(vault));
        if (idle != 0) _deposit(bound(amount, 1, idle));
    }

    function toPerp(uint256 amount) external {
        uint256 spot = adapter.coreSpotUsdc();
        if (spot != 0) _toPerp(bound(amount, 1, spot));
    }

    function fromPerp(uint256 amount) external {
        uint256 free = _read(0x0803, abi.encode(address(adapter)));
        if (free != 0) _fromPerp(bound(amount, 1, free));
    }

    function withdraw(uint256 amount) external {
        uint256 spot = adapter.coreSpotUsdc();
        if (spot != 0) _withdraw(bound(amount, 1, spot));
    }

    function order(int256 lots, uint256 limitBps) external {
        uint256 mark = _read(0x0806, abi.encode(ETH));
        lots = bound(lots, -100e4, 100e4);
        limitBps = bound(limitBps, 9_900, 10_100);
        _trade(int64(lots), uint64(mark * limitBps / 1_000_000 * 1e8), false);
    }

    function rivalOrder(int256 lots, uint256 limitBps, bool rests) external {
        uint256 mark = _read(0x0806, abi.encode(ETH));
        lots = bound(lots, -100e4, 100e4);
        _order(RIVAL, lots, mark * bound(limitBps, 9_900, 10_100) / 1_000_000 * 100, false, rests ? GTC : IOC, 0);
    }

    function gift(uint256 amount, bool onCore) external {
        amount = bound(amount, 1, 1_000e6);
        usdc.mint(onCore ? address(this) : address(adapter), amount);
        gifts += amount;
        if (!onCore) return;
        usdc.approve(address(wallet), amount);
        wallet.depositFor(address(adapter), amount, SPOT);
    }

    function settle() external {
        vault.settle(adapter);
    }

    function wait(uint256 time) external {
        _advance(bound(time, 1, 12));
    }

    function waitForAll() external {
        _advance(TRANSFER_DELAY);
        _advance(TRANSFER_DELAY);
    }

    function tick(uint256 moveBps, int64 rate) external {
        uint256 mark = _read(0x0806, abi.encode(ETH));
        mark = mark * bound(moveBps, 9_500, 10_500) / 10_000;
        rate = int64(bound(rate, -0.001e18, 0.001e18));
        operator.tickTo(uint64(bound(mark, 500_00, 10_000_00)), rate);
    }
}
