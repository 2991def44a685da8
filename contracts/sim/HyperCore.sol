// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {HyperCoreQueue} from "sim/HyperCoreQueue.sol";

/// @title Plays HyperCore on a local chain, behind its real addresses and encodings.
/// @dev HyperCore is no EVM contract anywhere, so it cannot be deployed from a package as the other venues are.
/// Its code is placed at HYPER_CORE (vm.etch, anvil_setCode), then `initialise` is called once.
/// Every write is queued and acts in order when `process` or `tick` runs after its delay, which is at least a second:
/// no write is ever visible in the block that made it. A refused write reverts nothing; see `OrderRejected`.
/// Left out: margin tiers, isolated margin, other tokens than USDC, transfer gas in HYPE. Who is auto-deleveraged, and
/// when, the operator says.
contract HyperCore is HyperCoreQueue {
    using SafeCast for uint256;

    error AlreadyInitialised();
    error OnlyOperator();
    error DelayIsZero();
    error PerpTermsInvalid();
    error TickInvalid();

    address public operator;

    modifier onlyOperator() {
        if (msg.sender != operator) revert OnlyOperator();
        _;
    }

    function initialise(address usdc_, address wallet, uint64 orderDelay, uint64 transferDelay) external {
        if (operator != address(0)) revert AlreadyInitialised();
        if (orderDelay == 0 || transferDelay == 0) revert DelayIsZero();
        operator = msg.sender;
        _setUp(usdc_, wallet, orderDelay, transferDelay);
    }

    function listPerp(uint32 perp, PerpTerms calldata terms) external onlyOperator {
        if (_markets[perp].maxLeverage != 0 || terms.maxLeverage == 0 || terms.depthUsd == 0) revert PerpTermsInvalid();
        if (terms.szDecimals > 6 || terms.halfSpreadPpm >= 1e6 || terms.takerFeePpm >= 1e6) revert PerpTermsInvalid();
        _perps.push(perp);
        _coins[perp] = terms.coin;
        _markets[perp] = Market({
            markPx: 0,
            oraclePx: 0,
            depthUsd: uint256(terms.depthUsd).toUint48(),
            halfSpreadPpm: terms.halfSpreadPpm,
            takerFeePpm: terms.takerFeePpm,
            szDecimals: terms.szDecimals,
            maxLeverage: terms.maxLeverage
        });
    }

    function createAccount(address user) external onlyOperator {
        _accounts[user].exists = true;
    }

    function autoDeleverage(address user, uint32 perp, uint64 lots, uint64 price) external onlyOperator {
        _autoDeleverage(user, perp, lots, price);
    }

    function refuseNext(address user, uint256 count) external onlyOperator {
        _refusalsLeft[user] = count;
    }

    function tick(Tick calldata t) external onlyOperator {
        if (_markets[t.perp].maxLeverage == 0 || t.oraclePx == 0 || t.lowPx == 0) revert TickInvalid();
        if (t.lowPx > t.markPx || t.markPx > t.highPx) revert TickInvalid();
        _liquidate(t.perp, t.highPx, t.lowPx);
        _markets[t.perp].markPx = t.markPx;
        _markets[t.perp].oraclePx = t.oraclePx;
        _payFunding(t.perp, t.oraclePx, t.fundingRateE18);
        ++_l1BlockNumber;
        process();
        _retryResting(t.perp);
    }
}
