// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePerp} from "src/adapters/HyperCorePerp.sol";
import {HyperCore} from "sim/HyperCore.sol";
import {TestUSDC} from "sim/TestUSDC.sol";
import {ForwardingVault, HyperCorePerpFixture} from "./HyperCorePerpFixture.sol";

/// @notice The part of HyperCore's operator, who made the stand-in.
interface IOperator {
    function tickTo(uint64 oracle, uint64 mark, int64 rate) external;
    function refuseNext() external;
    function deleverage(uint64 lots, uint64 price) external;
}

/// @title Random but sensible calls on an adapter, by its vault, its venue and strangers.
contract HyperCorePerpHandler is HyperCorePerpFixture {
    address public constant RIVAL = address(0xBEEF);
    uint256 public gifts;
    /// @notice Settling has changed the fingerprint. Never.
    bool public fingerprintMoved;
    IOperator internal operator;

    constructor(HyperCore core_, ForwardingVault vault_, HyperCorePerp adapter_, TestUSDC usdc_, address operator_) {
        core = core_;
        vault = vault_;
        adapter = adapter_;
        usdc = usdc_;
        operator = IOperator(operator_);
        oraclePx = ETH_PRICE;
    }

    function setUp() public override {}

    // ---------------------------------------------------------------- the vault

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

    function order(int256 lots, uint256 pastMarkBps) external {
        lots = bound(lots, -100e4, 100e4);
        pastMarkBps = bound(pastMarkBps, 11, 100);
        uint256 limit = _mark() * (lots > 0 ? 10_000 + pastMarkBps : 10_000 - pastMarkBps) / 10_000;
        _trade(int64(lots), uint64(limit / 10 * 1e7), false);
    }

    function reduce(uint256 partBps) external {
        _reduce(bound(partBps, 1, 10_000));
    }

    function settle() external {
        bytes32 fingerprint = _told().fingerprint;
        _settle();
        if (_told().fingerprint != fingerprint) fingerprintMoved = true;
    }

    // ---------------------------------------------------------------- the venue

    function wait(uint256 time) external {
        _advance(bound(time, 1, 12));
    }

    function waitForAll() external {
        _advance(TRANSFER_DELAY);
        _advance(TRANSFER_DELAY);
    }

    /// @dev HyperCore does not act, long after it should have, but not beyond what the adapter trusts it with.
    function stall(uint256 time) external {
        (, bool open, uint48 startedAt,,) = adapter.transfer();
        vm.warp(block.timestamp + bound(time, 1, 29 minutes));
        if (open && block.timestamp >= startedAt + adapter.REFUSED_AFTER()) {
            vm.warp(startedAt + adapter.REFUSED_AFTER() - 1);
            core.process();
            _advance(TRANSFER_DELAY);
        }
    }

    function refuse(uint256 dice) external {
        if (dice % 4 == 0) operator.refuseNext();
    }

    function tick(uint256 moveBps, uint256 basisBps, int64 rate) external {
        uint256 mark = bound(_mark() * bound(moveBps, 9_000, 11_000) / 10_000, 500_00, 9_000_00);
        oraclePx = uint64(mark * bound(basisBps, 9_970, 10_030) / 10_000);
        operator.tickTo(oraclePx, uint64(mark), int64(bound(rate, -0.001e18, 0.001e18)));
    }

    function deleverage(uint256 lots, uint256 priceBps) external {
        int64 size = _position(address(adapter));
        if (size == 0) return;
        uint256 held = uint256(int256(size < 0 ? -size : size));
        uint256 price = _mark() * bound(priceBps, 9_900, 10_100) / 10_000;
        operator.deleverage(uint64(bound(lots, 1, held)), uint64(price));
    }

    // ---------------------------------------------------------------- strangers

    function rivalOrder(int256 lots, uint256 limitBps, bool rests) external {
        lots = bound(lots, -100e4, 100e4);
        uint256 limit = _mark() * bound(limitBps, 9_900, 10_100) / 10_000;
        _order(RIVAL, lots, limit / 10 * 10, false, rests ? GTC : IOC, 0);
    }

    function gift(uint256 amount, bool onCore) external {
        amount = bound(amount, 1, 1_000e6);
        usdc.mint(onCore ? address(this) : address(adapter), amount);
        gifts += amount;
        if (!onCore) return;
        usdc.approve(address(wallet), amount);
        wallet.depositFor(address(adapter), amount, SPOT);
    }

    function _mark() private view returns (uint256) {
        return _read(0x0806, abi.encode(ETH));
    }
}
