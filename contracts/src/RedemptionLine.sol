// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The books of a redemption queue: who stands where in the line, and what each may claim. Holds no token.
/// @dev All shares ever requested stand on one line. Batch `i`, whose number is the request id, is the stretch from
/// the end of batch `i - 1` to its own end. A fill moves one mark along the line and notes how much asset all shares up
/// to there have brought. So a fill costs the same whatever the number of batches, and dust requests block nothing.
/// @dev A batch is what is requested in one block: first in, first out over batches, pro rata within one. A fill that
/// reaches the open batch closes it, because a later share in it would dilute what is already paid.
/// @dev What a request is owed depends on the line only, never on when or in which pieces it is claimed. All rounding
/// is down, so claims never add up to more than what came in.
abstract contract RedemptionLine {
    using Math for uint256;
    using SafeCast for uint256;

    /// @notice Most requests that one claim over a controller's list looks at. A longer list takes several calls.
    uint256 public constant MAX_REQUESTS_PER_CLAIM = 64;

    /// @dev A place on the line: shares from its beginning, and when it was drawn.
    struct Mark {
        uint160 shares;
        uint48 blockNumber;
        uint48 timestamp;
    }

    /// @dev One controller's part of a batch, in a list from the controller's oldest open request to its newest. The
    /// request with id 0 holds nothing and closes the list to a ring.
    struct Request {
        uint128 shares;
        uint128 claimedShares;
        uint160 claimedAssets;
        uint48 previous;
        uint48 next;
    }

    Mark[] private _batches; // where each batch ends; none has the number 0
    Mark[] private _fills; // where each fill ended; the first is the beginning of the line
    mapping(uint256 fill => uint160) private _assetsAtFill; // that all shares up to there have brought
    uint160 private _filledShares; // where the last fill ended
    uint48 private _oldestBatch; // the first that is not filled to its end; may not exist yet
    mapping(address controller => mapping(uint256 requestId => Request)) private _requests;

    /// @notice Shares of the batches from `requestIdFrom` to `requestIdTo`, the last perhaps in part, became claimable.
    event Filled(uint256 indexed requestIdFrom, uint256 indexed requestIdTo, uint256 shares, uint256 assets);

    error ZeroShares();
    error ClaimTooLarge(uint256 requested, uint256 claimable);

    constructor() {
        _batches.push();
        _fills.push();
        _oldestBatch = 1;
    }

    /// @notice Shares requested and not filled yet.
    function pendingShares() public view returns (uint256) {
        return _batches[_batches.length - 1].shares - _filledShares;
    }

    /// @notice When the oldest request that is not entirely filled was made; 0 when there is none.
    function oldestPendingSince() external view returns (uint256) {
        return pendingShares() == 0 ? 0 : _batches[_oldestBatch].timestamp;
    }

    // ---------------------------------------------------------------- the line

    /// @dev Puts shares at the end of the line, and the request at the end of the controller's list.
    function _join(address controller, uint256 shares) internal returns (uint256 requestId) {
        if (shares == 0) revert ZeroShares();
        requestId = _lengthen(shares);
        mapping(uint256 requestId => Request) storage requests = _requests[controller];
        Request storage request = requests[requestId];
        if (request.shares == 0) {
            uint48 last = requests[0].previous;
            request.previous = last;
            requests[last].next = uint48(requestId);
            requests[0].previous = uint48(requestId);
        }
        request.shares = (request.shares + shares).toUint128();
    }

    /// @dev Joins this block's batch while nothing of it is filled, else opens the next one.
    function _lengthen(uint256 shares) private returns (uint256 batch) {
        batch = _batches.length - 1;
        Mark storage last = _batches[batch];
        uint160 end = (last.shares + shares).toUint160();
        if (last.blockNumber == block.number && _filledShares <= _batches[batch - 1].shares) {
            last.shares = end;
            return batch;
        }
        _batches.push(Mark(end, uint48(block.number), uint48(block.timestamp)));
        return batch + 1;
    }

    /// @dev Fills the next `shares`, at least one and at most all that are pending, which brought `assets`.
    function _advance(uint256 shares, uint256 assets) internal {
        uint256 from = _oldestBatch;
        uint160 filled = (_filledShares + shares).toUint160();
        uint256 to = _firstReaching(_batches, from, filled);
        _filledShares = filled;
        _oldestBatch = uint48(_batches[to].shares == filled ? to + 1 : to);

        uint256 last = _fills.length - 1;
        _assetsAtFill[last + 1] = (_assetsAtFill[last] + assets).toUint160();
        _fills.push(Mark(filled, uint48(block.number), uint48(block.timestamp)));
        emit Filled(from, to, shares, assets);
    }

    /// @dev What the first `shares` of the line have brought. Within a fill all shares have one price.
    function _assetsUpTo(uint256 shares) private view returns (uint256) {
        uint256 index = _firstReaching(_fills, 0, shares);
        if (index == 0) return 0;
        uint256 start = _fills[index - 1].shares;
        uint256 assetsAtStart = _assetsAtFill[index - 1];
        uint256 assets = _assetsAtFill[index] - assetsAtStart;
        return assetsAtStart + assets.mulDiv(shares - start, _fills[index].shares - start);
    }

    /// @dev Binary search from `low`; the last mark must reach.
    function _firstReaching(Mark[] storage marks, uint256 low, uint256 shares) private view returns (uint256) {
        uint256 high = marks.length - 1;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (marks[middle].shares < shares) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    // ---------------------------------------------------------------- claims

    /// @dev Part of the request that the line has not reached.
    function _pending(uint256 requestId, address controller) internal view returns (uint256) {
        Request storage request = _requests[controller][requestId];
        (uint256 ready,) = _claimable(requestId, controller);
        return request.shares - request.claimedShares - ready;
    }

    /// @dev The request's part of what is filled of its batch, less what it has claimed.
    function _claimable(uint256 requestId, address controller) internal view returns (uint256 shares, uint256 assets) {
        Request storage request = _requests[controller][requestId];
        uint256 requested = request.shares;
        if (requested == 0) return (0, 0);
        uint256 start = _batches[requestId - 1].shares;
        uint256 length = _batches[requestId].shares - start;
        uint256 filled = length.min(uint256(_filledShares).saturatingSub(start));
        if (filled == 0) return (0, 0);
        shares = requested.mulDiv(filled, length) - request.claimedShares;
        assets = requested.mulDiv(_assetsUpTo(start + filled) - _assetsUpTo(start), length) - request.claimedAssets;
    }

    /// @dev Of the oldest `MAX_REQUESTS_PER_CLAIM` requests. Nothing behind a request that is not ready can be ready.
    function _claimableInOneCall(address controller) internal view returns (uint256 shares, uint256 assets) {
        uint256 requestId = _requests[controller][0].next;
        for (uint256 i; i < MAX_REQUESTS_PER_CLAIM; ++i) {
            (uint256 ready, uint256 payment) = _claimable(requestId, controller);
            if (ready == 0) break;
            shares += ready;
            assets += payment;
            requestId = _requests[controller][requestId].next;
        }
    }

    /// @dev Claims from the oldest requests on. One that is claimed to its end leaves the list.
    function _claimShares(address controller, uint256 shares) internal returns (uint256 assets) {
        uint256 left = shares;
        for (uint256 i; left != 0 && i < MAX_REQUESTS_PER_CLAIM; ++i) {
            uint256 requestId = _requests[controller][0].next;
            (uint256 ready, uint256 payment) = _claimable(requestId, controller);
            if (ready == 0) break;
            uint256 taken = left.min(ready);
            payment = payment.mulDiv(taken, ready);
            _settle(requestId, controller, taken, payment);
            left -= taken;
            assets += payment;
        }
        if (left != 0) revert ClaimTooLarge(shares, shares - left);
    }

    /// @dev As `_claimShares`. The shares round down: that touches nobody else, and keeps a request open until it is
    /// paid out. Requests on the way that brought nothing are closed.
    function _claimAssets(address controller, uint256 assets) internal returns (uint256 shares) {
        uint256 left = assets;
        for (uint256 i; left != 0 && i < MAX_REQUESTS_PER_CLAIM; ++i) {
            uint256 requestId = _requests[controller][0].next;
            (uint256 taken, uint256 payment) = _claimable(requestId, controller);
            if (taken == 0) break;
            if (left < payment) (taken, payment) = (taken.mulDiv(left, payment), left);
            _settle(requestId, controller, taken, payment);
            left -= payment;
            shares += taken;
        }
        if (left != 0) revert ClaimTooLarge(assets, assets - left);
    }

    /// @dev Claims from one request, wherever it stands in the list.
    function _claimRequest(uint256 requestId, address controller, uint256 shares) internal returns (uint256 assets) {
        if (shares == 0) revert ZeroShares();
        (uint256 ready, uint256 payment) = _claimable(requestId, controller);
        if (shares > ready) revert ClaimTooLarge(shares, ready);
        assets = payment.mulDiv(shares, ready);
        _settle(requestId, controller, shares, assets);
    }

    /// @dev The casts are safe: both amounts are parts of numbers that were stored in these types.
    function _settle(uint256 requestId, address controller, uint256 shares, uint256 assets) private {
        mapping(uint256 requestId => Request) storage requests = _requests[controller];
        Request storage request = requests[requestId];
        uint128 claimed = request.claimedShares + uint128(shares);
        if (claimed == request.shares) {
            requests[request.previous].next = request.next;
            requests[request.next].previous = request.previous;
            delete requests[requestId];
        } else {
            request.claimedShares = claimed;
            request.claimedAssets += uint160(assets);
        }
    }
}
