// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {CommonBase} from "forge-std/Base.sol";

import {IAaveV3Pool} from "src/interfaces/IAaveV3.sol";
import {TestToken} from "sim/TestToken.sol";

interface IAavePool is IAaveV3Pool {
    function initialize(address provider) external;
    function setUserUseReserveAsCollateral(address asset, bool use) external;
    function liquidationCall(address collateral, address debt, address user, uint256 amount, bool receiveAToken)
        external;
}

interface IAaveProvider {
    function setACLAdmin(address admin) external;
    function setACLManager(address manager) external;
    function setPoolDataProvider(address reader) external;
    function setPoolImpl(address implementation) external;
    function setPoolConfiguratorImpl(address implementation) external;
    function setPriceOracle(address oracle) external;
    function getPool() external view returns (address);
    function getPoolConfigurator() external view returns (address);
}

interface IAaveRoles {
    function addPoolAdmin(address admin) external;
}

interface IAaveOracle {
    function setAssetSources(address[] calldata assets, address[] calldata sources) external;
}

/// @dev What Aave is told about a new reserve.
struct AaveListing {
    address aToken;
    address stableDebtToken;
    address variableDebtToken;
    uint8 decimals;
    address interestRates;
    address token;
    address treasury;
    address rewards;
    string aTokenName;
    string aTokenSymbol;
    string variableDebtName;
    string variableDebtSymbol;
    string stableDebtName;
    string stableDebtSymbol;
    bytes parameters;
}

interface IAaveConfigurator {
    function initialize(address provider) external;
    function initReserves(AaveListing[] calldata listings) external;
    function configureReserveAsCollateral(address token, uint256 ltv, uint256 threshold, uint256 bonus) external;
    function setReserveBorrowing(address token, bool enabled) external;
    function setReserveFactor(address token, uint256 bps) external;
    function setReserveFreeze(address token, bool frozen) external;
    function setReservePause(address token, bool paused) external;
    function setBorrowCap(address token, uint256 wholeTokens) external;
    function setSupplyCap(address token, uint256 wholeTokens) external;
    function setDebtCeiling(address token, uint256 cents) external;
}

/// @notice The feed that Aave reads of one token: USD with 8 decimals.
contract AavePriceFeed {
    int256 private _answer;

    function set(uint256 priceE8) external {
        _answer = int256(priceE8);
    }

    /// @dev A negative answer stands for a feed that reverts.
    function latestAnswer() external view returns (int256) {
        require(_answer >= 0, "feed broken");
        return _answer;
    }

    function breakDown() external {
        _answer = -1;
    }
}

/// @notice The published bytecode of Aave v3 with two reserves, an asset that is collateral and a base that is lent
/// out, and the rest of the market that uses it. It and who deploys it are the administrators.
contract AaveMarket is CommonBase {
    uint256 public constant LOAN_TO_VALUE_BPS = 7_700;
    uint256 public constant LIQUIDATION_THRESHOLD_BPS = 8_000;
    uint256 public constant LIQUIDATION_BONUS_BPS = 10_450;
    address public constant TREASURY = address(0x7EA5);

    uint256 private constant RAY = 1e27;
    string private constant PACKAGE = "node_modules/@aave/core-v3/artifacts/contracts/";
    string private constant LOGIC = "contracts/protocol/libraries/logic/";

    TestToken public immutable asset;
    TestToken public immutable base;
    IAavePool public immutable aave;
    IAaveConfigurator public immutable configurator;

    mapping(address token => AavePriceFeed) public feedOf;

    IAaveProvider private immutable _provider;
    IAaveOracle private immutable _oracle;
    address private immutable _interestRates;

    constructor(TestToken asset_, TestToken base_, uint256 priceE8) {
        (asset, base) = (asset_, base_);
        _provider = IAaveProvider(
            _deploy("protocol/configuration/PoolAddressesProvider.sol/PoolAddressesProvider", abi.encode("", this))
        );
        _provider.setACLAdmin(address(this));
        address roles = _deploy("protocol/configuration/ACLManager.sol/ACLManager", abi.encode(_provider));
        _provider.setACLManager(roles);
        IAaveRoles(roles).addPoolAdmin(address(this));
        IAaveRoles(roles).addPoolAdmin(msg.sender);
        address reader = _deploy("misc/AaveProtocolDataProvider.sol/AaveProtocolDataProvider", abi.encode(_provider));
        _provider.setPoolDataProvider(reader);
        aave = _newPool();
        configurator = _newConfigurator();
        _oracle = _newOracle();
        _interestRates = _newInterestRates();
        list(asset, 1e8);
        list(base, priceE8);
        supply(asset, 100_000_000 * 10 ** asset.decimals());
        supply(base, 100_000 * 10 ** base.decimals());
    }

    /// @notice A new reserve that may be collateral and may be borrowed.
    function list(TestToken token, uint256 priceE8) public {
        AaveListing[] memory listings = new AaveListing[](1);
        AaveListing memory listing = listings[0];
        listing.aToken = _deploy("protocol/tokenization/AToken.sol/AToken", abi.encode(aave));
        listing.stableDebtToken = _deploy("protocol/tokenization/StableDebtToken.sol/StableDebtToken", abi.encode(aave));
        listing.variableDebtToken =
            _deploy("protocol/tokenization/VariableDebtToken.sol/VariableDebtToken", abi.encode(aave));
        listing.decimals = token.decimals();
        listing.interestRates = _interestRates;
        listing.token = address(token);
        listing.treasury = TREASURY;
        configurator.initReserves(listings);
        configurator.configureReserveAsCollateral(
            address(token), LOAN_TO_VALUE_BPS, LIQUIDATION_THRESHOLD_BPS, LIQUIDATION_BONUS_BPS
        );
        configurator.setReserveBorrowing(address(token), true);
        configurator.setReserveFactor(address(token), 1_000);
        feedOf[address(token)] = new AavePriceFeed();
        feedOf[address(token)].set(priceE8);
        (address[] memory tokens, address[] memory feeds) = (new address[](1), new address[](1));
        (tokens[0], feeds[0]) = (address(token), address(feedOf[address(token)]));
        _oracle.setAssetSources(tokens, feeds);
    }

    function setBasePrice(uint256 priceE8) external {
        feedOf[address(base)].set(priceE8);
    }

    function supply(TestToken token, uint256 amount) public {
        supplyFor(token, amount, address(this));
    }

    function supplyFor(TestToken token, uint256 amount, address user) public {
        token.mint(address(this), amount);
        token.approve(address(aave), amount);
        aave.supply(address(token), amount, user, 0);
    }

    function borrow(TestToken token, uint256 amount) external {
        aave.borrow(address(token), amount, 2, 0, address(this));
    }

    function repayFor(TestToken token, uint256 amount, address user) external {
        token.mint(address(this), amount);
        token.approve(address(aave), amount);
        aave.repay(address(token), amount, 2, user);
    }

    /// @notice What a liquidator does, keeping the collateral.
    function liquidate(address user, uint256 baseAmount) external {
        base.mint(address(this), baseAmount);
        base.approve(address(aave), baseAmount);
        aave.liquidationCall(address(asset), address(base), user, baseAmount, false);
    }

    function _newPool() private returns (IAavePool) {
        string memory code = _code("protocol/pool/Pool.sol/Pool");
        string memory flashLoans = _code("protocol/libraries/logic/FlashLoanLogic.sol/FlashLoanLogic");
        string[6] memory libraries =
            ["SupplyLogic", "BorrowLogic", "LiquidationLogic", "EModeLogic", "BridgeLogic", "PoolLogic"];
        for (uint256 i; i < libraries.length; ++i) {
            address library_ = _deployLibrary(libraries[i]);
            code = _link(code, libraries[i], library_);
            flashLoans = _link(flashLoans, libraries[i], library_);
        }
        code = _link(code, "FlashLoanLogic", _create(vm.parseBytes(flashLoans)));
        address implementation = _create(bytes.concat(vm.parseBytes(code), abi.encode(_provider)));
        IAavePool(implementation).initialize(address(_provider));
        _provider.setPoolImpl(implementation);
        return IAavePool(_provider.getPool());
    }

    function _newConfigurator() private returns (IAaveConfigurator) {
        string memory code = _code("protocol/pool/PoolConfigurator.sol/PoolConfigurator");
        code = _link(code, "ConfiguratorLogic", _deployLibrary("ConfiguratorLogic"));
        address implementation = _create(vm.parseBytes(code));
        IAaveConfigurator(implementation).initialize(address(_provider));
        _provider.setPoolConfiguratorImpl(implementation);
        return IAaveConfigurator(_provider.getPoolConfigurator());
    }

    function _newOracle() private returns (IAaveOracle) {
        address[] memory none = new address[](0);
        bytes memory arguments = abi.encode(_provider, none, none, address(0), address(0), 1e8);
        address oracle = _deploy("misc/AaveOracle.sol/AaveOracle", arguments);
        _provider.setPriceOracle(oracle);
        return IAaveOracle(oracle);
    }

    /// @dev Variable rate: 4 % a year at 80 % usage, 84 % at 100 %. The five figures of the stable rate are not used.
    function _newInterestRates() private returns (address) {
        return _deploy(
            "protocol/pool/DefaultReserveInterestRateStrategy.sol/DefaultReserveInterestRateStrategy",
            abi.encode(
                _provider, RAY * 80 / 100, 0, RAY * 4 / 100, RAY * 80 / 100, RAY / 20, RAY, RAY / 100, RAY / 10, RAY / 5
            )
        );
    }

    function _deployLibrary(string memory name) private returns (address) {
        return _deploy(string.concat("protocol/libraries/logic/", name, ".sol/", name), "");
    }

    function _deploy(string memory artefact, bytes memory arguments) private returns (address) {
        return _create(bytes.concat(vm.parseBytes(_code(artefact)), arguments));
    }

    /// @dev As text, because some of it has to be linked first.
    function _code(string memory artefact) private view returns (string memory) {
        return vm.parseJsonString(vm.readFile(string.concat(PACKAGE, artefact, ".json")), ".bytecode");
    }

    /// @dev The compiler left `__$` + 34 digits of the hash of the library's full name + `$__` where its address goes.
    function _link(string memory code, string memory name, address library_) private pure returns (string memory) {
        bytes memory digits = bytes(vm.toString(keccak256(bytes(string.concat(LOGIC, name, ".sol:", name)))));
        bytes memory placeholder = "__$0000000000000000000000000000000000$__";
        for (uint256 i; i < 34; ++i) {
            placeholder[3 + i] = digits[2 + i];
        }
        return vm.replace(code, string(placeholder), _withoutPrefix(vm.toString(library_)));
    }

    function _withoutPrefix(string memory hexadecimal) private pure returns (string memory) {
        return vm.replace(hexadecimal, "0x", "");
    }

    function _create(bytes memory code) private returns (address deployed) {
        assembly {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), "no contract");
    }
}
