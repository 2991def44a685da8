// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Test} from "forge-std/Test.sol";

import {RedemptionQueue} from "ballast/RedemptionQueue.sol";
import {TestToken} from "sim/TestToken.sol";

import {PlainVault} from "../helpers/PlainVault.sol";
import {RedemptionQueueHandler} from "./RedemptionQueueHandler.sol";

/// @notice What holds of the queue after any sequence of requests, fills, claims, deposits, gifts and prices.
/// @dev One campaign for each number of decimals, with few calls, because every call is judged request by request.
abstract contract RedemptionQueueInvariants is Test {
    uint256 private constant E18 = 1e18;

    TestToken private token;
    PlainVault private vault;
    RedemptionQueue private queue;
    RedemptionQueueHandler internal handler;

    bytes4[12] internal selectors = [
        RedemptionQueueHandler.request.selector,
        RedemptionQueueHandler.claimShares.selector,
        RedemptionQueueHandler.claimAssets.selector,
        RedemptionQueueHandler.claimRequest.selector,
        RedemptionQueueHandler.greed.selector,
        RedemptionQueueHandler.deposit.selector,
        RedemptionQueueHandler.gift.selector,
        RedemptionQueueHandler.fill.selector,
        RedemptionQueueHandler.invest.selector,
        RedemptionQueueHandler.movePrice.selector,
        RedemptionQueueHandler.pause.selector,
        RedemptionQueueHandler.nextBlock.selector
    ];

    function _decimals() internal pure virtual returns (uint8);

    function setUp() public {
        token = new TestToken("ASSET", _decimals());
        vault = new PlainVault(token, 6);
        queue = new RedemptionQueue(vault);
        handler = new RedemptionQueueHandler(queue, vault);
        token.approve(address(vault), type(uint256).max);
        for (uint256 i; i < handler.ACTORS(); ++i) {
            uint256 amount = 1_000 * 10 ** _decimals() * (i + 1);
            token.mint(address(this), amount);
            vault.deposit(amount, handler.actor(i));
        }
        vault.invest(vault.idle());
        targetContract(address(handler));
    }

    function invariant_the_queue_keeps_its_books() public view {
        assertEq(handler.violation(), "");
        RedemptionQueueHandler.Batch[] memory batches = handler.batches();
        RedemptionQueueHandler.Copy[] memory requests = handler.requests();
        _checkEscrowAndOrder(batches);
        for (uint256 k; k < requests.length; ++k) {
            _checkRequest(requests[k], batches[requests[k].batch]);
        }
        _checkMoney(batches, requests);
    }

    /// @dev Every share that waits is here, and batches are filled one after the other.
    function _checkEscrowAndOrder(RedemptionQueueHandler.Batch[] memory batches) private view {
        uint256 pending;
        uint256 since;
        for (uint256 id = 1; id < batches.length; ++id) {
            if (pending != 0) assertEq(batches[id].filled, 0, "a later batch was filled first");
            pending += batches[id].shares - batches[id].filled;
            if (pending != 0 && since == 0) since = batches[id].timestamp;
        }
        assertEq(queue.pendingShares(), pending);
        assertEq(queue.oldestPendingSince(), since);
        assertEq(vault.balanceOf(address(queue)), pending + handler.giftedShares(), "escrow");
    }

    /// @dev Pro rata to the share, within its batch; pending, claimable and claimed are all there is.
    function _checkRequest(RedemptionQueueHandler.Copy memory copy, RedemptionQueueHandler.Batch memory batch)
        private
        view
    {
        address controller = handler.actor(copy.actor);
        uint256 pending = queue.pendingRedeemRequest(copy.batch, controller);
        uint256 claimable = queue.claimableRedeemRequest(copy.batch, controller);
        assertEq(claimable + copy.claimed, Math.mulDiv(copy.shares, batch.filled, batch.shares), "pro rata");
        assertEq(pending + claimable + copy.claimed, copy.shares);
    }

    /// @dev Each is owed its exact part of each batch, within two units a request; what is owed is here.
    function _checkMoney(RedemptionQueueHandler.Batch[] memory batches, RedemptionQueueHandler.Copy[] memory requests)
        private
        view
    {
        uint256[4] memory dueE18;
        for (uint256 k; k < requests.length; ++k) {
            RedemptionQueueHandler.Batch memory batch = batches[requests[k].batch];
            uint256 ready = Math.mulDiv(requests[k].shares, batch.filled, batch.shares);
            // A request that is too small a part of a batch to have a whole share filled cannot claim its money yet.
            if (ready == requests[k].claimed && ready != requests[k].shares) continue;
            dueE18[requests[k].actor] += Math.mulDiv(batch.assetsE18, requests[k].shares, batch.shares);
        }
        uint256 claimed;
        uint256 claimable;
        for (uint256 i; i < 4; ++i) {
            uint256 mine = queue.maxWithdraw(handler.actor(i));
            claimable += mine;
            claimed += handler.claimedAssets(i);
            assertEq(handler.paid(i), handler.claimedAssets(i));
            uint256 slack = 2 * handler.requestCount(i);
            assertLe((handler.claimedAssets(i) + mine) * E18, _exactDueE18(i, batches, requests) + slack * E18);
            assertGe((handler.claimedAssets(i) + mine + slack) * E18, dueE18[i]);
        }
        assertLe(claimed + claimable, handler.received(), "paid more than came in");
        assertEq(token.balanceOf(address(queue)), handler.received() - claimed + handler.giftedAssets());
        assertEq(token.allowance(address(queue), address(vault)), 0);
    }

    function _exactDueE18(
        uint256 i,
        RedemptionQueueHandler.Batch[] memory batches,
        RedemptionQueueHandler.Copy[] memory requests
    ) private pure returns (uint256 dueE18) {
        for (uint256 k; k < requests.length; ++k) {
            if (requests[k].actor != i) continue;
            RedemptionQueueHandler.Batch memory batch = batches[requests[k].batch];
            dueE18 += Math.mulDiv(batch.assetsE18, requests[k].shares, batch.shares);
        }
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants0Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 0;
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants6Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 6;
    }

    /// @dev The campaigns mean something only if the handler gets somewhere; this walk is the same every time.
    function test_the_handler_reaches_every_kind_of_outcome() public {
        for (uint256 step; step < 600; ++step) {
            uint256 seed = uint256(keccak256(abi.encode("queue", step)));
            bytes4 selector = selectors[seed % selectors.length];
            uint256 other = uint256(keccak256(abi.encode(seed)));
            (bool done,) = address(handler).call(abi.encodePacked(selector, seed >> 16, other, ~other));
            assertTrue(done);
        }
        invariant_the_queue_keeps_its_books();
        emit log_named_uint("fills", handler.fills());
        emit log_named_uint("of them partial", handler.partialFills());
        emit log_named_uint("joins", handler.joins());
        emit log_named_uint("claims", handler.claims());
        emit log_named_uint("deposits", handler.deposits());
        assertGt(handler.partialFills(), 5);
        assertGt(handler.fills() - handler.partialFills(), 5);
        assertGt(handler.joins(), 5);
        assertGt(handler.claims(), 20);
        assertGt(handler.deposits(), 5);
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants8Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 8;
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants18Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants24Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 24;
    }
}
