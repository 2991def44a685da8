// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPriceOracle} from "./interfaces/IPriceOracle.sol";

/// @notice What we read of a Chainlink-style feed.
interface IAggregatorV3 {
    function decimals() external view returns (uint8);
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}

/// @notice The feed of one token against USD, and the bounds strictly between which an answer is believed.
struct Feed {
    address baseToken;
    IAggregatorV3 aggregator;
    uint128 minAnswer;
    uint128 maxAnswer;
}

/// @title Prices of base tokens from Chainlink-style feeds, with the last good price kept.
/// @notice Nobody owns it: what the constructor was given is final.
/// @dev The asset is taken as exactly one USD; it has no feed here, so a depeg of the asset is not seen.
contract PriceOracle is IPriceOracle {
    struct FeedState {
        IAggregatorV3 aggregator;
        uint8 feedDecimals;
        uint8 tokenDecimals;
        uint128 minAnswer;
        uint128 maxAnswer;
        uint128 goodPrice;
        uint64 goodAt;
    }

    /// @dev Keeps 10^(token + feed) and price x 10^asset inside 256 bits.
    uint8 private constant MAX_DECIMALS = 36;

    address public immutable asset;
    uint256 private immutable _assetUnit;

    mapping(address baseToken => FeedState) private _feeds;

    event PriceStored(address indexed baseToken, uint256 price, uint256 updatedAt);

    error OraclePriceInvalid(address baseToken, int256 answer);
    error OracleStale(address baseToken, uint256 age, uint256 bound);
    error UnknownToken(address baseToken);
    error FeedRepeated(address baseToken);
    error FeedBoundsInvalid(address baseToken, uint256 minAnswer, uint256 maxAnswer);
    error DecimalsTooLarge(address source, uint256 decimals, uint256 bound);

    /// @dev Every feed must have a good answer now, so that a last good price exists from the start.
    constructor(address asset_, Feed[] memory feeds) {
        asset = asset_;
        _assetUnit = 10 ** _boundedDecimals(asset_);
        for (uint256 i; i < feeds.length; ++i) {
            _addFeed(feeds[i]);
        }
    }

    /// @inheritdoc IPriceOracle
    function assetValue(address baseToken, uint256 baseAmount) external view returns (uint256) {
        (uint256 price, uint8 feedDecimals,) = latest(baseToken);
        uint256 unit = 10 ** (uint256(_feeds[baseToken].tokenDecimals) + feedDecimals);
        return Math.mulDiv(baseAmount, price * _assetUnit, unit);
    }

    /// @inheritdoc IPriceOracle
    /// @dev The feed's answer when it is valid, else the stored one: a bad answer never stops valuation.
    function latest(address baseToken) public view returns (uint256 price, uint8 decimals, uint256 updatedAt) {
        FeedState storage feed = _knownFeed(baseToken);
        (bool valid, int256 answer, uint256 answeredAt) = _read(feed);
        // A valid answer lies inside two uint128 bounds.
        return valid
            ? (uint256(answer), feed.feedDecimals, answeredAt)
            : (uint256(feed.goodPrice), feed.feedDecimals, uint256(feed.goodAt));
    }

    /// @inheritdoc IPriceOracle
    function requireHealthy(address baseToken, uint256 maxAge) external view {
        (bool valid, int256 answer, uint256 answeredAt) = _read(_knownFeed(baseToken));
        if (!valid) revert OraclePriceInvalid(baseToken, answer);
        uint256 age = block.timestamp - answeredAt;
        if (age > maxAge) revert OracleStale(baseToken, age, maxAge);
    }

    /// @notice Stores the feed's answer if it is valid and newer than the one kept. Anyone may call it.
    function poke(address baseToken) external {
        FeedState storage feed = _knownFeed(baseToken);
        (bool valid, int256 answer, uint256 answeredAt) = _read(feed);
        if (valid && answeredAt > feed.goodAt) _store(baseToken, feed, answer, answeredAt);
    }

    function _addFeed(Feed memory given) private {
        FeedState storage feed = _feeds[given.baseToken];
        if (address(feed.aggregator) != address(0)) revert FeedRepeated(given.baseToken);
        if (given.minAnswer == 0 || given.minAnswer >= given.maxAnswer) {
            revert FeedBoundsInvalid(given.baseToken, given.minAnswer, given.maxAnswer);
        }
        feed.aggregator = given.aggregator;
        feed.feedDecimals = _boundedDecimals(address(given.aggregator));
        feed.tokenDecimals = _boundedDecimals(given.baseToken);
        feed.minAnswer = given.minAnswer;
        feed.maxAnswer = given.maxAnswer;
        (bool valid, int256 answer, uint256 answeredAt) = _read(feed);
        if (!valid) revert OraclePriceInvalid(given.baseToken, answer);
        _store(given.baseToken, feed, answer, answeredAt);
    }

    function _store(address baseToken, FeedState storage feed, int256 answer, uint256 answeredAt) private {
        // Both were checked by `_read`: the answer lies inside uint128 bounds, the stamp is not in the future.
        feed.goodPrice = uint128(uint256(answer));
        feed.goodAt = uint64(answeredAt);
        emit PriceStored(baseToken, uint256(answer), answeredAt);
    }

    /// @dev Never reverts: a feed that reverts or answers too few words is an invalid answer of zero. Words are
    /// decoded at full width, because a strict decoding of a dirty uint80 would revert. An answer AT a bound is
    /// refused, since a clamped feed reports exactly its bound. A round carried over from an older one is incomplete.
    function _read(FeedState storage feed) private view returns (bool valid, int256 answer, uint256 updatedAt) {
        (bool answered, bytes memory words) =
            address(feed.aggregator).staticcall(abi.encodeCall(IAggregatorV3.latestRoundData, ()));
        if (!answered || words.length < 160) return (false, 0, 0);
        uint256 roundId;
        uint256 answeredInRound;
        (roundId, answer,, updatedAt, answeredInRound) = abi.decode(words, (uint256, int256, uint256, uint256, uint256));
        valid = answer > int256(uint256(feed.minAnswer)) && answer < int256(uint256(feed.maxAnswer)) && updatedAt != 0
            && updatedAt <= block.timestamp && answeredInRound >= roundId;
    }

    function _knownFeed(address baseToken) private view returns (FeedState storage feed) {
        feed = _feeds[baseToken];
        if (address(feed.aggregator) == address(0)) revert UnknownToken(baseToken);
    }

    /// @dev Tokens and feeds answer `decimals()` alike.
    function _boundedDecimals(address source) private view returns (uint8 decimals) {
        decimals = IERC20Metadata(source).decimals();
        if (decimals > MAX_DECIMALS) revert DecimalsTooLarge(source, decimals, MAX_DECIMALS);
    }
}
