// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAdapter} from "ballast/interfaces/IAdapter.sol";
import {ICoreDepositWallet} from "ballast/interfaces/HyperCoreContracts.sol";
import {HyperCoreReader} from "ballast/libraries/HyperCoreReader.sol";
import {HyperCoreWriter} from "ballast/libraries/HyperCoreWriter.sol";

/// @title USDC between the EVM, the core spot account and the perp margin, counted once wherever it is.
/// @dev Money that leaves one side shows on the other later, and a transfer may be refused without a word. So when one
/// starts, `book` notes what core spot has or, for a deposit, will have; money that is missing from it is in flight.
///   DEPOSIT    spot rises later                         missing until then
///   WITHDRAW   spot falls later, EVM rises still later  missing in between, less what has come to the EVM
///   TO_PERP    spot falls and margin rises together     never missing
///   FROM_PERP  margin falls and spot rises together     never missing
/// This holds in every state and however late core acts, as long as nothing else moves spot. Hence one transfer at a
/// time, the next one when this is seen to be done. Refused and merely late look alike: a transfer that shows no effect
/// for `REFUSED_AFTER` no longer keeps others waiting; what is missing is counted for `IN_FLIGHT_TIMEOUT`.
/// A gift to core spot, or to the EVM during a withdrawal, makes less seem missing, never more: it can hide money in
/// flight up to its own amount until that arrives, not feign any. For the same reason only a deposit may come with
/// asset: anything else would pass for a withdrawal that arrived.
abstract contract HyperCoreTransfers is IAdapter {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    struct Transfer {
        uint8 kind;
        bool open; // neither seen to be done nor too old to be counted
        uint48 startedAt;
        uint64 amount;
        uint128 book;
    }

    ICoreDepositWallet public constant CORE_DEPOSIT_WALLET =
        ICoreDepositWallet(0x6B9E773128f453f5c2C60935Ee2DE2CBc5390A24);

    uint8 public constant DEPOSIT = 1;
    uint8 public constant TO_PERP = 2;
    uint8 public constant FROM_PERP = 3;
    uint8 public constant WITHDRAW = 4;

    /// @notice Money that has not arrived after this long is no longer counted.
    uint256 public constant IN_FLIGHT_TIMEOUT = 1 days;
    /// @notice A transfer that shows no effect after this long was refused. HyperCore takes seconds.
    uint256 public constant REFUSED_AFTER = 30 minutes;
    /// @notice `reduce` leaves smaller sums where they are, so that nobody can send it after dust.
    uint256 public constant LEAST_STEP_USD = 1e6;

    /// @dev Core USDC has 8 decimals, all other USD amounts 6.
    uint256 private constant WEI_PER_USD_UNIT = 100;

    address public immutable vault;
    address public immutable asset;
    uint256 public immutable actionDelaySeconds;

    Transfer public transfer;

    error OnlyVault();
    error ZeroAddress();
    error NotAContract(address account);
    error AssetDecimalsNotSix(uint8 decimals);
    error ActionDelayInvalid(uint256 actionDelaySeconds);
    error AccountNotOnCore();
    error ZeroAmount();
    error TransferOutstanding();
    /// @dev `available` is on the side that the money would leave.
    error CoreBalanceTooLow(uint256 amount, uint256 available);
    error UnexpectedAsset(uint256 surplus);

    event TransferStarted(uint8 kind, uint256 amount, uint256 book);
    event Settled(uint256 sentHome, bool transferOutstanding);

    modifier onlyVault() {
        if (msg.sender != vault) revert OnlyVault();
        _;
    }

    constructor(address vault_, address asset_, uint256 actionDelaySeconds_) {
        if (vault_ == address(0) || asset_ == address(0)) revert ZeroAddress();
        if (asset_.code.length == 0) revert NotAContract(asset_);
        uint8 assetDecimals = IERC20Metadata(asset_).decimals();
        if (assetDecimals != 6) revert AssetDecimalsNotSix(assetDecimals);
        if (actionDelaySeconds_ == 0 || actionDelaySeconds_ >= REFUSED_AFTER) {
            revert ActionDelayInvalid(actionDelaySeconds_);
        }
        vault = vault_;
        asset = asset_;
        actionDelaySeconds = actionDelaySeconds_;
    }

    // ---------------------------------------------------------------- what the agent reads

    /// @notice USDC that has left one side and not reached the other.
    function inFlight() public view returns (uint256) {
        return _inFlight(transfer, coreSpotUsdc(), _evmBalance());
    }

    /// @notice Whether another transfer would be refused after settling.
    function transferOutstanding() public view returns (bool) {
        return _isOutstanding(transfer, coreSpotUsdc(), _evmBalance());
    }

    /// @notice USDC of the core spot account, free or held, with 6 decimals.
    function coreSpotUsdc() public view returns (uint256) {
        return _spotBalance().total / WEI_PER_USD_UNIT;
    }

    // ---------------------------------------------------------------- moving

    function _startTransfer(uint8 kind, uint256 amount) internal {
        if (amount == 0) revert ZeroAmount();
        if (kind == DEPOSIT && !HyperCoreReader.accountExists(address(this))) revert AccountNotOnCore();
        (uint256 spot, uint256 available) = _settledSpot();
        uint256 evm = _evmBalance();
        if (kind == DEPOSIT) available = evm;
        if (kind == FROM_PERP) available = HyperCoreReader.withdrawable(address(this));
        if (amount > available) revert CoreBalanceTooLow(amount, available);
        uint256 wanted = kind == DEPOSIT ? amount : 0;
        if (evm != wanted) revert UnexpectedAsset(evm - wanted);
        _start(kind, amount, spot);
    }

    /// @dev One step of all free cash towards the vault. The larger sum goes first: nobody's gift holds up the rest.
    function _stepHome() internal {
        (uint256 spot, uint256 free) = _settledSpot();
        _requireNoAsset();
        uint256 margin = HyperCoreReader.withdrawable(address(this));
        (uint8 kind, uint256 amount) = margin > free ? (FROM_PERP, margin) : (WITHDRAW, free);
        if (amount >= LEAST_STEP_USD) _start(kind, amount, spot);
    }

    /// @dev Sends EVM USDC home, which the book of a withdrawal then no longer expects, and closes what is over.
    function _settleTransfer(uint256 spot) internal {
        uint256 sentHome = _evmBalance();
        if (!transfer.open && sentHome == 0) return;
        Transfer memory t = transfer;
        bool outstanding = false;
        if (t.open) {
            outstanding = _isOutstanding(t, spot, sentHome);
            t.open = !_isDone(t, spot, sentHome) && block.timestamp < t.startedAt + IN_FLIGHT_TIMEOUT;
            // Before core has taken the money from spot, what is on the EVM can only be a gift.
            if (t.kind == WITHDRAW && spot < t.book) t.book = Math.saturatingSub(t.book, sentHome).toUint128();
            transfer = t;
        }
        if (sentHome != 0) IERC20(asset).safeTransfer(vault, sentHome);
        emit Settled(sentHome, outstanding);
    }

    function _requireNoAsset() internal view {
        uint256 held = _evmBalance();
        if (held != 0) revert UnexpectedAsset(held);
    }

    // ---------------------------------------------------------------- counting

    function _inFlight(Transfer memory t, uint256 spot, uint256 evm) internal view returns (uint256) {
        bool leavesCore = t.kind == WITHDRAW;
        bool timedOut = block.timestamp >= t.startedAt + IN_FLIGHT_TIMEOUT;
        if (!t.open || timedOut || !(leavesCore || t.kind == DEPOSIT)) return 0;
        return Math.min(t.amount, Math.saturatingSub(t.book, leavesCore ? spot + evm : spot));
    }

    /// @dev Perp margin that a class transfer will still bring (+) or take (-). What may come is believed for as long
    /// as core is trusted to take, what may go until it was refused.
    function _pendingMargin(Transfer memory t, uint256 spot, uint256 evm) internal view returns (int256) {
        if (!t.open || _isDone(t, spot, evm)) return 0;
        uint256 age = block.timestamp - t.startedAt;
        int256 amount = int256(uint256(t.amount));
        if (t.kind == TO_PERP && age < actionDelaySeconds) return amount;
        if (t.kind == FROM_PERP && age < REFUSED_AFTER) return -amount;
        return 0;
    }

    function _evmBalance() internal view returns (uint256) {
        return IERC20(asset).balanceOf(address(this));
    }

    // ---------------------------------------------------------------- parts

    function _start(uint8 kind, uint256 amount, uint256 spot) private {
        uint256 book = kind == DEPOSIT ? spot + amount : spot;
        transfer = Transfer({
            kind: kind,
            open: true,
            startedAt: uint48(block.timestamp),
            amount: amount.toUint64(),
            book: book.toUint128()
        });
        emit TransferStarted(kind, amount, book);

        if (kind == DEPOSIT) _deposit(amount);
        else if (kind == WITHDRAW) HyperCoreWriter.sendUsdcToEvm((amount * WEI_PER_USD_UNIT).toUint64());
        else HyperCoreWriter.transferUsdClass(amount.toUint64(), kind == TO_PERP);
    }

    function _deposit(uint256 amount) private {
        IERC20(asset).forceApprove(address(CORE_DEPOSIT_WALLET), amount);
        CORE_DEPOSIT_WALLET.deposit(amount, HyperCoreWriter.SPOT_DEX);
        IERC20(asset).forceApprove(address(CORE_DEPOSIT_WALLET), 0);
    }

    /// @dev Spot USDC, all of it and what may leave, unless a transfer is outstanding. EVM USDC is left out here:
    /// `settle` has just swept what arrived, so what is here now came with a deposit.
    function _settledSpot() private view returns (uint256 spot, uint256 free) {
        HyperCoreReader.SpotBalance memory balance = _spotBalance();
        spot = balance.total / WEI_PER_USD_UNIT;
        free = (balance.total - balance.hold) / WEI_PER_USD_UNIT;
        if (_isOutstanding(transfer, spot, 0)) revert TransferOutstanding();
    }

    function _isOutstanding(Transfer memory t, uint256 spot, uint256 evm) private view returns (bool) {
        if (!t.open || _isDone(t, spot, evm)) return false;
        return block.timestamp < t.startedAt + REFUSED_AFTER || _inFlight(t, spot, evm) != 0;
    }

    /// @dev Whether core has visibly done what it was asked for.
    function _isDone(Transfer memory t, uint256 spot, uint256 evm) private pure returns (bool) {
        if (t.kind == DEPOSIT) return spot >= t.book;
        if (t.kind == TO_PERP) return spot < t.book;
        if (t.kind == FROM_PERP) return spot >= uint256(t.book) + t.amount;
        return spot < t.book && spot + evm >= t.book;
    }

    function _spotBalance() private view returns (HyperCoreReader.SpotBalance memory) {
        return HyperCoreReader.spotBalance(address(this), HyperCoreWriter.USDC_TOKEN);
    }
}
