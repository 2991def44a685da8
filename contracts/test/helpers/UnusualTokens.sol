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

/// @notice Answers false instead of reverting, while it is told to refuse.
contract RefusingToken is TestToken("REFUSE", 6) {
    bool private _refuses;

    function setRefuses(bool refuses) external {
        _refuses = refuses;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return !_refuses && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !_refuses && super.transferFrom(from, to, amount);
    }
}

/// @notice Answers nothing at all, as the oldest tokens do.
contract SilentToken is TestToken("SILENT", 6) {
    function transfer(address to, uint256 amount) public override returns (bool) {
        super.transfer(to, amount);
        assembly {
            return(0, 0)
        }
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        super.transferFrom(from, to, amount);
        assembly {
            return(0, 0)
        }
    }
}
