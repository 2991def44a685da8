// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IPriceSource} from "./interfaces/IPriceSource.sol";
import {BoundedDecimals} from "./sources/BoundedDecimals.sol";

/// @notice What we read of a Chainlink-style feed.
interface IAggregatorV3 {
    function decimals() external view returns (uint8);
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}

/// @notice What an oracle is made from.
struct Feed {
    address asset;
    address baseToken;
    IAggregatorV3 aggregator; // USD per base token
    uint128 minAnswer; // an answer is believed strictly between these two
    uint128 maxAnswer;
    IPriceSource second; // zero means none, and is given with a deviation of zero
    uint16 maxDeviationBps; // between feed and second source, of the smaller
    IAggregatorV3 sequencer; // Chainlink's uptime feed of a rollup; zero means none, and is given with a grace of zero
    uint32 sequencerGraceSeconds; // for which the sequencer must have been up again
}

/// @title The price of one base token from a Chainlink-style feed, held against a second source, with the last good
/// price kept.
/// @notice Nobody owns it: what the constructor was given is final.
/// @dev The asset is taken as exactly one USD. The feed does not see a depeg of the asset; a second source that quotes
/// the asset itself, as a pool does, sees one beyond the deviation.
contract PriceOracle is IPriceOracle {
    struct Good {
        uint128 answer;
        uint128 updatedAt;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_DEVIATION_BPS = 1_000;
    uint256 private constant MAX_GRACE_SECONDS = 1 days;
    uint256 private constant FEED_GAS = 150_000;
    uint256 private constant SECOND_GAS = 300_000;
    uint256 private constant UNKNOWN = type(uint256).max;

    /// @dev Rounding down costs less than a hundredth of a basis point at the least price; the greatest times BPS fits.
    uint256 private constant MIN_PRICE_E36 = 1e6;
    uint256 private constant MAX_PRICE_E36 = type(uint240).max;

    address public immutable asset;
    address public immutable baseToken;
    IAggregatorV3 public immutable aggregator;
    uint128 public immutable minAnswer;
    uint128 public immutable maxAnswer;
    IPriceSource public immutable second;
    uint256 public immutable maxDeviationBps;
    IAggregatorV3 public immutable sequencer;
    uint256 public immutable sequencerGraceSeconds;

    /// @dev priceE36 = answer x multiplier / divisor = answer x 10^(36 + asset - feed - token decimals); one of them is 1.
    uint256 private immutable _multiplier;
    uint256 private immutable _divisor;

    Good private _lastGood;

    event PriceStored(address indexed baseToken, uint256 priceE36, uint256 updatedAt);

    error OraclePriceInvalid(address baseToken, int256 answer);
    error OracleStale(address baseToken, uint256 age, uint256 bound);
    /// @dev A deviation of max uint means that the second source gave no price.
    error OracleDeviates(address baseToken, uint256 deviationBps, uint256 bound);
    error SequencerDown(address feed, uint256 secondsUp, uint256 bound);
    error GasTooLow(uint256 gasLeft, uint256 bound);

    error FeedBoundsInvalid(address baseToken, uint256 minAnswer, uint256 maxAnswer);
    error PriceOutOfRange(uint256 priceE36, uint256 min, uint256 max);
    error DeviationBoundInvalid(uint256 deviationBps, uint256 min, uint256 max);
    error SequencerGraceInvalid(uint256 graceSeconds, uint256 min, uint256 max);

    /// @dev The price must be trusted now, whatever its age, so that a last good price exists from the start.
    constructor(Feed memory feed) {
        asset = feed.asset;
        baseToken = feed.baseToken;
        aggregator = feed.aggregator;
        minAnswer = feed.minAnswer;
        maxAnswer = feed.maxAnswer;
        second = feed.second;
        maxDeviationBps = feed.maxDeviationBps;
        sequencer = feed.sequencer;
        sequencerGraceSeconds = feed.sequencerGraceSeconds;

        uint256 up = 36 + BoundedDecimals.read(feed.asset);
        uint256 down = BoundedDecimals.read(address(feed.aggregator)) + BoundedDecimals.read(feed.baseToken);
        _multiplier = 10 ** Math.saturatingSub(up, down);
        _divisor = 10 ** Math.saturatingSub(down, up);

        _requireSound();
        (uint256 answer, uint256 priceE36, uint256 updatedAt) = _trusted(type(uint256).max);
        _store(answer, priceE36, updatedAt);
    }

    /// @inheritdoc IPriceOracle
    function refresh(uint256 maxAgeSeconds) external returns (uint256 priceE36, uint256 updatedAt) {
        uint256 answer;
        (answer, priceE36, updatedAt) = _trusted(maxAgeSeconds);
        if (updatedAt > _lastGood.updatedAt) _store(answer, priceE36, updatedAt);
    }

    /// @inheritdoc IPriceOracle
    function healthy(uint256 maxAgeSeconds) external view returns (uint256 priceE36, uint256 updatedAt) {
        (, priceE36, updatedAt) = _trusted(maxAgeSeconds);
    }

    /// @inheritdoc IPriceOracle
    /// @dev The last good one also when the second source disagrees or is silent, or the sequencer is not up. Only a
    /// caller who leaves too little gas makes it revert.
    function latest() external view returns (uint256 priceE36, uint256 updatedAt) {
        (bool up,) = _sequencerUp();
        (bool valid, int256 answer, uint256 answeredAt) = _answer();
        if (up && valid) {
            priceE36 = _priceE36(uint256(answer));
            if (_deviationBps(priceE36) <= maxDeviationBps) return (priceE36, answeredAt);
        }
        Good memory good = _lastGood;
        return (_priceE36(good.answer), good.updatedAt);
    }

    function _trusted(uint256 maxAgeSeconds)
        private
        view
        returns (uint256 goodAnswer, uint256 priceE36, uint256 updatedAt)
    {
        (bool up, uint256 secondsUp) = _sequencerUp();
        if (!up) revert SequencerDown(address(sequencer), secondsUp, sequencerGraceSeconds);

        (bool valid, int256 answer, uint256 answeredAt) = _answer();
        if (!valid) revert OraclePriceInvalid(baseToken, answer);
        uint256 age = block.timestamp - answeredAt;
        if (age > maxAgeSeconds) revert OracleStale(baseToken, age, maxAgeSeconds);

        goodAnswer = uint256(answer);
        priceE36 = _priceE36(goodAnswer);
        updatedAt = answeredAt;
        uint256 deviationBps = _deviationBps(priceE36);
        if (deviationBps > maxDeviationBps) revert OracleDeviates(baseToken, deviationBps, maxDeviationBps);
    }

    function _store(uint256 answer, uint256 priceE36, uint256 updatedAt) private {
        // Both were checked: the answer lies inside uint128 bounds, the stamp is not in the future.
        _lastGood = Good(uint128(answer), uint128(updatedAt));
        emit PriceStored(baseToken, priceE36, updatedAt);
    }

    /// @dev An answer AT a bound is refused, since a clamped feed reports exactly its bound. A round carried over from
    /// an older one is incomplete. Words are read at full width: a dirty uint80 is no reason to refuse a price.
    function _answer() private view returns (bool valid, int256 answer, uint256 updatedAt) {
        (bool answered, uint256[5] memory round) =
            _ask(address(aggregator), IAggregatorV3.latestRoundData.selector, 5, FEED_GAS);
        if (!answered) return (false, 0, 0);
        (answer, updatedAt) = (int256(round[1]), round[3]);
        valid = answer > int256(uint256(minAnswer)) && answer < int256(uint256(maxAnswer)) && updatedAt != 0
            && updatedAt <= block.timestamp && round[4] >= round[0];
    }

    /// @dev deviation = difference / smaller price, rounded up. A price of zero or beyond the range is none.
    function _deviationBps(uint256 priceE36) private view returns (uint256) {
        if (address(second) == address(0)) return 0;
        (bool answered, uint256[5] memory words) = _ask(address(second), IPriceSource.priceE36.selector, 1, SECOND_GAS);
        uint256 other = words[0];
        if (!answered || other == 0 || other > MAX_PRICE_E36) return UNKNOWN;
        (uint256 smaller, uint256 larger) = priceE36 < other ? (priceE36, other) : (other, priceE36);
        return Math.ceilDiv((larger - smaller) * BPS, smaller);
    }

    /// @dev An uptime feed answers 0 for up and 1 for down, and tells in `startedAt` since when.
    function _sequencerUp() private view returns (bool up, uint256 secondsUp) {
        if (address(sequencer) == address(0)) return (true, 0);
        (bool answered, uint256[5] memory round) =
            _ask(address(sequencer), IAggregatorV3.latestRoundData.selector, 5, FEED_GAS);
        uint256 startedAt = round[2];
        if (!answered || round[1] != 0 || startedAt == 0 || startedAt > block.timestamp) return (false, 0);
        secondsUp = block.timestamp - startedAt;
        up = secondsUp >= sequencerGraceSeconds;
    }

    function _priceE36(uint256 answer) private view returns (uint256) {
        return answer * _multiplier / _divisor;
    }

    /// @dev Does not revert whatever the source does: its gas is bounded, and only the words asked for are copied.
    /// But a caller must not silence a good source by leaving it too little gas. Each call keeps back one sixty-fourth,
    /// so when the source was short of gas, less than a sixteenth of its bound is left here, proxies in between or not.
    function _ask(address source, bytes4 selector, uint256 wordCount, uint256 gasBound)
        private
        view
        returns (bool answered, uint256[5] memory words)
    {
        assembly ("memory-safe") {
            mstore(0, selector)
            let size := mul(wordCount, 32)
            answered := staticcall(gasBound, source, 0, 4, words, size)
            answered := and(answered, iszero(lt(returndatasize(), size)))
        }
        if (!answered && gasleft() < gasBound / 16) revert GasTooLow(gasleft(), gasBound / 16);
    }

    function _requireSound() private view {
        if (minAnswer == 0 || minAnswer >= maxAnswer) revert FeedBoundsInvalid(baseToken, minAnswer, maxAnswer);
        // The greatest first: once it fits, nothing overflows any more.
        _requireInRange(Math.saturatingMul(maxAnswer, _multiplier) / _divisor);
        _requireInRange(_priceE36(minAnswer));

        (uint256 min, uint256 max) = _boundsOfBound(address(second), MAX_DEVIATION_BPS);
        if (maxDeviationBps < min || maxDeviationBps > max) revert DeviationBoundInvalid(maxDeviationBps, min, max);
        (min, max) = _boundsOfBound(address(sequencer), MAX_GRACE_SECONDS);
        if (sequencerGraceSeconds < min || sequencerGraceSeconds > max) {
            revert SequencerGraceInvalid(sequencerGraceSeconds, min, max);
        }
    }

    function _requireInRange(uint256 priceE36) private pure {
        if (priceE36 < MIN_PRICE_E36 || priceE36 > MAX_PRICE_E36) {
            revert PriceOutOfRange(priceE36, MIN_PRICE_E36, MAX_PRICE_E36);
        }
    }

    /// @dev Zero for what is not there, so that leaving a source out is said twice.
    function _boundsOfBound(address source, uint256 greatest) private pure returns (uint256 min, uint256 max) {
        return source == address(0) ? (0, 0) : (1, greatest);
    }
}
