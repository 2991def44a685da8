// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IAdapter, Position} from "src/interfaces/IAdapter.sol";
import {Action, Plan} from "src/Plan.sol";
import {Portfolio} from "src/Portfolio.sol";
import {Policy} from "src/Policy.sol";
import {Vault} from "src/Vault.sol";
import {VaultShares} from "src/VaultShares.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";
import {UniswapMarket} from "../helpers/UniswapMarket.sol";

/// @notice A venue that was accepted and turns hostile: whenever the vault calls it, it calls back, with its own shares.
contract HostileVenue is IAdapter {
    address public immutable vault;
    address public immutable asset;
    address public immutable baseToken;

    address private _target;
    bytes private _data;
    bool public called;
    bool public succeeded;
    bytes public answer;

    constructor(address vault_, address asset_, address baseToken_) {
        (vault, asset, baseToken) = (vault_, asset_, baseToken_);
    }

    function onNextCall(address target, bytes calldata data) external {
        (_target, _data, called) = (target, data, false);
    }

    function settle(uint256 priceE36) external returns (Position memory) {
        _intrude();
        return position(priceE36);
    }

    function execute(bytes calldata, uint256 priceE36, uint256) external returns (uint256, Position memory) {
        _intrude();
        return (0, position(priceE36));
    }

    function reduce(uint256, uint256 priceE36, uint256) external returns (uint256, Position memory) {
        _intrude();
        return (0, position(priceE36));
    }

    function value(uint256) public view returns (uint256) {
        return IERC20(asset).balanceOf(address(this));
    }

    function position(uint256 priceE36) public view returns (Position memory p) {
        p.value = value(priceE36);
        (p.liquidationDistanceBps, p.healthBps) = (type(uint256).max, type(uint256).max);
    }

    /// @dev As itself, outside of any call of the vault.
    function act(address target, bytes calldata data) external {
        (bool ok,) = target.call(data);
        require(ok, "act failed");
    }

    function _intrude() private {
        if (called || _target == address(0)) return;
        called = true;
        (succeeded, answer) = _target.call(_data);
    }
}

/// @notice What the hostile venue tries, at each of the three moments at which the vault calls it.
contract ReentrancyThroughVenueTest is AttackFixture {
    enum Moment {
        Settling,
        Executing,
        Unwinding
    }

    HostileVenue private _venue;
    bytes private _answer; // what the last intrusion was told

    function setUp() public override {
        super.setUp();
        _openCarry();
        _venue = new HostileVenue(address(vault), address(usdc), address(weth));
        _asOwner(address(portfolio), abi.encodeCall(Portfolio.acceptAdapter, (address(_venue), oracle)));
        _asCurator(address(policy), abi.encodeCall(Policy.loosenCap, (address(_venue), _venueCap())));
        _fund(THIEF, 10_000e6);
        uint256 shares = vault.balanceOf(THIEF);
        vm.prank(THIEF);
        vault.transfer(address(_venue), shares);
        _venue.act(address(vault), abi.encodeCall(IERC20.approve, (address(queue), type(uint256).max)));
        _request(BOB, vault.balanceOf(BOB) / 100);
        queue.fill();
        _wait(600);
    }

    /// @dev The vault calls the venue, which calls `target`. Afterwards nobody has lost anything.
    function _intrude(Moment moment, address target, bytes memory data) private returns (bool succeeded) {
        uint256 snapshot = vm.snapshotState();
        uint256 price = _sharePriceE18();
        uint256 supply = vault.totalSupply();
        if (moment == Moment.Unwinding) _wait(_limits().maxSilenceSeconds + 1);
        _venue.onNextCall(target, data);
        if (moment == Moment.Unwinding) vault.unwind(1_000);
        else _run(Action(moment == Moment.Executing ? address(_venue) : address(spot), 0, _sellData()));
        assertTrue(_venue.called());
        succeeded = _venue.succeeded();
        assertLe(vault.totalSupply(), supply, "no share is made");
        assertGe(_sharePriceE18(), price - 0.0015e18, "only what selling cost");
        bytes memory told = _venue.answer();
        vm.revertToState(snapshot);
        _answer = told;
    }

    function _sellData() private pure returns (bytes memory) {
        return abi.encode(SELL, 1e18, 0);
    }

    function _callsOfTheVault() private view returns (bytes[] memory calls) {
        address venue = address(_venue);
        Plan memory plan = _plan(new Action[](0));
        calls = new bytes[](9);
        calls[0] = abi.encodeCall(VaultShares.deposit, (1, venue));
        calls[1] = abi.encodeCall(VaultShares.mint, (1, venue));
        calls[2] = abi.encodeCall(VaultShares.withdraw, (1_000e6, venue, venue));
        calls[3] = abi.encodeCall(VaultShares.redeem, (1e15, venue, venue));
        calls[4] = abi.encodeCall(Vault.rebalance, (plan));
        calls[5] = abi.encodeCall(Vault.unwind, (BPS));
        calls[6] = abi.encodeCall(Vault.checkpoint, ());
        calls[7] = abi.encodeCall(Vault.heartbeat, ());
        calls[8] = abi.encodeWithSignature("previewRedeem(uint256)", 1);
    }

    function test_no_call_of_the_vault_gets_in() public {
        bytes[] memory calls = _callsOfTheVault();
        for (uint256 moment; moment < 3; ++moment) {
            for (uint256 i; i < calls.length; ++i) {
                assertFalse(_intrude(Moment(moment), address(vault), calls[i]), vm.toString(i));
            }
        }
    }

    /// @dev A holder who may leave at any other moment may not leave at this one.
    function test_the_lock_is_what_keeps_a_holder_out() public {
        bytes[] memory calls = _callsOfTheVault();
        for (uint256 i = 2; i < 4; ++i) {
            _venue.act(address(vault), calls[i]);
            assertFalse(_intrude(Moment.Executing, address(vault), calls[i]));
            assertEq(bytes4(_answer), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        }
    }

    /// @dev The other adapters answer the vault only, and a pool's callback only during a swap of theirs.
    function test_no_other_adapter_takes_orders_from_a_venue() public {
        bytes[5] memory calls = [
            abi.encodeCall(IAdapter.settle, (_price())),
            abi.encodeCall(IAdapter.execute, (_sellData(), _price(), 100)),
            abi.encodeCall(IAdapter.reduce, (BPS, _price(), 100)),
            abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", int256(1e6), int256(0), bytes("")),
            abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", int256(0), int256(1e6), bytes(""))
        ];
        for (uint256 i; i < calls.length; ++i) {
            assertFalse(_intrude(Moment.Executing, address(spot), calls[i]));
            assertFalse(_intrude(Moment.Executing, address(perp), calls[i]));
        }
    }

    /// @dev What the queue lets in finds no price: nothing is filled, nothing deposited. A request is only a request.
    function test_the_queue_pays_nobody_half_way_through_a_plan() public {
        address venue = address(_venue);
        _request(ALICE, vault.balanceOf(ALICE) / 100);
        assertTrue(_intrude(Moment.Executing, address(queue), abi.encodeWithSignature("fill()")));
        assertEq(abi.decode(_answer, (uint256)), 0);
        bytes memory deposit_ = abi.encodeWithSignature("deposit(uint256,address)", 1, venue);
        assertFalse(_intrude(Moment.Executing, address(queue), deposit_));
        bytes memory request = abi.encodeWithSignature("requestRedeem(uint256,address,address)", 1e12, venue, venue);
        assertTrue(_intrude(Moment.Executing, address(queue), request));
        bytes memory foreign = abi.encodeWithSignature("redeem(uint256,address,address)", 1, venue, BOB);
        assertFalse(_intrude(Moment.Executing, address(queue), foreign));
    }

    /// @dev It may move the pool between two actions of the plan. What is left of the plan fills within its bounds.
    function test_a_pool_moved_in_the_midst_of_a_plan_is_a_sandwich_like_any_other() public {
        uint256 dear = uint256(PRICE) * 10_300 / 10_000;
        _venue.onNextCall(address(market), abi.encodeCall(UniswapMarket.moveTo, (dear)));
        Plan memory plan = _plan(_actions(Action(address(_venue), 0, ""), _buy(10_000e6)));
        vm.expectRevert();
        _send(plan);
        assertFalse(_venue.called(), "undone with the plan");
    }
}
