// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdUtils} from "forge-std/StdUtils.sol";
import {Vm} from "forge-std/Vm.sol";

import {Authority, Governance} from "src/Authority.sol";
import {UniswapV3Spot} from "src/adapters/UniswapV3Spot.sol";
import {IPriceOracle} from "src/interfaces/IPriceOracle.sol";
import {Limits} from "src/Limits.sol";
import {Mode} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {Vault} from "src/Vault.sol";
import {VaultBook} from "src/VaultBook.sol";
import {TestToken} from "sim/TestToken.sol";

import {LeveragedTestAdapter} from "../helpers/LeveragedTestAdapter.sol";
import {SettableFeed} from "../helpers/SettableFeed.sol";
import {UniswapMarket} from "../helpers/UniswapMarket.sol";

/// @notice All that the handler drives.
struct World {
    Vault vault;
    RedemptionQueue queue;
    Authority authority;
    IPriceOracle oracle;
    TestToken asset;
    SettableFeed feed;
    UniswapMarket market;
    UniswapV3Spot spot;
    LeveragedTestAdapter long;
    LeveragedTestAdapter short;
    address[4] holders;
    address collector;
    Governance governance;
}

/// @notice Judges each call from the outside, by what it logged and left behind, beside ghost sums of all calls so far.
/// @dev A broken rule is noted in `violation`: the fuzzer would take an assertion in here for a refused call.
abstract contract VaultJudge is CommonBase, StdUtils {
    /// @dev What the logs of the call under way tell.
    struct Told {
        bool opened; // the books
        bool executed; // a plan, or an unwinding
        bool reducing;
        bool skipped;
        uint256 paidIn;
        uint256 paidOut;
        uint256 burned;
    }

    uint256 internal constant BPS = 10_000;

    Vault internal immutable vault;
    Policy internal immutable policy;
    Portfolio internal immutable portfolio;
    RedemptionQueue internal immutable queue;
    Authority internal immutable authority;
    IPriceOracle internal immutable oracle;
    TestToken internal immutable asset;
    SettableFeed internal immutable feed;
    UniswapMarket internal immutable market;
    UniswapV3Spot internal immutable spot;
    LeveragedTestAdapter internal immutable long;
    LeveragedTestAdapter internal immutable short;
    address internal immutable agent;
    address internal immutable collector;
    address internal immutable owner;
    address internal immutable curator;
    address internal immutable guardian;
    uint32 internal immutable delay;
    uint256 internal immutable unit; // a whole asset
    address[4] internal holders;
    Limits internal atStart; // as loose as the limits ever get here

    string public violation;
    Told internal told;
    bool internal mayLoosenMode;
    bool internal longAccepted = true;

    // Ghost sums of the events so far.
    uint256 public supply;
    uint256 public idle;
    uint256 public feeShares;
    uint256 public latches;
    uint256 public plansExecuted;
    uint256 public plansReducing;
    uint256 public plansSkipped;

    // What shares were worth when the books were opened last, and what came and went since then.
    uint256 private _recorded;
    uint256 private _recordedAt;

    constructor(World memory w) {
        vault = w.vault;
        policy = w.vault.policy();
        portfolio = w.vault.portfolio();
        queue = w.queue;
        authority = w.authority;
        oracle = w.oracle;
        asset = w.asset;
        feed = w.feed;
        market = w.market;
        spot = w.spot;
        long = w.long;
        short = w.short;
        agent = w.vault.agent();
        holders = w.holders;
        collector = w.collector;
        owner = w.governance.owner;
        curator = w.governance.curator;
        guardian = w.governance.guardian;
        delay = w.governance.delaySeconds;
        unit = 10 ** w.asset.decimals();
        atStart = policy.limits();
        supply = w.vault.totalSupply();
        idle = w.vault.idleAssets();
        _recorded = w.vault.totalAssets();
        _recordedAt = block.timestamp;
    }

    modifier watched() {
        Mode mode = vault.mode();
        bytes32 positions = _positions();
        uint256 supplyBefore = vault.totalSupply();
        delete told;
        mayLoosenMode = false;
        vm.recordLogs();
        _;
        _listen();
        if (vault.mode() < mode && !mayLoosenMode) violation = "the mode was loosened";
        if (!told.executed && _positions() != positions) violation = "a position moved without a plan";
        if (supply != vault.totalSupply()) violation = "the supply is not what the events add up to";
        if (idle != vault.idleAssets()) violation = "idle cash is not what the transfers add up to";
        if (_venuesAnswer()) _judgeGrowth(supplyBefore);
    }

    /// @dev A call that may be refused. What a refused one logged is recorded too, and has not happened.
    function _try(address who, address target, bytes memory data) internal returns (bool done) {
        _listen();
        vm.prank(who);
        (done,) = target.call(data);
        if (done) _listen();
        else vm.getRecordedLogs();
    }

    function _mustFail(address who, address target, bytes memory data) internal {
        if (_try(who, target, data)) violation = "somebody did what is not his to do";
    }

    /// @dev Takes in what was logged since the last time.
    function _listen() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == address(vault)) _hearVault(logs[i]);
            else if (logs[i].emitter == address(asset)) _hearAsset(logs[i]);
        }
    }

    function _hearVault(Vm.Log memory log) private {
        bytes32 topic = log.topics[0];
        if (topic == IERC4626.Deposit.selector) {
            (uint256 assets, uint256 shares) = abi.decode(log.data, (uint256, uint256));
            told.paidIn += assets;
            idle += assets;
            supply += shares;
        } else if (topic == IERC4626.Withdraw.selector) {
            (uint256 assets, uint256 shares) = abi.decode(log.data, (uint256, uint256));
            told.paidOut += assets;
            told.burned += shares;
            idle -= assets;
            supply -= shares;
        } else if (topic == VaultBook.FeesTaken.selector) {
            uint256 shares = abi.decode(log.data, (uint256));
            feeShares += shares;
            supply += shares;
            if (address(uint160(uint256(log.topics[1]))) != collector) violation = "fees went to somebody else";
        } else if (topic == VaultBook.Checkpointed.selector) {
            told.opened = true;
        } else if (topic == VaultBook.ModeLatched.selector) {
            ++latches;
        } else if (topic == Vault.PlanExecuted.selector) {
            (,,, told.reducing) = abi.decode(log.data, (uint256, uint256, uint256, bool));
            told.executed = true;
        } else if (topic == Vault.PlanSkipped.selector) {
            told.skipped = true;
            ++plansSkipped;
        }
    }

    /// @dev Asset leaves for venues, and for those who leave. What comes from venues is cash; the rest was a gift, or
    /// came with a deposit.
    function _hearAsset(Vm.Log memory log) private {
        if (log.topics[0] != IERC20.Transfer.selector) return;
        address from = address(uint160(uint256(log.topics[1])));
        address to = address(uint160(uint256(log.topics[2])));
        uint256 amount = abi.decode(log.data, (uint256));
        if (from == address(vault)) {
            if (_isVenue(to)) idle -= amount;
            else if (!_isKnown(to)) violation = "asset went to a stranger";
        } else if (to == address(vault) && (_isVenue(from) || from == address(market.pool()))) {
            idle += amount;
        }
    }

    function _isVenue(address who) private view returns (bool) {
        return who == address(spot) || who == address(long) || who == address(short);
    }

    function _isKnown(address who) private view returns (bool known) {
        known = who == address(queue) || who == collector;
        for (uint256 i; i < holders.length; ++i) {
            known = known || who == holders[i];
        }
    }

    function _positions() internal view returns (bytes32) {
        return keccak256(abi.encode(spot.heldBase(), long.exposure(), short.exposure()));
    }

    /// @dev Whatever happened, what shares are worth rose no faster than the policy allows since the books were opened
    /// last, apart from what came and went.
    function _judgeGrowth(uint256 supplyBefore) private {
        uint256 worth = vault.totalAssets();
        uint256 growth = _recorded * atStart.maxGrowthBps * (block.timestamp - _recordedAt) / (BPS * 1 days);
        // Without holders or worth there was nothing to grow from.
        bool bounded = supplyBefore != 0 && _recorded != 0;
        // When the last holder has left, what stays belongs to no share; what he was paid is bounded all the same.
        uint256 held = vault.totalSupply() == 0 ? 0 : worth;
        if (bounded && held + told.paidOut > _recorded + growth + told.paidIn) violation = "the share price jumped";
        if (told.opened) (_recorded, _recordedAt) = (worth, block.timestamp);
    }

    // ---------------------------------------------------------------- the clock

    function _pass(uint256 seconds_) internal {
        vm.warp(block.timestamp + seconds_);
        vm.roll(block.number + 1);
    }

    function _passFresh(uint256 seconds_) internal {
        _pass(seconds_);
        feed.set(feed.answer());
    }

    /// @dev Only the long leg ever breaks here, and only what the portfolio holds is asked.
    function _venuesAnswer() internal view returns (bool) {
        return !(longAccepted && long.broken());
    }

    function _priceIsHealthy(uint256 maxAgeSeconds) internal view returns (bool) {
        try oracle.healthy(maxAgeSeconds) {
            return true;
        } catch {
            return false;
        }
    }
}
