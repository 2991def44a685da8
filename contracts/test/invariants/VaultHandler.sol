// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {StdUtils} from "forge-std/StdUtils.sol";
import {CommonBase} from "forge-std/Base.sol";

import {UniswapV3Spot} from "ballast/adapters/UniswapV3Spot.sol";
import {Action, Mode, Plan, VaultStatus} from "ballast/Plan.sol";
import {Limits} from "ballast/Policy.sol";
import {Vault} from "ballast/Vault.sol";
import {TestToken} from "sim/TestToken.sol";

import {LeveragedTestAdapter} from "../helpers/LeveragedTestAdapter.sol";
import {SettableFeed} from "../helpers/SettableFeed.sol";
import {UniswapMarket} from "../helpers/UniswapMarket.sol";

/// @notice Holders, agent, thief, market and clock, as the fuzzer drives them.
/// @dev What must hold after one call is judged here, from the outside, and noted in `violation`: the fuzzer ignores
/// reverts, so an assertion in here would go unseen.
contract VaultHandler is CommonBase, StdUtils {
    Vault private immutable vault;
    TestToken private immutable usdc;
    SettableFeed private immutable feed;
    UniswapMarket private immutable market;
    UniswapV3Spot private immutable spot;
    LeveragedTestAdapter private immutable short;
    address private immutable owner;
    address private immutable agent;

    address[3] public holders = [address(0xA1), address(0xA2), address(0xA3)];

    string public violation;
    uint256 public plansExecuted;
    uint256 public plansSkipped;
    uint256 public plansRefused;
    uint256 public reducingExecuted;
    uint256 public deposits;
    uint256 public exits;
    uint256 public latches;

    Plan private _lastPlan;

    /// @dev What an executed plan lost and traded, as parts of net asset value.
    struct Use {
        uint256 at;
        uint256 lostE18;
        uint256 tradedE18;
    }

    Use[] private _uses;
    bool private _flowInBlock; // somebody came or went, so that the block's opening value is unknown here

    /// @dev Counts latches wherever they happen, and sees that only the owner ever loosens the mode.
    modifier watched() {
        Mode before = vault.mode();
        _;
        if (before == Mode.Active && vault.mode() == Mode.ReduceOnly) ++latches;
        if (vault.mode() < before) violation = "the mode was loosened";
    }

    constructor(
        Vault vault_,
        TestToken usdc_,
        SettableFeed feed_,
        UniswapMarket market_,
        UniswapV3Spot spot_,
        LeveragedTestAdapter short_,
        address owner_
    ) {
        vault = vault_;
        usdc = usdc_;
        feed = feed_;
        market = market_;
        spot = spot_;
        short = short_;
        owner = owner_;
        agent = vault_.agent();
    }

    // ---------------------------------------------------------------- holders

    function deposit(uint256 amount, uint256 who) external watched {
        _comeIn(_holder(who), _bound(amount, 1, 4_000e6), false);
    }

    function mint(uint256 amount, uint256 who) external watched {
        _comeIn(_holder(who), _bound(amount, 1, 4_000e6), true);
    }

    function redeem(uint256 part, uint256 who) external watched {
        address holder = _holder(who);
        _goOut(holder, vault.maxRedeem(holder) * _bound(part, 1, 100) / 100, false);
    }

    function withdraw(uint256 part, uint256 who) external watched {
        address holder = _holder(who);
        _goOut(holder, vault.maxWithdraw(holder) * _bound(part, 1, 100) / 100, true);
    }

    function roundTrip(uint256 amount, uint256 who, uint256 ways) external watched {
        address holder = _holder(who);
        amount = _bound(amount, 1, 4_000e6);
        uint256 before = usdc.balanceOf(holder);
        uint256 sharesBefore = vault.balanceOf(holder);
        usdc.mint(holder, amount);
        if (!_enter(holder, amount, ways % 2 == 0)) return;
        uint256 gained = vault.balanceOf(holder) - sharesBefore;
        vm.startPrank(holder);
        if (ways % 4 < 2) {
            try vault.redeem(gained, holder, holder) {} catch {}
        } else {
            try vault.withdraw(vault.previewRedeem(gained), holder, holder) {} catch {}
        }
        vm.stopPrank();
        if (usdc.balanceOf(holder) > before + amount) violation = "a round trip profited";
    }

    function gift(uint256 amount, uint256 to) external {
        uint256 assets = vault.totalAssets();
        amount = _bound(amount, 1, 100_000e6);
        if (to % 2 == 0) usdc.mint(address(vault), amount);
        else market.giveWeth(address(spot), amount * 1e8);
        if (vault.totalAssets() != assets) violation = "a gift changed the assets";
    }

    // ---------------------------------------------------------------- agent, honest and stolen

    /// @notice Buys spot and shorts as much, sometimes more than the limits allow.
    function openHedge(uint256 size, bool nextBlock) external watched {
        if (nextBlock) _pass(61);
        uint256 amount = _bound(size, 1e6, 80_000e6);
        if (amount > vault.idleAssets() / 2) amount = vault.idleAssets() / 2;
        if (amount == 0) return;
        Action[] memory actions = new Action[](2);
        actions[0] = _buy(amount);
        actions[1] = _trade(-int256(amount * 1e20 / uint256(feed.answer())), amount / 2, 0);
        _send(_plan(actions));
    }

    /// @notice Shorts without a hedge, so that prices make profits and losses.
    function openNaked(uint256 size, bool nextBlock) external watched {
        if (nextBlock) _pass(61);
        uint256 amount = _bound(size, 1, vault.idleAssets() / 2 + 1);
        Action[] memory actions = new Action[](1);
        actions[0] = _trade(-int256(amount * 1e20 / uint256(feed.answer())), amount / 2, 0);
        _send(_plan(actions));
    }

    function reduceHedge(uint256 part, bool nextBlock) external watched {
        if (nextBlock) _pass(1);
        part = _bound(part, 1, 100);
        uint256 base = spot.heldBase() * part / 100;
        Action[] memory actions = new Action[](base == 0 ? 1 : 2);
        actions[0] = _trade(-short.exposure() * int256(part) / 100, 0, 0);
        if (base != 0) actions[1] = _sell(base);
        _send(_plan(actions));
    }

    /// @notice Three actions of a thief: any trade, any amount, fees to himself, cash to and fro.
    function stolenKey(uint256 seed, bool nextBlock) external watched {
        if (nextBlock) _pass(61);
        Action[] memory actions = new Action[](3);
        for (uint256 i; i < 3; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 amount = 1 + (seed >> 8) % (vault.idleAssets() / 3 + 1);
            uint256 kind = seed % 5;
            if (kind == 0) actions[i] = _buy(amount);
            else if (kind == 1) actions[i] = _sell((seed >> 8) % (spot.heldBase() + 1) + 1);
            else if (kind == 2) actions[i] = _trade(int256((seed >> 8) % 80e18) - 40e18, amount, amount / 100);
            else if (kind == 3) actions[i] = _trade(0, amount, amount / 20);
            else actions[i] = Action(address(short), 0, short.sendHome((seed >> 8) % 1_000e6));
        }
        _send(_plan(actions));
    }

    function replayLastPlan() external watched {
        if (_lastPlan.number == 0) return;
        vm.prank(agent);
        try vault.rebalance(_lastPlan) {
            violation = "a plan ran twice";
        } catch {}
    }

    // ---------------------------------------------------------------- market, clock, owner

    /// @notice Moves the oracle by up to 8 % and the pool to 0.5 % above or below it.
    function movePrice(uint256 move, bool dear) external watched {
        uint256 price = uint256(feed.answer()) * _bound(move, 9_200, 10_800) / 10_000;
        price = _bound(price, 1_000e8, 6_000e8);
        feed.set(int256(price));
        market.moveTo(dear ? price * 1_005 / 1_000 : price * 995 / 1_000);
    }

    function passTime(uint256 seconds_, bool fresh) external watched {
        vm.warp(block.timestamp + _bound(seconds_, 1, 20 hours));
        vm.roll(block.number + 1);
        if (fresh) feed.set(feed.answer());
    }

    function checkpoint() external watched {
        try vault.checkpoint() {} catch {}
    }

    function ownerResumes() external {
        feed.set(feed.answer());
        vm.prank(owner);
        vault.setMode(Mode.Active);
    }

    // ---------------------------------------------------------------- parts

    function _holder(uint256 who) private view returns (address) {
        return holders[who % 3];
    }

    function _pass(uint256 seconds_) private {
        _flowInBlock = false;
        vm.warp(block.timestamp + seconds_);
        vm.roll(block.number + 1);
        feed.set(feed.answer());
    }

    function _comeIn(address holder, uint256 amount, bool asMint) private {
        usdc.mint(holder, amount);
        (uint256 assets, uint256 supply) = (vault.totalAssets(), vault.totalSupply());
        if (_enter(holder, amount, asMint)) {
            ++deposits;
            _judgePrice(assets, supply);
        }
    }

    function _enter(address holder, uint256 amount, bool asMint) private returns (bool done) {
        _flowInBlock = true;
        vm.startPrank(holder);
        usdc.approve(address(vault), amount);
        if (asMint) {
            try vault.mint(vault.previewDeposit(amount), holder) {
                done = true;
            } catch {}
        } else {
            try vault.deposit(amount, holder) {
                done = true;
            } catch {}
        }
        vm.stopPrank();
    }

    function _goOut(address holder, uint256 amount, bool asWithdraw) private {
        (uint256 assets, uint256 supply) = (vault.totalAssets(), vault.totalSupply());
        bool open = vault.maxRedeem(holder) != 0;
        _flowInBlock = true;
        vm.startPrank(holder);
        if (asWithdraw) {
            try vault.withdraw(amount, holder, holder) {
                ++exits;
            } catch {
                if (open) violation = "an exit inside max was refused";
            }
        } else {
            try vault.redeem(amount, holder, holder) {
                ++exits;
            } catch {
                if (open) violation = "an exit inside max was refused";
            }
        }
        vm.stopPrank();
        _judgePrice(assets, supply);
    }

    /// @dev (A + 1) / (S + V) never falls when holders come and go.
    function _judgePrice(uint256 assets, uint256 supply) private {
        if ((vault.totalAssets() + 1) * (supply + 1e6) < (assets + 1) * (vault.totalSupply() + 1e6)) {
            violation = "the share price fell when a holder came or went";
        }
    }

    function _buy(uint256 amountIn) private view returns (Action memory) {
        return Action(address(spot), amountIn, abi.encode(spot.BUY(), amountIn, uint256(0)));
    }

    function _sell(uint256 amountIn) private view returns (Action memory) {
        return Action(address(spot), 0, abi.encode(spot.SELL(), amountIn, uint256(0)));
    }

    function _trade(int256 baseDelta, uint256 assetIn, uint256 fee) private view returns (Action memory) {
        return Action(address(short), assetIn, short.trade(baseDelta, fee));
    }

    function _plan(Action[] memory actions) private view returns (Plan memory) {
        return Plan({
            chainId: block.chainid,
            vault: address(vault),
            number: vault.planCount() + 1,
            deadline: uint64(block.timestamp),
            stateHash: vault.stateHash(),
            actions: actions
        });
    }

    function _send(Plan memory plan) private {
        VaultStatus memory before = vault.status();
        (int256 spotBefore, int256 shortBefore) = (spot.exposure(), short.exposure());
        vm.prank(agent);
        try vault.rebalance(plan) {
            VaultStatus memory afterwards = vault.status();
            _remember(plan);
            if (afterwards.planCount != before.planCount + 1) violation = "a plan number was not spent";
            if (afterwards.totalSupply != before.totalSupply) violation = "a plan changed the supply";
            if (afterwards.lastPlanAt != block.timestamp || _skipped(before, afterwards, spotBefore, shortBefore)) {
                ++plansSkipped;
                return;
            }
            bool reducing = _noLarger(spotBefore, spot.exposure()) && _noLarger(shortBefore, short.exposure());
            ++plansExecuted;
            if (reducing) ++reducingExecuted;
            _judgeEnvelope(before, afterwards, reducing);
            if (!reducing) _judgePace(before, spotBefore, shortBefore);
            _judgeDay(before, afterwards, spotBefore, shortBefore, reducing);
        } catch {
            ++plansRefused;
            if (vault.planCount() != before.planCount) violation = "a refused plan spent a number";
        }
    }

    /// @dev Two plans in the same second: told apart by what they left unchanged.
    function _skipped(VaultStatus memory before, VaultStatus memory afterwards, int256 spotBefore, int256 shortBefore)
        private
        view
        returns (bool)
    {
        return before.mode == Mode.Active && afterwards.mode == Mode.ReduceOnly && spotBefore == spot.exposure()
            && shortBefore == short.exposure() && before.idleAssets == afterwards.idleAssets;
    }

    function _judgeEnvelope(VaultStatus memory before, VaultStatus memory afterwards, bool reducing) private {
        Limits memory limits = vault.policy().limits();
        uint256 nav = before.totalAssets;
        uint256 gross = limits.maxGrossLeverageBps * nav / 10_000;
        if (afterwards.grossExposure > gross && !(reducing && afterwards.grossExposure <= before.grossExposure)) {
            violation = "gross leverage";
        }
        uint256 net = SignedMath.abs(afterwards.netDelta);
        if (net > limits.maxNetDeltaBps * nav / 10_000 && !(reducing && net <= SignedMath.abs(before.netDelta))) {
            violation = "net delta";
        }
        if (afterwards.totalAssets + limits.maxLossPerPlanBps * nav / 10_000 < nav) violation = "loss per plan";
        if (before.mode != Mode.Active && !reducing) violation = "growth outside Active";
    }

    function _judgePace(VaultStatus memory before, int256 spotBefore, int256 shortBefore) private {
        Limits memory limits = vault.policy().limits();
        if (block.timestamp < before.lastPlanAt + limits.cooldownSeconds) violation = "cooldown";
        uint256 moved = SignedMath.abs(spot.exposure() - spotBefore) + SignedMath.abs(short.exposure() - shortBefore);
        if (vault.oracle().assetValue(spot.baseToken(), moved) > uint256(limits.maxTradeNotional) + 3) {
            violation = "trade notional";
        }
    }

    /// @dev A bucket of size B that drains B a day takes at most 2 B in 24 hours.
    function _judgeDay(
        VaultStatus memory before,
        VaultStatus memory afterwards,
        int256 spotBefore,
        int256 shortBefore,
        bool reducing
    ) private {
        Limits memory limits = vault.policy().limits();
        uint256 nav = before.totalAssets;
        uint256 lost = afterwards.totalAssets < nav ? nav - afterwards.totalAssets : 0;
        uint256 moved = SignedMath.abs(spot.exposure() - spotBefore) + SignedMath.abs(short.exposure() - shortBefore);
        uint256 traded = reducing ? 0 : vault.oracle().assetValue(spot.baseToken(), moved);
        _uses.push(Use(block.timestamp, nav == 0 ? 0 : lost * 1e18 / nav, nav == 0 ? 0 : traded * 1e18 / nav));

        uint256 lostE18;
        uint256 tradedE18;
        for (uint256 i = _uses.length; i > 0 && _uses[i - 1].at + 1 days >= block.timestamp; --i) {
            lostE18 += _uses[i - 1].lostE18;
            tradedE18 += _uses[i - 1].tradedE18;
        }
        uint256 perDay = uint256(limits.lossBudgetBps) + limits.emergencyLossBudgetBps;
        if (lostE18 > 2 * perDay * 1e14) violation = "loss budgets";
        // Notional is rounded in each adapter, so that a part in 10^9 may be missing there.
        if (tradedE18 > 2 * uint256(limits.maxTurnoverBps) * 1e14 + 1e9) violation = "turnover";

        bool drained =
            afterwards.idleAssets < before.idleAssets && afterwards.idleAssets * 10_000 < limits.minIdleBps * nav;
        if (drained && !reducing && !_flowInBlock) violation = "idle cash";
    }

    function _remember(Plan memory plan) private {
        _lastPlan.chainId = plan.chainId;
        _lastPlan.vault = plan.vault;
        _lastPlan.number = plan.number;
        _lastPlan.deadline = type(uint64).max;
        _lastPlan.stateHash = plan.stateHash;
        delete _lastPlan.actions;
        for (uint256 i; i < plan.actions.length; ++i) {
            _lastPlan.actions.push(plan.actions[i]);
        }
    }

    function _noLarger(int256 before, int256 afterwards) private pure returns (bool) {
        bool sameSide = (before >= 0 && afterwards >= 0) || (before <= 0 && afterwards <= 0);
        return sameSide && SignedMath.abs(afterwards) <= SignedMath.abs(before);
    }
}
