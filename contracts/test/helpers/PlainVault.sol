// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {TestToken} from "sim/TestToken.sol";

/// @notice What a vault answers when it is asked for a price or a limit.
enum Fault {
    None,
    Reverts,
    BurnsAllGas
}

/// @notice A real ERC-4626 vault of which a test sets idle cash, price, pause and failure.
contract PlainVault is ERC4626, ERC20Permit {
    address private constant VENUE = address(0x7E1E);

    uint8 private immutable _offset;
    uint256 public invested;
    uint256 public mintDiscount; // what a mint costs less than its preview
    bool public paused;
    Fault public fault;

    error Broken();

    constructor(TestToken asset_, uint8 offset_) ERC20("Plain", "PLAIN") ERC4626(asset_) ERC20Permit("Plain") {
        _offset = offset_;
    }

    function invest(uint256 amount) external {
        invested += amount;
        _transferOut(VENUE, amount);
    }

    function free(uint256 amount) external {
        invested -= amount;
        TestToken(asset()).mint(address(this), amount);
    }

    /// @notice A gain or a loss at the venue.
    function setInvested(uint256 amount) external {
        invested = amount;
    }

    function setMintDiscount(uint256 assets) external {
        mintDiscount = assets;
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    function setFault(Fault fault_) external {
        fault = fault_;
    }

    function idle() public view returns (uint256) {
        return ERC20(asset()).balanceOf(address(this));
    }

    function totalAssets() public view override returns (uint256) {
        _fail();
        return idle() + invested;
    }

    function maxDeposit(address) public view override returns (uint256) {
        _fail();
        return paused ? 0 : type(uint256).max;
    }

    function maxMint(address receiver) public view override returns (uint256) {
        return maxDeposit(receiver);
    }

    function maxWithdraw(address holder) public view override returns (uint256) {
        _fail();
        return paused ? 0 : Math.min(convertToAssets(balanceOf(holder)), idle());
    }

    /// @dev The most shares that are worth no more than the idle cash once rounded down: not 0 when it is 0.
    function maxRedeem(address holder) public view override returns (uint256) {
        _fail();
        return paused ? 0 : Math.min(balanceOf(holder), _convertToShares(idle() + 1, Math.Rounding.Ceil) - 1);
    }

    function mint(uint256 shares, address receiver) public override returns (uint256 assets) {
        assets = previewMint(shares) - mintDiscount;
        _deposit(msg.sender, receiver, assets, shares);
    }

    function decimals() public view override(ERC20, ERC4626) returns (uint8) {
        return super.decimals();
    }

    function _decimalsOffset() internal view override returns (uint8) {
        return _offset;
    }

    function _fail() private view {
        if (fault == Fault.Reverts) revert Broken();
        if (fault == Fault.BurnsAllGas) {
            assembly {
                invalid()
            }
        }
    }
}
