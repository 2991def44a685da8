// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title ERC-7540: an account that manages another account's requests.
/// @dev Interface id 0xe3bc4e65. An operator may move both the shares and the claims of whoever appointed it.
interface IERC7540Operator {
    event OperatorSet(address indexed controller, address indexed operator, bool approved);

    function setOperator(address operator, bool approved) external returns (bool);

    function isOperator(address controller, address operator) external view returns (bool);
}

/// @title ERC-7540: asynchronous redemption. A request is pending, then claimable, then claimed.
/// @dev Interface id 0x620ee8e4. A request is known by its id and its controller together.
interface IERC7540Redeem {
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares
    );

    /// @notice Takes `shares` of `owner` and asks for their redemption on behalf of `controller`, who may claim.
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId);

    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);
}
