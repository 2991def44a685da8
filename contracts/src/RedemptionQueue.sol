// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IERC7540Operator, IERC7540Redeem} from "./interfaces/IERC7540.sol";
import {IERC7575} from "./interfaces/IERC7575.sol";
import {RedemptionLine} from "./RedemptionLine.sol";

/// @title Asynchronous redemption (ERC-7540) in front of an ERC-4626 vault: shares go in at once, cash comes out in
/// the order of the requests, as the vault frees it.
/// @notice Nobody owns this contract and nothing in it can be changed or paused. A request cannot be cancelled. Its
/// price is what the vault pays when the request is filled: until then gains and losses stay the requester's, and
/// anybody may fill.
///
/// @dev Who may do what
/// - Shares are pulled with this contract's allowance, so only their owner or the owner's operator may ask for it. An
///   ERC-20 allowance to the caller, the other way that ERC-7540 names, cannot be spent from here; its holder moves
///   the shares to itself and requests as owner.
/// - Stricter than ERC-7540 in one place: the controller, or its operator, must make the request, unless the
///   controller is the owner. Otherwise strangers could lengthen somebody's list of open requests.
/// - An operator can do with the shares and the claims of whoever appointed it what it likes.
/// @dev What can stop what
/// - A request calls nothing of the vault but `transferFrom` of the share token, a claim calls nothing of it at all.
///   So the state of the vault can delay a fill, but stops no request and no claim.
/// - Asset leaves only by a claim, to the receiver that the controller names: one who cannot receive harms nobody else.
/// - Shares or asset sent here without a request are nobody's and stay.
contract RedemptionQueue is
    RedemptionLine,
    IERC7540Operator,
    IERC7540Redeem,
    IERC7575,
    ERC165,
    ReentrancyGuardTransient
{
    using Math for uint256;
    using SafeERC20 for IERC20;

    IERC4626 public immutable vault;
    IERC20 private immutable _asset;

    /// @inheritdoc IERC7540Operator
    mapping(address controller => mapping(address operator => bool)) public isOperator;

    error NotOperator(address caller, address account);
    error RedemptionIsAsynchronous();
    error TransferInexact(uint256 received, uint256 expected);

    constructor(IERC4626 vault_) {
        vault = vault_;
        _asset = IERC20(vault_.asset());
    }

    // ---------------------------------------------------------------- requests

    /// @inheritdoc IERC7540Redeem
    /// @dev Needs the owner's share allowance for this contract.
    function requestRedeem(uint256 shares, address controller, address owner)
        public
        nonReentrant
        returns (uint256 requestId)
    {
        _requireOperatorOf(owner);
        _requireOperatorOf(controller);
        requestId = _join(controller, shares);
        emit RedeemRequest(controller, owner, requestId, msg.sender, shares);
        IERC20(address(vault)).safeTransferFrom(owner, address(this), shares);
    }

    /// @notice `requestRedeem` with the owner's signature for the allowance.
    /// @dev Anybody can use up a permit before this call, so that its failure means nothing: the transfer decides.
    function requestRedeemWithPermit(
        uint256 shares,
        address controller,
        address owner,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 requestId) {
        try IERC20Permit(address(vault)).permit(owner, address(this), shares, deadline, v, r, s) {} catch {}
        return requestRedeem(shares, controller, owner);
    }

    /// @inheritdoc IERC7540Operator
    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    // ---------------------------------------------------------------- fills

    /// @notice Redeems as many pending shares as the vault has cash for; the oldest requests become claimable.
    /// @return shares how many; 0 when nothing is pending or the vault pays nothing now
    function fill() external nonReentrant returns (uint256 shares) {
        uint256 pending = pendingShares();
        if (pending == 0) return 0;
        shares = pending.min(vault.maxRedeem(address(this)));
        // Only the shares that this cash is worth: else each of many tiny fills would round a part of a unit away.
        if (shares != 0 && shares < pending) shares = shares.min(vault.previewWithdraw(vault.previewRedeem(shares)));
        if (shares == 0) return 0;

        uint256 balanceBefore = _asset.balanceOf(address(this));
        vault.redeem(shares, address(this), address(this));
        _advance(shares, _asset.balanceOf(address(this)) - balanceBefore);
    }

    // ---------------------------------------------------------------- claims

    /// @notice Pays `receiver` for `shares` of the controller's claimable requests, the oldest first.
    /// @return assets at the prices of their fills, rounded down
    function redeem(uint256 shares, address receiver, address controller)
        external
        nonReentrant
        returns (uint256 assets)
    {
        _requireOperatorOf(controller);
        assets = _claimShares(controller, shares);
        _pay(receiver, controller, assets, shares);
    }

    /// @notice Pays `receiver` exactly `assets` from the controller's claimable requests, the oldest first.
    /// @return shares claimed for it, rounded down
    function withdraw(uint256 assets, address receiver, address controller)
        external
        nonReentrant
        returns (uint256 shares)
    {
        _requireOperatorOf(controller);
        shares = _claimAssets(controller, assets);
        _pay(receiver, controller, assets, shares);
    }

    /// @notice `redeem` from one request, whatever else the controller has in the queue.
    function redeemRequest(uint256 requestId, uint256 shares, address receiver, address controller)
        external
        nonReentrant
        returns (uint256 assets)
    {
        _requireOperatorOf(controller);
        assets = _claimRequest(requestId, controller, shares);
        _pay(receiver, controller, assets, shares);
    }

    /// @inheritdoc IERC7540Redeem
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        return _pending(requestId, controller);
    }

    /// @inheritdoc IERC7540Redeem
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares) {
        (shares,) = _claimable(requestId, controller);
    }

    /// @notice Claimable shares, of the oldest `MAX_REQUESTS_PER_CLAIM` requests at most.
    function maxRedeem(address controller) external view returns (uint256 shares) {
        (shares,) = _claimableInOneCall(controller);
    }

    /// @notice Claimable assets, of the oldest `MAX_REQUESTS_PER_CLAIM` requests at most.
    function maxWithdraw(address controller) external view returns (uint256 assets) {
        (, assets) = _claimableInOneCall(controller);
    }

    /// @notice Reverts: the price of a redemption is known when it is filled.
    function previewRedeem(uint256) external pure returns (uint256) {
        revert RedemptionIsAsynchronous();
    }

    /// @notice Reverts: the price of a redemption is known when it is filled.
    function previewWithdraw(uint256) external pure returns (uint256) {
        revert RedemptionIsAsynchronous();
    }

    // ---------------------------------------------------------------- deposits, passed through to the vault

    /// @inheritdoc IERC7575
    function deposit(uint256 assets, address receiver) external nonReentrant returns (uint256 shares) {
        _pullForVault(assets);
        shares = vault.deposit(assets, receiver);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IERC7575
    function mint(uint256 shares, address receiver) external nonReentrant returns (uint256 assets) {
        uint256 quoted = vault.previewMint(shares);
        uint256 balanceBefore = _pullForVault(quoted);
        vault.mint(shares, receiver);
        // ERC-4626 lets a mint cost less than its preview.
        uint256 change = _asset.balanceOf(address(this)) - balanceBefore;
        assets = quoted - change;
        emit Deposit(msg.sender, receiver, assets, shares);
        if (change != 0) {
            _asset.forceApprove(address(vault), 0);
            _asset.safeTransfer(msg.sender, change);
        }
    }

    /// @inheritdoc IERC7575
    function share() external view returns (address) {
        return address(vault);
    }

    /// @inheritdoc IERC7575
    function asset() external view returns (address) {
        return address(_asset);
    }

    /// @inheritdoc IERC7575
    function totalAssets() external view returns (uint256) {
        return vault.totalAssets();
    }

    /// @inheritdoc IERC7575
    function convertToShares(uint256 assets) external view returns (uint256) {
        return vault.convertToShares(assets);
    }

    /// @inheritdoc IERC7575
    function convertToAssets(uint256 shares) external view returns (uint256) {
        return vault.convertToAssets(shares);
    }

    /// @inheritdoc IERC7575
    function maxDeposit(address receiver) external view returns (uint256) {
        return vault.maxDeposit(receiver);
    }

    /// @inheritdoc IERC7575
    function maxMint(address receiver) external view returns (uint256) {
        return vault.maxMint(receiver);
    }

    /// @inheritdoc IERC7575
    function previewDeposit(uint256 assets) external view returns (uint256) {
        return vault.previewDeposit(assets);
    }

    /// @inheritdoc IERC7575
    function previewMint(uint256 shares) external view returns (uint256) {
        return vault.previewMint(shares);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7540Operator).interfaceId || interfaceId == type(IERC7540Redeem).interfaceId
            || interfaceId == type(IERC7575).interfaceId || super.supportsInterface(interfaceId);
    }

    // ---------------------------------------------------------------- money and permission

    /// @dev The only place where asset leaves for a claim. Shares that brought nothing are claimed without a transfer.
    function _pay(address receiver, address controller, uint256 assets, uint256 shares) private {
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
        if (assets != 0) _asset.safeTransfer(receiver, assets);
    }

    /// @dev Exactly `assets` come in and may go on to the vault, so that a deposit never touches what claims are owed.
    function _pullForVault(uint256 assets) private returns (uint256 balanceBefore) {
        balanceBefore = _asset.balanceOf(address(this));
        _asset.safeTransferFrom(msg.sender, address(this), assets);
        uint256 received = _asset.balanceOf(address(this)) - balanceBefore;
        if (received != assets) revert TransferInexact(received, assets);
        _asset.forceApprove(address(vault), assets);
    }

    function _requireOperatorOf(address account) private view {
        if (msg.sender != account && !isOperator[account][msg.sender]) revert NotOperator(msg.sender, account);
    }
}
