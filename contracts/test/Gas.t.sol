// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCoreWriter} from "src/libraries/HyperCoreWriter.sol";
import {Limits} from "src/Limits.sol";
import {Action, Mode, Plan} from "src/Plan.sol";

import {AttackFixture} from "./helpers/AttackFixture.sol";

interface ISwapRouter {
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    function exactInputSingle(ExactInputSingleParams calldata params) external returns (uint256 amountOut);
}

interface ICoreWriterOfAnybody {
    function sendRawAction(bytes calldata data) external;
}

/// @notice What the calls cost, each as a transaction of its own (`make gas` isolates them), on the carry vault as it is
/// shipped with both legs open; beside them the same trades by an account without a vault.
contract GasTest is AttackFixture {
    uint256 private constant TRADE = 10_000e6;
    int256 private constant LOTS = 40_000; // the same worth
    int256 private constant LIMIT = PRICE * 998 / 1_000;
    address private constant PLAIN = address(0x9A);

    function setUp() public override {
        super.setUp();
        _openCarry();
        _fundWith(ALICE, 3 * TRADE);
        vm.prank(ALICE);
        vault.deposit(TRADE, ALICE);
        _wait(_limits().cooldownSeconds);
    }

    function test_the_agent() public {
        Plan memory plan = _plan(_actions(_buy(TRADE), _order(-LOTS, LIMIT, false)));
        _send(plan);
        _tell("rebalance, both legs grow");
        _wait(_limits().cooldownSeconds);
        plan = _plan(_actions(_sell(_toBase(TRADE)), _order(LOTS, PRICE * 1_002 / 1_000, true)));
        _send(plan);
        _tell("rebalance, both legs shrink");
        _wait(_limits().cooldownSeconds);
        plan = _plan(new Action[](0));
        _send(plan);
        _tell("rebalance, no action");
        vm.prank(AGENT);
        vault.heartbeat();
        _tell("heartbeat");
    }

    function test_the_same_trades_without_a_vault() public {
        ISwapRouter router = ISwapRouter(market.newRouter());
        usdc.mint(PLAIN, 2 * TRADE);
        weth.mint(PLAIN, 1 ether);
        core.createAccount(PLAIN);
        vm.prank(PLAIN);
        usdc.approve(address(router), type(uint256).max);
        ISwapRouter.ExactInputSingleParams memory swap = ISwapRouter.ExactInputSingleParams(
            address(usdc), address(weth), market.POOL_FEE(), PLAIN, TRADE, 0, 0
        );
        vm.prank(PLAIN);
        router.exactInputSingle(swap);
        _tell("plain account: swap");
        uint64 limit = uint64(uint256(LIMIT));
        uint64 size = uint64(uint256(LOTS)) * 1e4;
        bytes memory order = abi.encodePacked(
            uint8(1), uint24(1), abi.encode(ETH, false, limit, size, false, HyperCoreWriter.IMMEDIATE_OR_CANCEL, uint128(0))
        );
        vm.prank(PLAIN);
        ICoreWriterOfAnybody(address(HyperCoreWriter.CORE_WRITER)).sendRawAction(order);
        _tell("plain account: perp order");
    }

    function test_holders() public {
        vm.startPrank(ALICE);
        vault.deposit(TRADE, ALICE);
        _tell("deposit");
        _wait(12);
        vault.mint(1e9, ALICE);
        _tell("mint");
        _wait(12);
        vault.withdraw(TRADE, ALICE, ALICE);
        _tell("withdraw");
        _wait(12);
        vault.redeem(1e9, ALICE, ALICE);
        _tell("redeem");
        vault.transfer(BOB, 1e9);
        _tell("transfer of shares");
        vm.stopPrank();
    }

    function test_the_queue() public {
        vm.startPrank(BOB);
        vault.approve(address(queue), type(uint256).max);
        queue.requestRedeem(1e12, BOB, BOB);
        _tell("queue: request");
        _wait(12);
        queue.fill();
        _tell("queue: fill");
        queue.redeem(1e12, BOB, BOB);
        _tell("queue: claim");
        vm.stopPrank();
    }

    function test_anybody() public {
        vault.checkpoint();
        _tell("checkpoint");
        _later(_limits().maxSilenceSeconds + 1);
        vault.unwind(1_000);
        _tell("unwind, a tenth of both legs");
    }

    function test_guardian() public {
        Limits memory tighter = _limits();
        tighter.maxTradeNotional /= 2;
        vm.startPrank(GUARDIAN);
        policy.tighten(tighter);
        _tell("tighten");
        vault.makeSafer(Mode.ReduceOnly);
        _tell("makeSafer");
        vault.removeAgent();
        _tell("removeAgent");
        vm.stopPrank();
    }

    /// @dev What two positions and a price cost to read: the venues' part of an entry or exit.
    function test_reading_the_venues() public {
        portfolio.healthyValue(_limits().maxOracleAgeSeconds);
        _tell("reading price and positions");
    }

    function _fundWith(address who, uint256 amount) private {
        usdc.mint(who, amount);
        vm.prank(who);
        usdc.approve(address(vault), type(uint256).max);
    }

    /// @dev Of the last call.
    function _tell(string memory call) private {
        vm.snapshotGasLastCall("gas", call);
    }
}
