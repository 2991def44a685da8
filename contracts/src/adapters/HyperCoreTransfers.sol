// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICoreDepositWallet} from "ballast/interfaces/HyperCoreContracts.sol";
import {HyperCoreReader} from "ballast/libraries/HyperCoreReader.sol";
import {HyperCoreWriter} from "ballast/libraries/HyperCoreWriter.sol";

/// @title USDC between the EVM, the core spot account and the perp margin, counted once wherever it is.
/// @dev Money that leaves one side shows on the other seconds later, and a transfer may be refused without a word. So
/// when one starts, `book` notes the cash (core spot + EVM) that must be there once it has arrived; what is missing
/// from the book is in flight. This holds in every state (queued, taken from one side, given to the other, refused)
/// as long as nothing else moves cash, hence one transfer at a time:
///   DEPOSIT    EVM falls at once, spot rises later      missing in between
///   WITHDRAW   spot falls later, EVM rises still later  missing in between
///   TO_PERP, FROM_PERP  spot and margin change together: never missing, but they would shift the book of another
/// A gift makes less seem missing, never more: it can hide what is in flight until it arrives, not feign it.
/// For the same reason only a deposit may come with asset: anything else would pass for money that arrived.
abstract contract HyperCoreTransfers {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    struct Transfer {
        uint8 kind;
        bool open;
        uint48 startedAt;
        uint64 amount;
        uint128 book;
    }

    ICoreDepositWallet public constant CORE_DEPOSIT_WALLET = ICoreDepositWallet(0x6B9E773128f453f5c2C60935Ee2DE2CBc5390A24);

    uint8 public constant DEPOSIT = 1;
    uint8 public constant TO_PERP = 2;
    uint8 public constant FROM_PERP = 3;
    uint8 public constant WITHDRAW = 4;

    /// @notice Money that has not arrived after this long is no longer counted.
    uint256 public constant IN_FLIGHT_TIMEOUT = 1 days;

    /// @dev Core USDC has 8 decimals, all other USD amounts 6.
    uint256 private constant WEI_PER_USD_UNIT = 100;

    address public immutable asset;
    uint256 public immutable actionDelaySeconds;

    Transfer public transfer;

    error AssetDecimalsNotSix(uint8 decimals);
    error ActionDelayInvalid(uint256 actionDelaySeconds);
    error ZeroAmount();
    error TransferOutstanding();
    /// @dev `available` is on the side that the money would leave.
    error CoreBalanceTooLow(uint256 amount, uint256 available);
    error UnexpectedAsset(uint256 surplus);

    event TransferStarted(uint8 kind, uint256 amount, uint256 book);
    event Settled(uint256 sentHome, bool transferOutstanding);

    constructor(address asset_, uint256 actionDelaySeconds_) {
        uint8 assetDecimals = IERC20Metadata(asset_).decimals();
        if (assetDecimals != 6) revert AssetDecimalsNotSix(assetDecimals);
        if (actionDelaySeconds_ == 0 || actionDelaySeconds_ >= IN_FLIGHT_TIMEOUT) {
            revert ActionDelayInvalid(actionDelaySeconds_);
        }
        asset = asset_;
        actionDelaySeconds = actionDelaySeconds_;
    }

    /// @notice USDC that has left one side and not reached the other.
    function inFlight() public view returns (uint256) {
        bool leavesCash = transfer.kind == DEPOSIT || transfer.kind == WITHDRAW;
        bool timedOut = block.timestamp >= transfer.startedAt + IN_FLIGHT_TIMEOUT;
        if (!leavesCash || !transfer.open || timedOut) return 0;
        return Math.min(transfer.amount, Math.saturatingSub(transfer.book, _cash()));
    }

    /// @notice Whether another transfer would be refused after settling.
    function transferOutstanding() public view returns (bool) {
        return transfer.open && (_mayStillAct() || inFlight() != 0);
    }

    /// @notice USDC of the core spot account, free or held, with 6 decimals.
    function coreSpotUsdc() public view returns (uint256) {
        return HyperCoreReader.spotBalance(address(this), HyperCoreWriter.USDC_TOKEN).total / WEI_PER_USD_UNIT;
    }

    function _startTransfer(uint8 kind, uint256 amount) internal {
        if (amount == 0) revert ZeroAmount();
        if (transfer.open) revert TransferOutstanding();
        uint256 available = _availableFor(kind);
        if (amount > available) revert CoreBalanceTooLow(amount, available);
        if (kind == DEPOSIT && amount != available) revert UnexpectedAsset(available - amount);
        uint256 book = _cash();
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

    function _requireNoAsset() internal view {
        uint256 held = _evmBalance();
        if (held != 0) revert UnexpectedAsset(held);
    }

    /// @dev Sends EVM USDC home, which the book then no longer expects here, and closes a transfer that is over.
    function _settleTransfer(address home) internal {
        uint256 sentHome = _evmBalance();
        if (sentHome != 0) {
            transfer.book = Math.saturatingSub(transfer.book, sentHome).toUint128();
            IERC20(asset).safeTransfer(home, sentHome);
        }
        bool outstanding = transferOutstanding();
        transfer.open = outstanding;
        emit Settled(sentHome, outstanding);
    }

    /// @dev Perp margin that a class transfer will still bring (+) or take (-): not acted while spot has not moved.
    function _pendingMargin() internal view returns (int256) {
        if (!transfer.open || !_mayStillAct()) return 0;
        int256 amount = int256(uint256(transfer.amount));
        if (transfer.kind == TO_PERP) return _cash() >= transfer.book ? amount : int256(0);
        if (transfer.kind == FROM_PERP) return _cash() < transfer.book + uint256(amount) ? -amount : int256(0);
        return 0;
    }

    /// @dev Core spot and EVM USDC.
    function _cash() internal view returns (uint256) {
        return coreSpotUsdc() + _evmBalance();
    }

    function _mayStillAct() private view returns (bool) {
        return block.timestamp < transfer.startedAt + actionDelaySeconds;
    }

    function _availableFor(uint8 kind) private view returns (uint256) {
        if (kind == DEPOSIT) return _evmBalance();
        if (kind == FROM_PERP) return HyperCoreReader.withdrawable(address(this));
        HyperCoreReader.SpotBalance memory spot = HyperCoreReader.spotBalance(address(this), HyperCoreWriter.USDC_TOKEN);
        return (spot.total - spot.hold) / WEI_PER_USD_UNIT;
    }

    function _deposit(uint256 amount) private {
        IERC20(asset).forceApprove(address(CORE_DEPOSIT_WALLET), amount);
        CORE_DEPOSIT_WALLET.deposit(amount, HyperCoreWriter.SPOT_DEX);
        IERC20(asset).forceApprove(address(CORE_DEPOSIT_WALLET), 0);
    }

    function _evmBalance() private view returns (uint256) {
        return IERC20(asset).balanceOf(address(this));
    }
}
