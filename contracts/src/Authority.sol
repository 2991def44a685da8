// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IAuthority} from "./interfaces/IAuthority.sol";
import {Policy} from "./Policy.sol";
import {Portfolio} from "./Portfolio.sol";
import {Vault} from "./Vault.sol";

/// @notice Who holds the roles of a vault, and how long the first two wait for what they announced.
struct Governance {
    address owner;
    address curator;
    address guardian;
    uint32 delaySeconds;
}

/// @title Who may do what to one vault and its policy, and after which delay.
/// @notice
/// - owner, after the delay: adapters, oracles, the agent, the queue, back to Active, and who holds a role
/// - curator, after the delay: looser limits, fees
/// - curator and guardian, at once: tighter limits
/// - guardian, at once: a safer mode, no agent, and cancelling what the first two have announced
/// What is delayed is announced with `schedule` and carried out with `execute`, bound to caller, target and data.
/// @dev The deployer sets the vault up as the one admin, then hands over. From then on nobody is admin, so that the
/// table above is final. The guardian may cancel everything but that a role is taken away: his own removal he could
/// else prevent for ever.
contract Authority is AccessManager, IAuthority {
    uint64 public constant OWNER = 1;
    uint64 public constant CURATOR = 2;
    uint64 public constant GUARDIAN = 3;
    /// @notice Held by curator and guardian.
    uint64 public constant TIGHTENER = 4;

    uint32 public constant MIN_DELAY = 1 days;
    uint32 public constant MAX_DELAY = 30 days;

    /// @notice The vault that was handed over; zero until then.
    Vault public vault;

    address private immutable _deployer;

    event HandedOver(address indexed vault, address indexed policy, Governance governance);

    error DelayOutOfBounds(uint32 delaySeconds, uint32 least, uint32 most);
    error RolesNotDistinct(address account);
    error BeforeHandOver();
    error NotUnderThisAuthority(address target);
    error AgentMayHoldNoRole(address agent);

    constructor() AccessManager(msg.sender) {
        _deployer = msg.sender;
    }

    /// @notice Gives every function its role and every role its holder, and leaves nobody admin.
    function handOver(Vault vault_, Governance calldata g) external onlyAuthorized {
        Policy policy = vault_.policy();
        _requireGoverned(address(vault_));
        _requireGoverned(address(policy));
        _requireGoverned(address(vault_.portfolio()));
        _requireDistinct(g);
        vault = vault_;
        _assign(address(vault_), _ofVault(), OWNER);
        _assign(address(vault_.portfolio()), _ofPortfolio(), OWNER);
        _assign(address(vault_), _one(Vault.setFees.selector), CURATOR);
        _assign(address(vault_), _two(Vault.makeSafer.selector, Vault.removeAgent.selector), GUARDIAN);
        _assign(address(policy), _two(Policy.loosen.selector, Policy.loosenCap.selector), CURATOR);
        _assign(address(policy), _two(Policy.tighten.selector, Policy.tightenCap.selector), TIGHTENER);
        // So that the guardian can cancel the appointment of somebody, but not the removal of himself.
        _assign(address(this), _one(this.grantRole.selector), OWNER);
        // Whatever the deployer had made of them: nobody hands over again, nobody cancels a removal.
        _assign(address(this), _two(this.handOver.selector, this.revokeRole.selector), ADMIN_ROLE);

        for (uint64 role = OWNER; role <= TIGHTENER; ++role) {
            _setRoleAdmin(role, OWNER);
        }
        _setRoleGuardian(OWNER, GUARDIAN);
        _setRoleGuardian(CURATOR, GUARDIAN);

        _grantRole(OWNER, g.owner, 0, g.delaySeconds);
        _grantRole(CURATOR, g.curator, 0, g.delaySeconds);
        _grantRole(GUARDIAN, g.guardian, 0, 0);
        _grantRole(TIGHTENER, g.curator, 0, 0);
        _grantRole(TIGHTENER, g.guardian, 0, 0);
        // Not the caller's role: that is this contract when it comes through `execute`.
        _revokeRole(ADMIN_ROLE, _deployer);
        emit HandedOver(address(vault_), address(policy), g);
    }

    /// @inheritdoc IAuthority
    function requireNoRole(address agent) external view {
        for (uint64 role = ADMIN_ROLE; role <= TIGHTENER; ++role) {
            (bool isMember,) = hasRole(role, agent);
            if (isMember) revert AgentMayHoldNoRole(agent);
        }
    }

    /// @dev A shorter delay waits for the old one to be carried out, and then for the difference of the two to begin.
    function _grantRole(uint64 role, address account, uint32 grantDelay, uint32 executionDelay)
        internal
        override
        returns (bool)
    {
        if (role == OWNER || role == CURATOR) {
            if (executionDelay < MIN_DELAY || executionDelay > MAX_DELAY) {
                revert DelayOutOfBounds(executionDelay, MIN_DELAY, MAX_DELAY);
            }
        }
        // The one grant before is that of the constructor, where there is no code yet.
        if (address(vault) == address(0)) {
            if (address(this).code.length != 0) revert BeforeHandOver();
        } else if (account == vault.agent()) {
            revert AgentMayHoldNoRole(account);
        }
        return super._grantRole(role, account, grantDelay, executionDelay);
    }

    /// @dev Roles begin when they are granted. A deployer could else put their beginning off for ever, and with it the
    /// successor of a guardian.
    function _setGrantDelay(uint64, uint32) internal pure override {
        revert BeforeHandOver();
    }

    function _assign(address target, bytes4[] memory selectors, uint64 role) private {
        for (uint256 i; i < selectors.length; ++i) {
            _setTargetFunctionRole(target, selectors[i], role);
        }
    }

    function _ofVault() private pure returns (bytes4[] memory list) {
        list = new bytes4[](3);
        (list[0], list[1], list[2]) = (Vault.activate.selector, Vault.setAgent.selector, Vault.setQueue.selector);
    }

    function _ofPortfolio() private pure returns (bytes4[] memory list) {
        list = new bytes4[](4);
        (list[0], list[1]) = (Portfolio.acceptAdapter.selector, Portfolio.setOracle.selector);
        (list[2], list[3]) = (Portfolio.retireAdapter.selector, Portfolio.abandonAdapter.selector);
    }

    function _one(bytes4 a) private pure returns (bytes4[] memory list) {
        list = new bytes4[](1);
        list[0] = a;
    }

    function _two(bytes4 a, bytes4 b) private pure returns (bytes4[] memory list) {
        list = new bytes4[](2);
        (list[0], list[1]) = (a, b);
    }

    /// @dev A deployer who closed a target or gave it another authority handed over nothing.
    function _requireGoverned(address target) private view {
        if (IAccessManaged(target).authority() != address(this) || isTargetClosed(target)) {
            revert NotUnderThisAuthority(target);
        }
    }

    /// @dev One key with two roles would undo what separates them.
    function _requireDistinct(Governance calldata g) private pure {
        if (g.owner == address(0) || g.owner == g.curator) revert RolesNotDistinct(g.owner);
        if (g.curator == address(0) || g.curator == g.guardian) revert RolesNotDistinct(g.curator);
        if (g.guardian == address(0) || g.guardian == g.owner) revert RolesNotDistinct(g.guardian);
    }
}
