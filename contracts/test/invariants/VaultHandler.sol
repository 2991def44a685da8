// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Cap, Limits} from "src/Limits.sol";
import {Mode} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {Fees} from "src/VaultBook.sol";
import {Vault} from "src/Vault.sol";

import {VaultAgent} from "./VaultAgent.sol";
import {VaultJudge, World} from "./VaultJudge.sol";

/// @notice Holders, agent, thief, market, clock and governance, as the fuzzer drives them.
contract VaultHandler is VaultAgent {
    uint256 public governed;
    uint256 public tightened;
    uint256 public cancelled;
    uint256 public abandoned;
    uint256 public jumps;

    constructor(World memory w) VaultJudge(w) {}

    // ---------------------------------------------------------------- market and clock

    /// @notice Moves the feed by up to 8 % and the pool to 0.5 % above or below it.
    function movePrice(uint256 move, uint256 dear) external watched {
        _movePrice(_bound(move, 9_200, 10_800), dear);
    }

    /// @notice To between half and twice the price.
    function jump(uint256 move, uint256 dear) external watched {
        if (move % 3 != 0) return;
        _movePrice(_bound(move, 5_000, 20_000), dear);
        ++jumps;
    }

    function _movePrice(uint256 partBps, uint256 dear) private {
        uint256 price = Math.min(Math.max(uint256(feed.answer()) * partBps / BPS, 500e8), 10_000e8);
        openingUnknown = true;
        feed.set(int256(price));
        market.moveTo(dear % 2 == 0 ? price * 1_005 / 1_000 : price * 995 / 1_000);
    }

    function passTime(uint256 seconds_, uint256 fresh) external watched {
        openingUnknown = false;
        _pass(_bound(seconds_, 1, 20 hours));
        if (fresh % 4 != 0) feed.set(feed.answer());
    }

    /// @notice A venue that does not answer, until it does again.
    function breakVenue(uint256 seed) external watched {
        long.setBroken(seed % 6 == 0);
    }

    function checkpoint() external watched {
        bool healthy = _venuesAnswer() && _priceIsHealthy(policy.limits().maxOracleAgeSeconds);
        bool done = _try(address(this), address(vault), abi.encodeCall(vault.checkpoint, ()));
        if (done != healthy) violation = "a checkpoint";
    }

    // ---------------------------------------------------------------- the guardian, at once

    function makeSafer(uint256 seed) external watched {
        if (seed % 3 != 0) return;
        Mode safer = seed % 2 == 0 ? Mode.ReduceOnly : Mode.Halted;
        bool isSafer = safer > vault.mode();
        bool done = _try(guardian, address(vault), abi.encodeCall(vault.makeSafer, (safer)));
        if (done != isSafer) violation = "the guardian may make the mode safer, and nothing else";
    }

    /// @notice One limit to three quarters; and not one of them can be loosened so.
    function tighten(uint256 seed) external watched {
        if (seed % 2 == 0) return;
        seed /= 2;
        Limits memory l = policy.limits();
        if (seed % 6 == 0) l.maxTurnoverBps = l.maxTurnoverBps * 3 / 4;
        else if (seed % 6 == 1) l.lossBudgetBps = l.lossBudgetBps * 3 / 4;
        else if (seed % 6 == 2) l.maxTradeNotional = l.maxTradeNotional * 3 / 4;
        else if (seed % 6 == 3) l.minIdleBps = l.minIdleBps * 4 / 3;
        else if (seed % 6 == 4) l.maxGrossLeverageBps = l.maxGrossLeverageBps * 3 / 4;
        else l.maxTotalAssets = uint128(Math.min(l.maxTotalAssets, 600_000 * unit));
        if (_try(guardian, address(policy), abi.encodeCall(policy.tighten, (l)))) ++tightened;

        l = policy.limits();
        if (seed % 3 == 0) l.maxTurnoverBps += 1;
        else if (seed % 3 == 1) l.minIdleBps -= 1;
        else l.maxGrowthBps += 1;
        _mustFail(guardian, address(policy), abi.encodeCall(policy.tighten, (l)));
        _mustFail(guardian, address(policy), abi.encodeCall(policy.loosen, (l)));
    }

    function tightenCap(uint256 seed, uint256 bps) external watched {
        address venue = seed % 2 == 0 ? address(short) : oracle.baseToken();
        Cap memory cap = policy.capOf(venue);
        cap.bps = uint32(_bound(bps, 1_000, 20_000));
        _try(guardian, address(policy), abi.encodeCall(policy.tightenCap, (venue, cap)));
    }

    function removeAgent(uint256 seed) external watched {
        if (seed % 20 != 0) return;
        vm.prank(guardian);
        vault.removeAgent();
        if (vault.agent() != address(0)) violation = "the agent is still there";
    }

    // ---------------------------------------------------------------- owner and curator, after the delay

    function activate() external watched {
        mayLoosenMode = true;
        _govern(owner, address(vault), abi.encodeCall(Vault.activate, ()));
    }

    function appointAgent() external watched {
        _govern(owner, address(vault), abi.encodeCall(Vault.setAgent, (agent)));
    }

    function loosen(uint256 seed) external watched {
        if (seed % 3 == 0) return _loosenCap(seed % 2 == 0 ? address(short) : oracle.baseToken());
        _govern(curator, address(policy), abi.encodeCall(Policy.loosen, (atStart)));
    }

    /// @notice Any rates, or nobody to get them.
    function setFees(uint256 management, uint256 performance) external watched {
        Fees memory fees = Fees({
            managementBps: uint16(_bound(management, 0, 600)),
            performanceBps: uint16(_bound(performance, 0, 3_600)),
            recipient: management % 5 == 0 ? address(0) : collector
        });
        bool inside = fees.managementBps <= 500 && fees.performanceBps <= 3_000;
        if (_govern(curator, address(vault), abi.encodeCall(Vault.setFees, (fees))) && !inside) {
            violation = "fees above the ceiling";
        }
    }

    /// @notice Writes a venue off, as one does that no longer answers, or takes it up again.
    function abandonOrAccept(uint256 seed) external watched {
        if (longAccepted && !long.broken() && seed % 8 != 0) return;
        bytes memory data = longAccepted
            ? abi.encodeCall(Portfolio.abandonAdapter, (address(long)))
            : abi.encodeCall(Portfolio.acceptAdapter, (address(long), oracle));
        if (!_govern(owner, address(portfolio), data)) return;
        longAccepted = !longAccepted;
        if (!longAccepted) ++abandoned;
    }

    function cancel(uint256 seed) external watched {
        bytes memory data = seed % 2 == 0
            ? abi.encodeCall(Vault.setAgent, (owner))
            : abi.encodeCall(Vault.setQueue, (vault.queue()));
        vm.prank(owner);
        authority.schedule(address(vault), data, 0);
        vm.prank(guardian);
        authority.cancel(owner, address(vault), data);
        _passFresh(delay);
        _mustFail(owner, address(authority), abi.encodeCall(authority.execute, (address(vault), data)));
        ++cancelled;
    }

    function _loosenCap(address key) private {
        Cap memory all = Cap(type(uint128).max, 1_000_000);
        _govern(curator, address(policy), abi.encodeCall(Policy.loosenCap, (key, all)));
    }

    /// @dev Announces, sees that it cannot be carried out a second too early nor with other data, and carries it out.
    function _govern(address who, address target, bytes memory data) private returns (bool done) {
        vm.prank(who);
        authority.schedule(target, data, 0);
        _passFresh(delay - 1);
        bytes memory execute = abi.encodeCall(IAccessManager.execute, (target, data));
        _mustFail(who, address(authority), execute);
        openingUnknown = false;
        _passFresh(1);
        done = _try(who, address(authority), execute);
        if (done) {
            ++governed;
            return true;
        }
        vm.prank(guardian);
        authority.cancel(who, target, data);
    }
}
