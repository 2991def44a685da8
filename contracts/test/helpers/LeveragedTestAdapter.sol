// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {IAdapter} from "ballast/interfaces/IAdapter.sol";
import {IPriceOracle} from "ballast/interfaces/IPriceOracle.sol";

/// @notice A perp-like position for vault tests: trades at the oracle's price for a fee, and does what the test says.
/// @dev value = cash here + size x price - cost, at least zero.
contract LeveragedTestAdapter is IAdapter {
    uint8 internal constant TRADE = 1;
    uint8 internal constant SEND_HOME = 2;
    uint8 internal constant SET_RISK = 3;
    uint8 internal constant CALL = 4;

    address internal constant FEE_SINK = address(0xFEE);

    IERC20 public immutable asset;
    address public immutable vault;
    address public immutable baseToken;
    IPriceOracle public immutable oracle;

    int256 public exposure;
    int256 public cost;
    uint256 public pendingLoss;
    uint256 public liquidationDistanceBps = type(uint256).max;
    bool public broken;

    uint256 public sendHomeOnSettle;
    bool public forgetOrdersOnSettle;

    constructor(address vault_, IERC20 asset_, address baseToken_, IPriceOracle oracle_) {
        vault = vault_;
        asset = asset_;
        baseToken = baseToken_;
        oracle = oracle_;
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

    function setExposure(int256 exposure_) external {
        exposure = exposure_;
        cost = _notional(exposure_);
    }

    function setRiskNow(uint256 pendingLoss_, uint256 distanceBps) external {
        pendingLoss = pendingLoss_;
        liquidationDistanceBps = distanceBps;
    }

    function setBroken(bool broken_) external {
        broken = broken_;
    }

    function setSettle(uint256 sendHome_, bool forgetOrders_) external {
        sendHomeOnSettle = sendHome_;
        forgetOrdersOnSettle = forgetOrders_;
    }

    // ---- IAdapter

    function settle() external {
        if (sendHomeOnSettle != 0) asset.transfer(vault, sendHomeOnSettle);
        sendHomeOnSettle = 0;
        if (forgetOrdersOnSettle) {
            exposure = 0;
            cost = 0;
            pendingLoss = 0;
        }
    }

    function execute(bytes calldata action, uint256) external returns (uint256 tradedNotional) {
        (uint8 kind, bytes memory fields) = abi.decode(action, (uint8, bytes));
        if (kind == TRADE) {
            (int256 baseDelta, uint256 fee) = abi.decode(fields, (int256, uint256));
            exposure += baseDelta;
            cost += _notional(baseDelta);
            if (fee != 0) asset.transfer(FEE_SINK, fee);
            tradedNotional = SignedMath.abs(_notional(baseDelta));
        } else if (kind == SEND_HOME) {
            asset.transfer(vault, abi.decode(fields, (uint256)));
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
    }

    function value() external view returns (uint256) {
        require(!broken, "venue down");
        int256 equity = int256(asset.balanceOf(address(this))) + _notional(exposure) - cost;
        return equity > 0 ? uint256(equity) : 0;
    }

    function positionHash() external view returns (bytes32) {
        return keccak256(abi.encode(address(this), exposure));
    }

    function _notional(int256 baseAmount) private view returns (int256) {
        int256 absolute = int256(oracle.assetValue(baseToken, SignedMath.abs(baseAmount)));
        return baseAmount < 0 ? -absolute : absolute;
    }
}
