// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {CoreDepositWallet} from "sim/CoreDepositWallet.sol";
import {CORE_WRITER_ADDRESS, USDC_SYSTEM_ADDRESS_ON_CORE} from "sim/HyperCoreAddresses.sol";
import {HyperCoreOrders} from "sim/HyperCoreOrders.sol";
import {HyperCoreReads} from "sim/HyperCoreReads.sol";

/// @title Writes to the stand-in: queued, delayed, then acted on strictly oldest first.
/// @dev A write that is not due yet holds back those behind it, so nothing overtakes.
abstract contract HyperCoreQueue is HyperCoreOrders, HyperCoreReads {
    using SafeCast for uint256;

    enum Source {
        Action,
        Deposit,
        PayOut
    }

    struct QueuedWrite {
        address user;
        uint48 dueAt;
        Source source;
        bytes4 header; // of an action: version byte and action id
        bytes fields;
    }

    bytes4 private constant LIMIT_ORDER = 0x01000001;
    bytes4 private constant SPOT_SEND = 0x01000006;
    bytes4 private constant USD_CLASS_TRANSFER = 0x01000007;
    bytes4 private constant CANCEL_BY_ORDER_ID = 0x0100000a;
    bytes4 private constant CANCEL_BY_CLIENT_ID = 0x0100000b;
    bytes4 private constant SEND_ASSET = 0x0100000d;
    uint256 private constant PERP_DEX = 0;
    uint256 private constant SPOT_DEX = type(uint32).max;
    uint256 private constant WEI_PER_USD_UNIT = 100;

    error OnlyCoreWriter();
    error OnlyCoreDepositWallet();
    error UnknownDestinationDex(uint32 dex);

    address public usdc;
    address public coreDepositWallet;
    uint64 public orderDelaySeconds;
    uint64 public transferDelaySeconds;
    uint64 private _queueHead;
    uint64 private _queueTail;
    mapping(uint256 number => QueuedWrite) private _queue;
    mapping(address user => uint256) internal _refusalsLeft;

    function process() public {
        uint64 head = _queueHead;
        while (head < _queueTail && _queue[head].dueAt <= block.timestamp) {
            QueuedWrite memory write = _queue[head];
            delete _queue[head];
            _queueHead = ++head;
            _act(write);
        }
    }

    /// @notice Writes that have not acted yet.
    function queueLength() external view returns (uint256) {
        return _queueTail - _queueHead;
    }

    function inTransitTo(address user) external view returns (uint256 amount) {
        for (uint64 number = _queueHead; number < _queueTail; ++number) {
            QueuedWrite memory write = _queue[number];
            // Both begin with the amount.
            if (write.user == user && write.source != Source.Action) amount += abi.decode(write.fields, (uint256));
        }
    }

    function enqueueAction(address user, bytes calldata data) external {
        if (msg.sender != CORE_WRITER_ADDRESS) revert OnlyCoreWriter();
        bytes4 header = data.length < 4 ? bytes4(0) : bytes4(data);
        bool isOrder = header == LIMIT_ORDER || header == CANCEL_BY_ORDER_ID || header == CANCEL_BY_CLIENT_ID;
        uint64 delay = isOrder ? orderDelaySeconds : transferDelaySeconds;
        _enqueue(user, Source.Action, delay, header, data.length < 4 ? data : data[4:]);
    }

    function enqueueDeposit(address user, uint256 amount, uint32 dex) external {
        if (msg.sender != coreDepositWallet) revert OnlyCoreDepositWallet();
        if (dex != PERP_DEX && dex != SPOT_DEX) revert UnknownDestinationDex(dex);
        _enqueue(user, Source.Deposit, transferDelaySeconds, 0, abi.encode(amount, dex));
    }

    function _enqueue(address user, Source source, uint64 delay, bytes4 header, bytes memory fields) private {
        _queue[_queueTail++] = QueuedWrite({
            user: user,
            dueAt: (block.timestamp + delay).toUint48(),
            source: source,
            header: header,
            fields: fields
        });
    }

    function _act(QueuedWrite memory write) private {
        address user = write.user;
        bytes memory fields = write.fields;
        if (write.source == Source.PayOut) {
            CoreDepositWallet(coreDepositWallet).payOut(user, abi.decode(fields, (uint256)));
        } else if (write.source == Source.Deposit) {
            (uint256 amount, uint256 dex) = abi.decode(fields, (uint256, uint256));
            _credit(user, amount, dex);
        } else if (_refusalsLeft[user] != 0) {
            --_refusalsLeft[user];
            _reject(user, "refused at the operator's wish");
        } else if (!_accounts[user].exists) {
            _reject(user, "account does not exist");
        } else if (write.header == LIMIT_ORDER && fields.length == 7 * 32) {
            _actOnOrder(user, fields);
        } else if (write.header == USD_CLASS_TRANSFER && fields.length == 2 * 32) {
            (uint256 amount, uint256 toPerp) = abi.decode(fields, (uint256, uint256));
            _transferClass(user, amount, toPerp != 0);
        } else if (write.header == CANCEL_BY_ORDER_ID && fields.length == 2 * 32) {
            (uint256 perp, uint256 orderId) = abi.decode(fields, (uint256, uint256));
            _cancel(user, uint32(perp), uint64(orderId), 0);
        } else if (write.header == CANCEL_BY_CLIENT_ID && fields.length == 2 * 32) {
            (uint256 perp, uint256 clientId) = abi.decode(fields, (uint256, uint256));
            _cancel(user, uint32(perp), 0, uint128(clientId));
        } else if (write.header == SPOT_SEND && fields.length == 3 * 32) {
            (uint256 to, uint256 token, uint256 amount) = abi.decode(fields, (uint256, uint256, uint256));
            _send(user, to, token, amount);
        } else if (write.header == SEND_ASSET && fields.length == 6 * 32) {
            _actOnSendAsset(user, fields);
        } else {
            _reject(user, "malformed action");
        }
    }

    /// @dev Words are read whole and checked here, because a decoding error must not revert.
    function _actOnOrder(address user, bytes memory fields) private {
        uint256[7] memory words = abi.decode(fields, (uint256[7]));
        bool fits = words[0] <= type(uint32).max && words[1] <= 1 && words[2] <= type(uint64).max
            && words[3] <= type(uint64).max && words[4] <= 1 && words[5] <= type(uint8).max
            && words[6] <= type(uint128).max;
        if (!fits) return _reject(user, "malformed action");
        _placeOrder(
            user,
            Order({
                perp: uint32(words[0]),
                isBuy: words[1] == 1,
                limitPx: uint64(words[2]),
                sz: uint64(words[3]),
                reduceOnly: words[4] == 1,
                timeInForce: uint8(words[5]),
                clientId: uint128(words[6])
            })
        );
    }

    function _actOnSendAsset(address user, bytes memory fields) private {
        (uint256 to, uint256 subAccount, uint256 fromDex, uint256 toDex, uint256 token, uint256 amount) =
            abi.decode(fields, (uint256, uint256, uint256, uint256, uint256, uint256));
        if (subAccount != 0 || fromDex != SPOT_DEX || toDex != SPOT_DEX) return _reject(user, "unsupported route");
        _send(user, to, token, amount);
    }

    /// @dev A deposit creates the account, as on the real chain (which keeps 1 USDC for it; that fee is left out).
    function _credit(address user, uint256 amount, uint256 dex) private {
        Account storage account = _accounts[user];
        account.exists = true;
        if (dex == SPOT_DEX) account.spotWei += (amount * WEI_PER_USD_UNIT).toUint112();
        else account.rawUsd += int128(uint128(amount.toUint112()));
    }

    function _transferClass(address user, uint256 amount, bool toPerp) private {
        Account storage account = _accounts[user];
        if (amount == 0 || amount > type(uint64).max) return _reject(user, "malformed action");
        uint112 amountWei = uint112(amount * WEI_PER_USD_UNIT);
        if (toPerp) {
            if (amountWei > account.spotWei) return _reject(user, "spot balance too low");
            account.spotWei -= amountWei;
            account.rawUsd += int128(uint128(amount));
        } else {
            if (amount > _withdrawable(user)) return _reject(user, "withdrawable too low");
            account.rawUsd -= int128(uint128(amount));
            account.spotWei += amountWei;
        }
    }

    /// @dev To the system address: debited now, paid on the EVM after another delay; in neither balance meanwhile.
    function _send(address user, uint256 to, uint256 token, uint256 amountWei) private {
        Account storage account = _accounts[user];
        if (to > type(uint160).max || token != 0) return _reject(user, "malformed action");
        address receiver = address(uint160(to));
        if (amountWei == 0 || receiver == user) return _reject(user, "nothing to send");
        if (amountWei > account.spotWei) return _reject(user, "spot balance too low");
        bool toEvm = receiver == USDC_SYSTEM_ADDRESS_ON_CORE;
        if (toEvm && amountWei % WEI_PER_USD_UNIT != 0) return _reject(user, "not a whole EVM unit");

        account.spotWei -= uint112(amountWei);
        if (toEvm) {
            _enqueue(user, Source.PayOut, transferDelaySeconds, 0, abi.encode(amountWei / WEI_PER_USD_UNIT));
        } else {
            _accounts[receiver].exists = true;
            _accounts[receiver].spotWei += uint112(amountWei);
        }
    }

    function _setUp(address usdc_, address wallet, uint64 orderDelay, uint64 transferDelay) internal {
        usdc = usdc_;
        coreDepositWallet = wallet;
        orderDelaySeconds = orderDelay;
        transferDelaySeconds = transferDelay;
    }
}
