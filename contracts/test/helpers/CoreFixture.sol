// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Vm} from "forge-std/Vm.sol";

import {Limit} from "src/Envelope.sol";
import {IPriceOracle} from "src/interfaces/IPriceOracle.sol";
import {Cap, Limits} from "src/Limits.sol";
import {Action, Mode} from "src/Plan.sol";
import {Portfolio} from "src/Portfolio.sol";

import {LeveragedTestAdapter} from "./LeveragedTestAdapter.sol";
import {PlanLogs} from "./PlanLogs.sol";
import {VaultFixture} from "./VaultFixture.sol";

/// @notice What tests of plans, limits and roles say often.
abstract contract CoreFixture is VaultFixture {
    uint256 internal constant NONE = type(uint256).max;

    // ---- roles, after the hand-over

    function _tighten(Limits memory tighter) internal {
        vm.prank(GUARDIAN);
        policy.tighten(tighter);
    }

    function _tightenCap(address venueOrToken, uint128 amount, uint32 bps) internal {
        vm.prank(GUARDIAN);
        policy.tightenCap(venueOrToken, Cap(amount, bps));
    }

    function _acceptAfterDelay(address adapter, IPriceOracle priceOracle) internal {
        _asOwner(address(portfolio), abi.encodeCall(Portfolio.acceptAdapter, (adapter, priceOracle)));
    }

    function _retire(address adapter) internal {
        _asOwner(address(portfolio), abi.encodeCall(Portfolio.retireAdapter, (adapter)));
    }

    /// @dev Announces, waits, and expects the call itself to be refused.
    function _expectOwnerRefused(address target, bytes memory data, bytes memory reason) internal {
        vm.prank(OWNER);
        authority.schedule(target, data, 0);
        _later(DELAY);
        vm.prank(OWNER);
        vm.expectRevert(reason);
        authority.execute(target, data);
    }

    function _operation(address caller, address target, bytes memory data) internal view returns (bytes32) {
        return IAccessManager(address(authority)).hashOperation(caller, target, data);
    }

    // ---- state

    function _assertMode(Mode mode) internal view {
        assertEq(uint8(vault.mode()), uint8(mode), "mode");
    }

    function _redeemEverything(address who) internal returns (uint256 assets) {
        uint256 shares = vault.balanceOf(who);
        vm.prank(who);
        assets = vault.redeem(shares, who, who);
    }

    /// @dev The position is there at today's price, as if earlier plans had made it.
    function _hold(LeveragedTestAdapter leg, int256 bps) internal {
        leg.setExposure(bps * ONE_BPS, _price());
    }

    // ---- plans

    /// @dev A growing plan that loses `fee` of what it is given.
    function _lose(uint256 fee) internal view returns (Action memory) {
        return _trade(long, 1, fee, fee);
    }

    /// @dev A plan that only reduces, and loses `fee`.
    function _loseReducing(uint256 fee) internal view returns (Action memory) {
        return _trade(long, 0, fee, fee);
    }

    function _setHealth(LeveragedTestAdapter leg, uint256 healthBps) internal pure returns (Action memory) {
        bytes memory data = abi.encodeCall(LeveragedTestAdapter.setHealth, (healthBps));
        return Action(address(leg), 0, leg.call(address(leg), data));
    }

    function _runAndRecord(Action[] memory actions) internal returns (Vm.Log[] memory) {
        vm.recordLogs();
        _run(actions);
        return vm.getRecordedLogs();
    }

    function _assertTold(Vm.Log[] memory logs, Limit limit, uint256 value, uint256 bound_) internal pure {
        (uint256 toldValue, uint256 toldBound) = PlanLogs.told(logs, limit);
        string memory index = vm.toString(uint256(limit));
        assertEq(toldValue, value, string.concat("value of limit ", index));
        assertEq(toldBound, bound_, string.concat("bound of limit ", index));
    }
}
