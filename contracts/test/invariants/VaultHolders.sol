// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Figures, Mode} from "src/Plan.sol";

import {VaultJudge, World} from "./VaultJudge.sol";

/// @notice Holders, the queue, and whoever gives or tries to take what is not his.
abstract contract VaultHolders is VaultJudge {
    uint256 public entries;
    uint256 public exits;
    uint256 public roundTrips;
    uint256 public requests;
    uint256 public claims;
    bool internal openingUnknown; // something moved the assets in this block already

    constructor() {
        for (uint256 i; i < holders.length; ++i) {
            vm.startPrank(holders[i]);
            asset.approve(address(vault), type(uint256).max);
            vault.approve(address(queue), type(uint256).max);
            vm.stopPrank();
        }
        vm.prank(collector);
        vault.approve(address(queue), type(uint256).max);
    }

    // ---------------------------------------------------------------- coming and going

    function deposit(uint256 who, uint256 amount) external watched {
        address holder = _holder(who);
        amount = _amount(amount);
        (uint256 assets, uint256 shares) = _price();
        if (_enter(holder, amount, false)) _judgePrice(assets, shares);
    }

    function mint(uint256 who, uint256 amount) external watched {
        address holder = _holder(who);
        (uint256 assets, uint256 shares) = _price();
        if (_enter(holder, _amount(amount), true)) _judgePrice(assets, shares);
    }

    function redeem(uint256 who, uint256 part) external watched {
        address holder = _holder(who);
        _goOut(holder, holder, _part(vault.maxRedeem(holder), part), false);
    }

    function withdraw(uint256 who, uint256 part) external watched {
        address holder = _holder(who);
        _goOut(holder, holder, _part(vault.maxWithdraw(holder), part), true);
    }

    /// @notice For somebody else, with his allowance: it falls by the shares.
    function redeemFor(uint256 who, uint256 part) external watched {
        address holder = _holder(who);
        address other = _holder(who % 4 + 1);
        uint256 shares = _part(vault.maxRedeem(holder), part);
        vm.prank(holder);
        vault.approve(other, shares + 1);
        uint256 had = vault.balanceOf(holder);
        _goOut(other, holder, shares, false);
        if (vault.allowance(holder, other) != 1 + shares - (had - vault.balanceOf(holder))) violation = "allowance";
    }

    function roundTrip(uint256 who, uint256 amount, uint256 way) external watched {
        address holder = _holder(who);
        amount = _amount(amount);
        uint256 had = asset.balanceOf(holder);
        uint256 shares = vault.balanceOf(holder);
        if (!_enter(holder, amount, way % 2 == 0)) return;
        shares = vault.balanceOf(holder) - shares;
        bytes memory back = way % 4 < 2
            ? abi.encodeCall(vault.redeem, (shares, holder, holder))
            : abi.encodeCall(vault.withdraw, (vault.previewRedeem(shares), holder, holder));
        if (_try(holder, address(vault), back)) ++roundTrips;
        if (asset.balanceOf(holder) > had + amount) violation = "a round trip profited";
    }

    function transferShares(uint256 who, uint256 part) external watched {
        (uint256 assets, uint256 shares) = _price();
        address holder = _holder(who);
        uint256 amount = _part(vault.balanceOf(holder), part);
        vm.prank(holder);
        vault.transfer(_holder(part), amount);
        _judgePrice(assets, shares);
    }

    // ---------------------------------------------------------------- the queue

    function requestRedeem(uint256 who, uint256 part) external watched {
        address holder = who % 9 == 0 ? collector : _holder(who);
        uint256 shares = _part(vault.balanceOf(holder), part);
        if (shares == 0) return;
        vm.prank(holder);
        queue.requestRedeem(shares, holder, holder);
        ++requests;
    }

    function fill() external watched {
        uint256 most = vault.maxRedeem(address(queue));
        bool worthIt = most != 0 && vault.previewRedeem(most) != 0;
        openingUnknown = true;
        uint256 waiting = queue.pendingShares();
        if (!_try(address(this), address(queue), abi.encodeCall(queue.fill, ()))) violation = "a fill was refused";
        if (worthIt && queue.pendingShares() == waiting) violation = "the queue was not filled";
    }

    function claim(uint256 who) external watched {
        address holder = who % 5 == 4 ? collector : _holder(who % 5);
        uint256 assets = queue.maxWithdraw(holder);
        if (assets == 0) return;
        vm.prank(holder);
        queue.withdraw(assets, holder, holder);
        ++claims;
    }

    // ---------------------------------------------------------------- gifts and greed

    /// @dev To the vault and to the spot venue they are never counted; elsewhere no faster than any gain.
    function gift(uint256 amount, uint256 to) external watched {
        (uint256 assets,) = _price();
        openingUnknown = true;
        amount = _amount(amount) * (to % 7 == 0 ? 1_000 : 1);
        if (to % 4 == 0) asset.mint(address(vault), amount);
        else if (to % 4 == 1) market.base().mint(address(spot), amount * 1e18 / unit);
        else if (to % 4 == 2) asset.mint(address(short), amount);
        else asset.mint(address(queue), amount);
        (uint256 assetsNow,) = _price();
        if (to % 4 != 2 && assetsNow != assets) violation = "a gift changed the assets";
    }

    /// @notice None of it may succeed, in any state.
    function greed(uint256 who, uint256 more) external watched {
        address holder = _holder(who);
        address victim = _holder(who % 4 + 1);
        more = _bound(more, 1, type(uint128).max);
        vm.prank(victim);
        vault.approve(holder, 0);
        uint256 shares = vault.balanceOf(victim) == 0 ? 1 : vault.balanceOf(victim);
        uint256 tooMany = vault.maxRedeem(holder) + more;
        _mustFail(holder, address(vault), abi.encodeCall(vault.redeem, (tooMany, holder, holder)));
        uint256 tooMuch = vault.maxWithdraw(holder) + more;
        _mustFail(holder, address(vault), abi.encodeCall(vault.withdraw, (tooMuch, holder, holder)));
        _mustFail(holder, address(vault), abi.encodeCall(vault.redeem, (shares, holder, victim)));
        _mustFail(holder, address(vault), abi.encodeCall(vault.transferFrom, (victim, holder, shares)));
        tooMuch = vault.maxDeposit(holder) + more;
        asset.mint(holder, tooMuch);
        _mustFail(holder, address(vault), abi.encodeCall(vault.deposit, (tooMuch, holder)));
    }

    // ---------------------------------------------------------------- parts

    function _holder(uint256 who) internal view returns (address) {
        return holders[who % 4];
    }

    /// @dev A unit of the asset to 40,000 whole ones, small amounts as often as large ones.
    function _amount(uint256 seed) internal view returns (uint256) {
        uint256 most = 40_000 * unit;
        return _bound(seed, 1, seed % 2 == 0 ? most : most / 1_000);
    }

    /// @dev All of it as often as any part.
    function _part(uint256 whole, uint256 seed) internal pure returns (uint256) {
        return seed % 3 == 0 ? whole : whole * (seed % 101) / 100;
    }

    function _enter(address holder, uint256 amount, bool asMint) private returns (bool done) {
        bool healthy = _venuesAnswer() && _priceIsHealthy(policy.limits().maxOracleAgeSeconds);
        bool open = vault.maxDeposit(holder) >= amount;
        uint256 shares = healthy ? vault.previewDeposit(amount) : 1;
        if (asMint && shares == 0) return false; // nothing for nothing is always open
        asset.mint(holder, amount);
        openingUnknown = true;
        done = _try(
            holder,
            address(vault),
            asMint ? abi.encodeCall(vault.mint, (shares, holder)) : abi.encodeCall(vault.deposit, (amount, holder))
        );
        if (done) ++entries;
        if (done && (!healthy || vault.mode() == Mode.Halted)) violation = "a deposit was taken without a fair price";
        if (!done && open) violation = "a deposit inside max was refused";
    }

    function _goOut(address caller, address holder, uint256 amount, bool asWithdraw) private {
        bool open = vault.maxRedeem(holder) != 0;
        (uint256 assets, uint256 shares) = _price();
        openingUnknown = true;
        bool done = _try(
            caller,
            address(vault),
            asWithdraw
                ? abi.encodeCall(vault.withdraw, (amount, caller, holder))
                : abi.encodeCall(vault.redeem, (amount, caller, holder))
        );
        if (done) ++exits;
        if (!done && open) violation = "an exit inside max was refused";
        _judgePrice(assets, shares);
    }

    /// @dev With the shares that fees are owed, so that taking them is no fall. Nothing while a venue does not answer.
    function _price() private view returns (uint256 assets, uint256 shares) {
        if (!_venuesAnswer()) return (0, 0);
        Figures memory f = vault.figures();
        return (f.bounded, f.supply);
    }

    /// @dev (A + 1) / (S + V) never falls when holders come and go.
    function _judgePrice(uint256 assets, uint256 shares) private {
        (uint256 assetsNow, uint256 sharesNow) = _price();
        if ((assetsNow + 1) * (shares + 1e6) < (assets + 1) * (sharesNow + 1e6)) {
            violation = "the share price fell when a holder came or went";
        }
    }
}
