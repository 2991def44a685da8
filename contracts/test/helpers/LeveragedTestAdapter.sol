// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAdapter, Position} from "src/interfaces/IAdapter.sol";
import {Price} from "src/libraries/Price.sol";

/// @notice A perp-like position for vault tests: trades at the reference price for a fee, and does what the test says.
/// @dev value = cash here + size x price - cost, at least zero.
contract LeveragedTestAdapter is IAdapter {
    uint8 internal constant TRADE = 1;
    uint8 internal constant SEND_HOME = 2;
    uint8 internal constant SET_RISK = 3;
    uint8 internal constant CALL = 4;

    address internal constant FEE_SINK = address(0xFEE);

    address public immutable vault;
    address public immutable asset;
    address public immutable baseToken;

    int256 public exposure;
    int256 public cost;
    uint256 public pendingLoss;
    uint256 public liquidationDistanceBps = type(uint256).max;
    uint256 public healthBps = type(uint256).max;
    bool public broken;
    bool public burnsGas;

    uint256 public sendHomeOnSettle;
    bool public forgetOrdersOnSettle;
    uint256 public reduceFee;

    /// @notice What the vault asked for last.
    uint256 public lastPriceE36;
    uint256 public lastMaxSlippageBps;

    /// @dev Orders that settling found unfilled; settling must not change the fingerprint.
    int256 private _forgotten;

    constructor(address vault_, address asset_, address baseToken_) {
        vault = vault_;
        asset = asset_;
        baseToken = baseToken_;
    }

    // ---- actions, as a plan encodes them

    function trade(int256 baseDelta, uint256 fee) external pure returns (bytes memory) {
        return abi.encode(TRADE, abi.encode(baseDelta, fee));
    }

    function sendHome(uint256 amount) external pure returns (bytes memory) {
        return abi.encode(SEND_HOME, abi.encode(amount));
    }

    function setRisk(uint256 pendingLoss_, uint256 distanceBps) external pure returns (bytes memory) {
        return abi.encode(SET_RISK, abi.encode(pendingLoss_, distanceBps));
    }

    function call(address target, bytes calldata data) external pure returns (bytes memory) {
        return abi.encode(CALL, abi.encode(target, data));
    }

    // ---- levers of the test

    function setExposure(int256 exposure_, uint256 priceE36) external {
        exposure = exposure_;
        cost = _notional(exposure_, priceE36);
    }

    function setRiskNow(uint256 pendingLoss_, uint256 distanceBps) external {
        pendingLoss = pendingLoss_;
        liquidationDistanceBps = distanceBps;
    }

    function setHealth(uint256 healthBps_) external {
        healthBps = healthBps_;
    }

    function setBroken(bool broken_) external {
        broken = broken_;
    }

    function setBurnsGas(bool burnsGas_) external {
        burnsGas = burnsGas_;
    }

    function setSettle(uint256 sendHome_, bool forgetOrders_) external {
        sendHomeOnSettle = sendHome_;
        forgetOrdersOnSettle = forgetOrders_;
    }

    function setReduceFee(uint256 fee) external {
        reduceFee = fee;
    }

    // ---- IAdapter

    function settle(uint256 priceE36) external returns (Position memory) {
        if (sendHomeOnSettle != 0) IERC20(asset).transfer(vault, sendHomeOnSettle);
        sendHomeOnSettle = 0;
        if (forgetOrdersOnSettle) {
            _forgotten += exposure;
            exposure = 0;
            cost = 0;
            pendingLoss = 0;
        }
        return position(priceE36);
    }

    function execute(bytes calldata action, uint256 priceE36, uint256 maxSlippageBps)
        external
        returns (uint256 tradedNotional, Position memory held)
    {
        (lastPriceE36, lastMaxSlippageBps) = (priceE36, maxSlippageBps);
        (uint8 kind, bytes memory fields) = abi.decode(action, (uint8, bytes));
        if (kind == TRADE) {
            (int256 baseDelta, uint256 fee) = abi.decode(fields, (int256, uint256));
            tradedNotional = _trade(baseDelta, fee, priceE36);
        } else if (kind == SEND_HOME) {
            IERC20(asset).transfer(vault, abi.decode(fields, (uint256)));
        } else if (kind == SET_RISK) {
            (pendingLoss, liquidationDistanceBps) = abi.decode(fields, (uint256, uint256));
        } else {
            (address target, bytes memory data) = abi.decode(fields, (address, bytes));
            (bool ok, bytes memory answer) = target.call(data);
            if (!ok) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
        held = position(priceE36);
    }

    /// @dev Closes the part for the fee that the test set; without a position sends home what is here.
    function reduce(uint256 partBps, uint256 priceE36, uint256 maxSlippageBps)
        external
        returns (uint256 tradedNotional, Position memory held)
    {
        (lastPriceE36, lastMaxSlippageBps) = (priceE36, maxSlippageBps);
        if (exposure != 0) tradedNotional = _trade(-exposure * int256(partBps) / 10_000, reduceFee, priceE36);
        else IERC20(asset).transfer(vault, _value(priceE36));
        held = position(priceE36);
    }

    function position(uint256 priceE36) public view returns (Position memory) {
        require(!broken, "venue down");
        while (burnsGas) {}
        return Position({
            value: _value(priceE36),
            exposure: exposure,
            pendingLoss: pendingLoss,
            liquidationDistanceBps: liquidationDistanceBps,
            healthBps: healthBps,
            fingerprint: keccak256(abi.encode(address(this), exposure + _forgotten))
        });
    }

    function value(uint256 priceE36) external view returns (uint256) {
        return position(priceE36).value;
    }

    function _trade(int256 baseDelta, uint256 fee, uint256 priceE36) private returns (uint256) {
        exposure += baseDelta;
        cost += _notional(baseDelta, priceE36);
        if (fee != 0) IERC20(asset).transfer(FEE_SINK, fee);
        return Price.notional(baseDelta, priceE36);
    }

    function _value(uint256 priceE36) private view returns (uint256) {
        int256 equity = int256(IERC20(asset).balanceOf(address(this))) + _notional(exposure, priceE36) - cost;
        return equity > 0 ? uint256(equity) : 0;
    }

    function _notional(int256 baseAmount, uint256 priceE36) private pure returns (int256) {
        int256 absolute = int256(Price.notional(baseAmount, priceE36));
        return baseAmount < 0 ? -absolute : absolute;
    }
}
