// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {TestToken} from "sim/TestToken.sol";

/// @notice Keeps 1 % of every transfer.
contract FeeOnTransferToken is TestToken("FEE", 6) {
    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, amount);
        super._update(from, address(this), amount / 100);
        super._update(from, to, amount - amount / 100);
    }
}

/// @notice Calls a target while it moves, as an ERC-777 hook would.
contract CallbackToken is TestToken("HOOK", 6) {
    address private _target;
    bytes private _data;
    bytes public answer;
    bool public succeeded;

    function onNextTransfer(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function _update(address from, address to, uint256 amount) internal override {
        address target = _target;
        _target = address(0);
        if (target != address(0)) (succeeded, answer) = target.call(_data);
        super._update(from, to, amount);
    }
}

/// @notice Takes from balances by itself, as a token that rebases downwards does.
contract ShrinkingToken is TestToken("SHRINK", 6) {
    function shrink(address who, uint256 amount) external {
        _burn(who, amount);
    }
}
