// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Test} from "forge-std/Test.sol";

import {RedemptionQueue} from "src/RedemptionQueue.sol";
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

    /// @dev `require` and not the assertions of forge: each of those is a call, and this runs after every call.
    function invariant_the_queue_keeps_its_books() public view {
        require(bytes(handler.violation()).length == 0, handler.violation());
        RedemptionQueueHandler.Batch[] memory batches = handler.batches();
        RedemptionQueueHandler.Copy[] memory requests = handler.requests();
        _checkEscrowAndOrder(batches);
        _checkRequests(batches, requests);
        _checkMoney(batches, requests);
    }

    /// @dev Every share that waits is here, and batches are filled one after the other.
    function _checkEscrowAndOrder(RedemptionQueueHandler.Batch[] memory batches) private view {
        uint256 pending;
        uint256 since;
        for (uint256 id = 1; id < batches.length; ++id) {
            require(pending == 0 || batches[id].filled == 0, "a later batch was filled first");
            pending += batches[id].shares - batches[id].filled;
            if (pending != 0 && since == 0) since = batches[id].timestamp;
        }
        require(queue.pendingShares() == pending, "pending shares");
        require(queue.oldestPendingSince() == since, "oldest pending");
        require(vault.balanceOf(address(queue)) == pending + handler.giftedShares(), "escrow");
    }

    /// @dev Pro rata to the share, within its batch; pending, claimable and claimed are all there is.
    function _checkRequests(
        RedemptionQueueHandler.Batch[] memory batches,
        RedemptionQueueHandler.Copy[] memory requests
    ) private view {
        for (uint256 k; k < requests.length; ++k) {
            RedemptionQueueHandler.Copy memory copy = requests[k];
            RedemptionQueueHandler.Batch memory batch = batches[copy.batch];
            uint256 pending = queue.pendingRedeemRequest(copy.batch, copy.controller);
            uint256 claimable = queue.claimableRedeemRequest(copy.batch, copy.controller);
            require(claimable + copy.claimed == Math.mulDiv(copy.shares, batch.filled, batch.shares), "pro rata");
            require(pending + claimable + copy.claimed == copy.shares, "pending, claimable, claimed");
        }
    }

    /// @dev Each actor is owed its exact part of each batch, within two units a request; what is owed is here.
    function _checkMoney(RedemptionQueueHandler.Batch[] memory batches, RedemptionQueueHandler.Copy[] memory requests)
        private
        view
    {
        uint256[4] memory dueE18;
        uint256[4] memory readyE18; // a request too small to have one whole share filled cannot claim its money yet
        for (uint256 k; k < requests.length; ++k) {
            RedemptionQueueHandler.Copy memory copy = requests[k];
            RedemptionQueueHandler.Batch memory batch = batches[copy.batch];
            uint256 partE18 = Math.mulDiv(batch.assetsE18, copy.shares, batch.shares);
            dueE18[copy.actor] += partE18;
            bool waits = copy.claimed == Math.mulDiv(copy.shares, batch.filled, batch.shares);
            if (!waits || copy.claimed == copy.shares) readyE18[copy.actor] += partE18;
        }
        uint256 claimed;
        uint256 claimable;
        for (uint256 i; i < 4; ++i) {
            uint256 mine = queue.maxWithdraw(handler.actor(i));
            uint256 got = handler.claimedAssets(i);
            uint256 slack = 2 * handler.requestCount(i);
            require(handler.paid(i) == got, "paid what was said");
            require((got + mine) * E18 <= dueE18[i] + slack * E18, "more than its part");
            require((got + mine + slack) * E18 >= readyE18[i], "less than its part");
            claimable += mine;
            claimed += got;
        }
        uint256 received = handler.received();
        require(claimed + claimable <= received, "owes more than came in");
        require(token.balanceOf(address(queue)) == received - claimed + handler.giftedAssets(), "cash");
        require(token.allowance(address(queue), address(vault)) == 0, "allowance");
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: prove.invariant.runs = 1280
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants0Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 0;
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: prove.invariant.runs = 1280
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
/// forge-config: prove.invariant.runs = 1280
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants8Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 8;
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: prove.invariant.runs = 1280
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants18Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}

/// forge-config: default.invariant.runs = 30
/// forge-config: prove.invariant.runs = 1280
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract RedemptionQueueInvariants24Test is RedemptionQueueInvariants {
    function _decimals() internal pure override returns (uint8) {
        return 24;
    }
}
