// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {TestToken} from "sim/TestToken.sol";

import {PlainVault} from "../helpers/PlainVault.sol";

/// @notice Holders, strangers, vault and clock, as the fuzzer drives them, beside a naive copy of the queue's books:
/// batch by batch, fill by fill, with fractions of a unit.
contract RedemptionQueueHandler is CommonBase, StdUtils {
    uint256 public constant ACTORS = 4;
    uint256 private constant E18 = 1e18;
    uint256 private constant MOST_REQUESTS = 50; // of one actor, so that `max*` see all of them

    RedemptionQueue private immutable queue;
    PlainVault private immutable vault;
    TestToken private immutable token;

    struct Batch {
        uint256 blockNumber;
        uint256 timestamp;
        uint256 shares;
        uint256 filled;
        uint256 assetsE18;
    }

    struct Copy {
        uint256 batch;
        uint256 actor;
        address controller;
        uint256 shares;
        uint256 claimed;
    }

    Batch[] private _batches; // the first is never used: ids begin at 1
    Copy[] private _requests;
    mapping(uint256 actor => mapping(uint256 batch => uint256)) private _indexPlusOne;

    string public violation;
    uint256 public received; // asset that all fills brought
    uint256 public giftedShares;
    uint256 public giftedAssets;
    mapping(uint256 actor => uint256) public claimedAssets;
    mapping(uint256 actor => uint256) public requestCount;

    uint256 public fills;
    uint256 public partialFills;
    uint256 public joins; // of a batch that somebody else opened
    uint256 public claims;
    uint256 public deposits;

    constructor(RedemptionQueue queue_, PlainVault vault_) {
        queue = queue_;
        vault = vault_;
        token = TestToken(vault_.asset());
        _batches.push();
        for (uint256 i; i < ACTORS; ++i) {
            vm.prank(actor(i));
            vault.approve(address(queue), type(uint256).max);
            vm.prank(actor(i));
            token.approve(address(queue), type(uint256).max);
            vm.prank(actor(i));
            queue.setOperator(operator(i), true);
        }
    }

    function actor(uint256 i) public pure returns (address) {
        return address(uint160(0xA1 + i));
    }

    function operator(uint256 i) public pure returns (address) {
        return address(uint160(0xB1 + i));
    }

    // ---------------------------------------------------------------- what people do

    function request(uint256 seed, uint256 shares) external {
        uint256 i = seed % ACTORS;
        uint256 balance = vault.balanceOf(actor(i));
        if (balance == 0 || requestCount[i] >= MOST_REQUESTS) return;
        shares = _bound(shares, 1, _flag(seed) ? Math.min(balance, 1e6) : balance);
        vm.prank(_flag(seed >> 1) ? operator(i) : actor(i));
        _copyRequest(i, queue.requestRedeem(shares, actor(i), actor(i)), shares);
    }

    function claimShares(uint256 seed, uint256 shares) external {
        uint256 i = seed % ACTORS;
        uint256 most = queue.maxRedeem(actor(i));
        shares = _flag(seed) ? most : _bound(shares, 0, most);
        uint256[] memory before = _claimables(i);
        vm.prank(actor(i));
        uint256 assets = queue.redeem(shares, _payee(i), actor(i));
        if (_copyClaims(i, before) != shares) violation = "redeem claimed another number of shares";
        claimedAssets[i] += assets;
        ++claims;
    }

    function claimAssets(uint256 seed, uint256 assets) external {
        uint256 i = seed % ACTORS;
        uint256 most = queue.maxWithdraw(actor(i));
        assets = _flag(seed) ? most : _bound(assets, 0, most);
        uint256[] memory before = _claimables(i);
        vm.prank(operator(i));
        uint256 shares = queue.withdraw(assets, _payee(i), actor(i));
        if (_copyClaims(i, before) != shares) violation = "withdraw claimed another number of shares";
        claimedAssets[i] += assets;
        ++claims;
    }

    function claimRequest(uint256 seed, uint256 shares) external {
        if (_requests.length == 0) return;
        Copy storage copy = _requests[seed % _requests.length];
        uint256 most = queue.claimableRedeemRequest(copy.batch, copy.controller);
        if (most == 0) return;
        shares = _flag(seed) ? most : _bound(shares, 1, most);
        vm.prank(copy.controller);
        claimedAssets[copy.actor] += queue.redeemRequest(copy.batch, shares, _payee(copy.actor), copy.controller);
        copy.claimed += shares;
        ++claims;
    }

    /// @dev None of it may succeed.
    function greed(uint256 seed, uint256 more) external {
        uint256 i = seed % ACTORS;
        more = _bound(more, 1, 1e30);
        bytes[5] memory attempts = [
            abi.encodeCall(queue.redeem, (queue.maxRedeem(actor(i)) + more, actor(i), actor(i))),
            abi.encodeCall(queue.withdraw, (queue.maxWithdraw(actor(i)) + more, actor(i), actor(i))),
            abi.encodeCall(queue.redeem, (0, actor(i), actor((i + 1) % ACTORS))),
            abi.encodeCall(queue.requestRedeem, (1, actor((i + 1) % ACTORS), actor(i))),
            abi.encodeCall(queue.requestRedeem, (1, actor(i), actor((i + 1) % ACTORS)))
        ];
        for (uint256 k; k < 5; ++k) {
            vm.prank(actor(i));
            (bool done,) = address(queue).call(attempts[k]);
            if (done) violation = "took more than its own";
        }
    }

    function deposit(uint256 seed, uint256 amount) external {
        if (vault.paused() || vault.totalAssets() < 1_000) return; // nobody buys into ruins
        uint256 i = seed % ACTORS;
        amount = _bound(amount, 1, 100 * 10 ** token.decimals());
        token.mint(actor(i), amount);
        uint256 before = token.balanceOf(address(queue));
        uint256 shares = vault.previewDeposit(amount);
        vm.prank(actor(i));
        if (_flag(seed)) queue.mint(shares, actor(i));
        else queue.deposit(amount, actor(i));
        if (token.balanceOf(address(queue)) != before) violation = "a deposit touched the claims' cash";
        ++deposits;
    }

    function gift(uint256 seed, uint256 shares, uint256 assets) external {
        uint256 i = seed % ACTORS;
        shares = _bound(shares, 0, vault.balanceOf(actor(i)) / 100);
        vm.prank(actor(i));
        vault.transfer(address(queue), shares);
        giftedShares += shares;
        assets = _bound(assets, 0, 10 ** token.decimals());
        token.mint(address(queue), assets);
        giftedAssets += assets;
    }

    // ---------------------------------------------------------------- what the vault and the clock do

    function fill(uint256 seed, uint256 cash) external {
        vault.free(_bound(cash, 0, _flag(seed) ? vault.invested() : vault.invested() / 100));
        uint256 before = token.balanceOf(address(queue));
        uint256 shares = queue.fill();
        uint256 assets = token.balanceOf(address(queue)) - before;
        if (shares == 0) {
            if (assets != 0) violation = "asset without a fill";
            return;
        }
        received += assets;
        _copyFill(shares, assets);
        ++fills;
        if (queue.pendingShares() != 0) ++partialFills;
    }

    function invest(uint256 amount) external {
        vault.invest(_bound(amount, 0, vault.idle()));
    }

    function movePrice(uint256 seed) external {
        uint256 invested = vault.invested();
        vault.setInvested(_bound(seed, invested / 2, invested * 2 + 1));
    }

    function pause(uint256 seed) external {
        vault.setPaused(seed % 4 == 0);
    }

    function nextBlock(uint256 blocks) external {
        blocks = _bound(blocks, 1, 10);
        vm.roll(vm.getBlockNumber() + blocks);
        vm.warp(vm.getBlockTimestamp() + 12 * blocks);
    }

    // ---------------------------------------------------------------- the copy

    function _copyRequest(uint256 i, uint256 id, uint256 shares) private {
        uint256 last = _batches.length - 1;
        bool open = last != 0 && _batches[last].blockNumber == vm.getBlockNumber() && _batches[last].filled == 0;
        if (id != (open ? last : last + 1)) violation = "a request went to another batch";
        if (!open) _batches.push(Batch(vm.getBlockNumber(), vm.getBlockTimestamp(), 0, 0, 0));
        _batches[id].shares += shares;
        if (_indexPlusOne[i][id] == 0) {
            if (open) ++joins;
            _requests.push(Copy(id, i, actor(i), 0, 0));
            _indexPlusOne[i][id] = _requests.length;
            ++requestCount[i];
        }
        _requests[_indexPlusOne[i][id] - 1].shares += shares;
    }

    function _copyFill(uint256 shares, uint256 assets) private {
        uint256 left = shares;
        for (uint256 id = 1; left != 0; ++id) {
            Batch storage batch = _batches[id];
            uint256 taken = Math.min(left, batch.shares - batch.filled);
            batch.filled += taken;
            batch.assetsE18 += Math.mulDiv(assets * E18, taken, shares);
            left -= taken;
        }
    }

    function _claimables(uint256 i) private view returns (uint256[] memory ready) {
        ready = new uint256[](_requests.length);
        for (uint256 k; k < ready.length; ++k) {
            if (_requests[k].actor == i) ready[k] = queue.claimableRedeemRequest(_requests[k].batch, actor(i));
        }
    }

    function _copyClaims(uint256 i, uint256[] memory before) private returns (uint256 total) {
        uint256[] memory rest = _claimables(i);
        for (uint256 k; k < rest.length; ++k) {
            _requests[k].claimed += before[k] - rest[k];
            total += before[k] - rest[k];
        }
    }

    function _flag(uint256 seed) private pure returns (bool) {
        return seed >> 8 & 1 == 1;
    }

    /// @dev Somewhere outside, so that actors' balances say nothing about claims.
    function _payee(uint256 i) private pure returns (address) {
        return address(uint160(0xC1 + i));
    }

    // ---------------------------------------------------------------- what the copy says

    function requests() external view returns (Copy[] memory) {
        return _requests;
    }

    function batches() external view returns (Batch[] memory) {
        return _batches;
    }

    function paid(uint256 i) external view returns (uint256) {
        return token.balanceOf(_payee(i));
    }
}
