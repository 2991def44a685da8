// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAdapter, Position} from "./interfaces/IAdapter.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {Policy} from "./Policy.sol";

/// @notice What a vault holds at its venues at one moment; four lists of one length, in the order of acceptance.
struct Holdings {
    address[] adapters;
    address[] tokens; // base token of each adapter
    uint256[] prices; // its price, asset units per 10^36 base units; one price for one token
    Position[] positions;
}

/// @notice The same of one venue, before it is asked for its position.
struct Quote {
    address adapter;
    address token;
    uint256 priceE36;
}

/// @title The venues of one vault: its adapters, each with the oracle of its base token.
/// @notice The owner accepts and removes them, after the authority's delay.
contract Portfolio is AccessManaged {
    struct Venue {
        address adapter;
        uint8 first; // index of the first venue of the same token, whose oracle prices both
        IPriceOracle oracle;
    }

    uint256 public constant MAX_ADAPTERS = 8;

    address public immutable vault;
    address public immutable asset;
    Policy public immutable policy;

    Venue[] private _venues;

    event AdapterAccepted(address indexed adapter, address indexed oracle);
    event AdapterRemoved(address indexed adapter);

    error TooManyAdapters(uint256 bound);
    error AdapterAlreadyAccepted(address adapter);
    error AdapterForAnother(address adapter, address vault, address asset);
    error OracleForAnother(address oracle, address token, address asset);
    error UnknownAdapter(address adapter);
    error AdapterNotEmpty(address adapter);

    constructor(address vault_, address asset_, Policy policy_) AccessManaged(policy_.authority()) {
        vault = vault_;
        asset = asset_;
        policy = policy_;
    }

    // ---------------------------------------------------------------- reading

    function adapters() external view returns (address[] memory list) {
        list = new address[](_venues.length);
        for (uint256 i; i < list.length; ++i) {
            list[i] = _venues[i].adapter;
        }
    }

    function oracleOf(address adapter) external view returns (IPriceOracle) {
        return _venues[_indexOf(adapter)].oracle;
    }

    /// @notice The venues at prices that were refreshed; reverts while one is older than `maxAgeSeconds` or cannot be
    /// trusted.
    function quote(uint256 maxAgeSeconds) public returns (Quote[] memory quotes) {
        IPriceOracle[] memory oracles;
        (quotes, oracles) = _list();
        for (uint256 i; i < quotes.length; ++i) {
            if (address(oracles[i]) != address(0)) (quotes[i].priceE36,) = oracles[i].refresh(maxAgeSeconds);
            else quotes[i].priceE36 = quotes[_firstOf(quotes, i)].priceE36;
        }
    }

    /// @notice What the venues hold at such prices; reverts too while a venue does not answer.
    function appraise(uint256 maxAgeSeconds) external returns (uint256) {
        return _valueAt(quote(maxAgeSeconds));
    }

    /// @notice As `appraise`, without storing any price.
    function healthyValue(uint256 maxAgeSeconds) external view returns (uint256) {
        (Quote[] memory quotes, IPriceOracle[] memory oracles) = _list();
        for (uint256 i; i < quotes.length; ++i) {
            (quotes[i].priceE36,) = oracles[_firstOf(quotes, i)].healthy(maxAgeSeconds);
        }
        return _valueAt(quotes);
    }

    /// @notice As `appraise`, at the last good prices, whatever their age.
    function latestValue() external view returns (uint256) {
        return _valueAt(_latest());
    }

    /// @notice The holdings at the last good prices, whatever their age.
    function latest() public view returns (Holdings memory h) {
        Quote[] memory quotes = _latest();
        uint256 count = quotes.length;
        h.adapters = new address[](count);
        h.tokens = new address[](count);
        h.prices = new uint256[](count);
        h.positions = new Position[](count);
        for (uint256 i; i < count; ++i) {
            Quote memory q = quotes[i];
            (h.adapters[i], h.tokens[i], h.prices[i]) = (q.adapter, q.token, q.priceE36);
            h.positions[i] = IAdapter(q.adapter).position(q.priceE36);
        }
    }

    /// @notice Of all quantities held; part of the vault's state hash.
    function fingerprint() external view returns (bytes32 joined) {
        Position[] memory positions = latest().positions;
        for (uint256 i; i < positions.length; ++i) {
            joined = keccak256(abi.encode(joined, positions[i].fingerprint));
        }
    }

    // ---------------------------------------------------------------- changing

    /// @notice Adds a venue, priced by `oracle`. Its cap in the policy says how much may go there; nothing, at first.
    function acceptAdapter(address adapter, IPriceOracle oracle) external restricted {
        if (_venues.length == MAX_ADAPTERS) revert TooManyAdapters(MAX_ADAPTERS);
        for (uint256 i; i < _venues.length; ++i) {
            if (_venues[i].adapter == adapter) revert AdapterAlreadyAccepted(adapter);
        }
        IAdapter venue = IAdapter(adapter);
        if (venue.vault() != vault || venue.asset() != asset) {
            revert AdapterForAnother(adapter, venue.vault(), venue.asset());
        }
        _requireFits(venue, oracle);
        uint256 first;
        address token = oracle.baseToken();
        while (first < _venues.length && _venues[first].oracle.baseToken() != token) ++first;
        _venues.push(Venue(adapter, uint8(first), oracle));
        emit AdapterAccepted(adapter, address(oracle));
    }

    /// @notice Another oracle for a venue's base token. Venues of one token use the one of the first.
    function setOracle(address adapter, IPriceOracle oracle) external restricted {
        uint256 index = _indexOf(adapter);
        _requireFits(IAdapter(adapter), oracle);
        _venues[index].oracle = oracle;
        emit AdapterAccepted(adapter, address(oracle));
    }

    /// @notice Removes a venue that holds nothing, so that its feed can no longer stop anything.
    function retireAdapter(address adapter) external restricted {
        uint256 index = _indexOf(adapter);
        (uint256 price,) = _venues[index].oracle.latest();
        Position memory p = IAdapter(adapter).position(price);
        if (p.value != 0 || p.exposure != 0 || p.pendingLoss != 0) revert AdapterNotEmpty(adapter);
        _remove(index);
    }

    /// @notice Removes a venue that no longer answers; what it holds is written off, and all holders bear it alike.
    function abandonAdapter(address adapter) external restricted {
        _remove(_indexOf(adapter));
    }

    // ---------------------------------------------------------------- parts

    /// @dev All but the prices, and who gives them. Legs of one token share its first leg's, so that they are measured
    /// alike; the others' oracles are not even read.
    function _list() private view returns (Quote[] memory quotes, IPriceOracle[] memory oracles) {
        uint256 count = _venues.length;
        (quotes, oracles) = (new Quote[](count), new IPriceOracle[](count));
        for (uint256 i; i < count; ++i) {
            Venue storage venue = _venues[i];
            uint256 first = venue.first;
            if (first == i) oracles[i] = venue.oracle;
            quotes[i].adapter = venue.adapter;
            quotes[i].token = first == i ? oracles[i].baseToken() : quotes[first].token;
        }
    }

    function _latest() private view returns (Quote[] memory quotes) {
        IPriceOracle[] memory oracles;
        (quotes, oracles) = _list();
        for (uint256 i; i < quotes.length; ++i) {
            (quotes[i].priceE36,) = oracles[_firstOf(quotes, i)].latest();
        }
    }

    function _valueAt(Quote[] memory quotes) private view returns (uint256 value) {
        for (uint256 i; i < quotes.length; ++i) {
            value += IAdapter(quotes[i].adapter).value(quotes[i].priceE36);
        }
    }

    function _firstOf(Quote[] memory quotes, uint256 index) private pure returns (uint256 first) {
        while (quotes[first].token != quotes[index].token) ++first;
    }

    /// @dev Refuses an oracle that is not for this pair or cannot be trusted now, and a venue that does not answer.
    function _requireFits(IAdapter venue, IPriceOracle oracle) private view {
        if (oracle.baseToken() != venue.baseToken() || oracle.asset() != asset) {
            revert OracleForAnother(address(oracle), oracle.baseToken(), oracle.asset());
        }
        (uint256 price,) = oracle.healthy(policy.limits().maxOracleAgeSeconds);
        venue.position(price);
    }

    function _indexOf(address adapter) private view returns (uint256 index) {
        uint256 count = _venues.length;
        while (index < count && _venues[index].adapter != adapter) ++index;
        if (index == count) revert UnknownAdapter(adapter);
    }

    /// @dev Keeps the order; the next venue of the same token becomes its first. Asks nobody, who may not answer.
    function _remove(uint256 index) private {
        emit AdapterRemoved(_venues[index].adapter);
        uint256 heir = MAX_ADAPTERS;
        for (uint256 i = index + 1; i < _venues.length; ++i) {
            Venue memory venue = _venues[i];
            if (venue.first == index) {
                heir = Math.min(heir, i - 1);
                venue.first = uint8(heir);
            } else if (venue.first > index) {
                --venue.first;
            }
            _venues[i - 1] = venue;
        }
        _venues.pop();
    }
}
