// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Mode} from "./Plan.sol";
import {Book, Prices, VaultBook} from "./VaultBook.sol";

/// @title The vault's shares: ERC-4626, with deposits and redemptions on opposite sides of a price.
/// @dev A deposit pays for all there is (`real`), a redemption gets of what is recognised (`bounded`), and each leaves a
/// buffer to those who stay: it covers what moving the money costs, and makes round trips unprofitable. The buffer is in
/// the previews, as ERC-4626 asks of fees, and not in `convertTo*`. Virtual shares cover the first depositor.
///
/// While a price cannot be trusted or a venue does not answer, nothing is priced: `max*` answer 0, also inside the lock.
/// No mode ever stops a redemption from idle cash.
abstract contract VaultShares is VaultBook {
    using Math for uint256;
    using SafeCast for uint256;

    /// @dev What shares are priced with.
    struct Terms {
        uint256 entryAssets;
        uint256 exitAssets;
        uint256 supply; // with the shares that fees are owed
        uint256 bufferBps;
    }

    /// @dev A thousandth of the price at the start; see `_roomIn`.
    uint256 private constant MIN_ENTRY_PRICE_E18 = 1e15;

    error TransferInexact(uint256 received, uint256 expected);

    // ---------------------------------------------------------------- entering and leaving

    function deposit(uint256 assets, address receiver) public override nonReentrant returns (uint256 shares) {
        Book memory b = _openBook(false);
        _requireRoom(b, assets, receiver);
        shares = _sharesForDeposit(assets, _termsOf(b));
        _deposit(_msgSender(), receiver, assets, shares);
    }

    function mint(uint256 shares, address receiver) public override nonReentrant returns (uint256 assets) {
        Book memory b = _openBook(false);
        assets = _assetsForMint(shares, _termsOf(b));
        _requireRoom(b, assets, receiver);
        _deposit(_msgSender(), receiver, assets, shares);
    }

    function withdraw(uint256 assets, address receiver, address holder) public override nonReentrant returns (uint256 shares) {
        Terms memory t = _termsOf(_openBook(true));
        uint256 most = _mostAssets(holder, t);
        if (assets > most) revert ERC4626ExceededMaxWithdraw(holder, assets, most);
        shares = _sharesForWithdrawal(assets, t);
        _withdraw(_msgSender(), receiver, holder, assets, shares);
    }

    function redeem(uint256 shares, address receiver, address holder) public override nonReentrant returns (uint256 assets) {
        Terms memory t = _termsOf(_openBook(true));
        uint256 most = _mostShares(holder, t);
        if (shares > most) revert ERC4626ExceededMaxRedeem(holder, shares, most);
        assets = _assetsForRedemption(shares, t);
        _withdraw(_msgSender(), receiver, holder, assets, shares);
    }

    function _requireRoom(Book memory b, uint256 assets, address receiver) private view {
        uint256 room = _roomIn(b);
        if (assets > room) revert ERC4626ExceededMaxDeposit(receiver, assets, room);
    }

    function _transferIn(address from, uint256 assets) internal override {
        uint256 balanceBefore = _assetBalance();
        super._transferIn(from, assets);
        uint256 received = _assetBalance() - balanceBefore;
        if (received != assets) revert TransferInexact(received, assets);
        idleAssets += assets.toUint128();
        _moveRecord(assets, 0);
    }

    function _transferOut(address to, uint256 assets) internal override {
        idleAssets -= assets.toUint128();
        _moveRecord(0, assets);
        super._transferOut(to, assets);
    }

    // ---------------------------------------------------------------- what it would come to

    /// @notice What shares are worth: idle cash and positions at the last good prices, risen no faster than the policy
    /// allows.
    /// @dev Reverts inside the lock, and with it every conversion and preview: half-way through a plan it is wrong.
    function totalAssets() public view override nonReentrantView returns (uint256) {
        return _viewBook(Prices.LastGood).bounded;
    }

    /// @notice What shares are priced with now, and what may still be deposited; reverts while nothing may be priced.
    function healthyTerms(Prices prices) external view nonReentrantView returns (Terms memory, uint256 room) {
        Book memory b = _viewBook(prices);
        return (_termsOf(b), _roomIn(b));
    }

    /// @notice 0 when the vault is halted, its shares are nearly worthless or a price is not healthy, else what the deposit
    /// cap leaves.
    function maxDeposit(address) public view override returns (uint256) {
        (, uint256 room) = _healthyTerms(Prices.ForEntry);
        return room;
    }

    /// @inheritdoc ERC4626
    function maxMint(address) public view override returns (uint256) {
        (Terms memory t, uint256 room) = _healthyTerms(Prices.ForEntry);
        return room == 0 ? 0 : _sharesForDeposit(room, t);
    }

    /// @notice What the holder gets for all his shares, at most the idle cash; in every mode; 0 while a price is too old.
    function maxWithdraw(address holder) public view override returns (uint256) {
        (Terms memory t,) = _healthyTerms(Prices.ForExit);
        return t.supply == 0 ? 0 : _mostAssets(holder, t);
    }

    /// @notice As `maxWithdraw`, in shares.
    function maxRedeem(address holder) public view override returns (uint256) {
        (Terms memory t,) = _healthyTerms(Prices.ForExit);
        return t.supply == 0 ? 0 : _mostShares(holder, t);
    }

    function previewDeposit(uint256 assets) public view override returns (uint256) {
        return _sharesForDeposit(assets, _terms());
    }

    function previewMint(uint256 shares) public view override returns (uint256) {
        return _assetsForMint(shares, _terms());
    }

    function previewWithdraw(uint256 assets) public view override returns (uint256) {
        return _sharesForWithdrawal(assets, _terms());
    }

    function previewRedeem(uint256 shares) public view override returns (uint256) {
        return _assetsForRedemption(shares, _terms());
    }

    function _convertToShares(uint256 assets, Math.Rounding rounding) internal view override returns (uint256) {
        Terms memory t = _terms();
        return _toShares(assets, t.exitAssets, t.supply, rounding);
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding) internal view override returns (uint256) {
        Terms memory t = _terms();
        return _toAssets(shares, t.exitAssets, t.supply, rounding);
    }

    // ---------------------------------------------------------------- arithmetic

    function _terms() private view nonReentrantView returns (Terms memory) {
        return _termsOf(_viewBook(Prices.LastGood));
    }

    function _termsOf(Book memory b) private pure returns (Terms memory) {
        return Terms(b.real, b.bounded, b.supply, b.limits.flowBufferBps);
    }

    /// @dev Nobody enters a vault that lost nearly all. He would get so many shares that a later loss of his is below what
    /// marks can tell, that a request cannot hold them, and that what comes back after all would be his.
    function _roomIn(Book memory b) private view returns (uint256) {
        if (mode == Mode.Halted || b.sharePriceE18 < MIN_ENTRY_PRICE_E18) return 0;
        return policy.maxTotalAssets().saturatingSub(b.real);
    }

    /// @dev Never reverts, as ERC-4626 asks of `max*`; without healthy prices there is no supply and no room.
    function _healthyTerms(Prices prices) private view returns (Terms memory t, uint256 room) {
        try this.healthyTerms(prices) returns (Terms memory healthy, uint256 left) {
            return (healthy, left);
        } catch {}
    }

    function _mostAssets(address holder, Terms memory t) private view returns (uint256) {
        return Math.min(_assetsForRedemption(balanceOf(holder), t), idleAssets);
    }

    /// @dev The most shares that bring no more than the idle cash, not counting roundings. Not all there are, when all
    /// bring more than the idle cash, but would not if they left a buffer.
    function _mostShares(address holder, Terms memory t) private view returns (uint256) {
        uint256 balance = balanceOf(holder);
        return _assetsForRedemption(balance, t) <= idleAssets ? balance : Math.min(balance - 1, _sharesForIdle(t));
    }

    function _sharesForIdle(Terms memory t) private view returns (uint256) {
        uint256 beforeBuffer = uint256(idleAssets).mulDiv(BPS, BPS - t.bufferBps);
        return _toShares(beforeBuffer, t.exitAssets, t.supply, Math.Rounding.Floor);
    }

    function _sharesForDeposit(uint256 assets, Terms memory t) private pure returns (uint256) {
        return _toShares(assets.mulDiv(BPS - t.bufferBps, BPS), t.entryAssets, t.supply, Math.Rounding.Floor);
    }

    function _assetsForMint(uint256 shares, Terms memory t) private pure returns (uint256) {
        uint256 worth = _toAssets(shares, t.entryAssets, t.supply, Math.Rounding.Ceil);
        return worth.mulDiv(BPS, BPS - t.bufferBps, Math.Rounding.Ceil);
    }

    /// @dev Whoever leaves last leaves no buffer: nobody stays whom it would be for.
    function _assetsForRedemption(uint256 shares, Terms memory t) private pure returns (uint256 worth) {
        worth = _toAssets(shares, t.exitAssets, t.supply, Math.Rounding.Floor);
        if (shares != t.supply) worth = worth.mulDiv(BPS - t.bufferBps, BPS);
    }

    /// @dev All there are, at most, for what all bring: that leaves no buffer.
    function _sharesForWithdrawal(uint256 assets, Terms memory t) private pure returns (uint256 shares) {
        uint256 worth = assets.mulDiv(BPS, BPS - t.bufferBps, Math.Rounding.Ceil);
        shares = _toShares(worth, t.exitAssets, t.supply, Math.Rounding.Ceil);
        if (shares > t.supply && assets <= _assetsForRedemption(t.supply, t)) return t.supply;
    }

    function _toShares(uint256 assets, uint256 total, uint256 supply, Math.Rounding rounding) private pure returns (uint256) {
        return assets.mulDiv(supply + VIRTUAL_SHARES, total + 1, rounding);
    }

    function _toAssets(uint256 shares, uint256 total, uint256 supply, Math.Rounding rounding) private pure returns (uint256) {
        return shares.mulDiv(total + 1, supply + VIRTUAL_SHARES, rounding);
    }
}
