// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @dev Laid out as every Aave v3 since 3.0 answers; fields that later versions no longer use are zero there.
struct AaveReserve {
    uint256 configuration; // bit map, see AaveV3
    uint128 liquidityIndex;
    uint128 currentLiquidityRate;
    uint128 variableBorrowIndex;
    uint128 currentVariableBorrowRate;
    uint128 currentStableBorrowRate;
    uint40 lastUpdateTimestamp;
    uint16 id;
    address aTokenAddress;
    address stableDebtTokenAddress;
    address variableDebtTokenAddress;
    address interestRateStrategyAddress;
    uint128 accruedToTreasury;
    uint128 unbacked;
    uint128 isolationModeTotalDebt;
}

/// @title What we call of an Aave v3 pool. Indices are in ray, 10^27.
interface IAaveV3Pool {
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;

    /// @param amount type(uint256).max withdraws everything
    function withdraw(address asset, uint256 amount, address to) external returns (uint256 withdrawn);

    /// @param interestRateMode 2 is variable
    function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf)
        external;

    function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf)
        external
        returns (uint256 repaid);

    function getReserveData(address asset) external view returns (AaveReserve memory);

    function getConfiguration(address asset) external view returns (uint256 bits);

    /// @notice What one scaled unit supplied is worth now, interest included.
    function getReserveNormalizedIncome(address asset) external view returns (uint256 index);

    /// @notice What one scaled unit borrowed at the variable rate comes to now, interest included.
    function getReserveNormalizedVariableDebt(address asset) external view returns (uint256 index);

    /// @dev Amounts are in the currency of Aave's oracle. The health factor is collateral x liquidation threshold / debt
    /// with 18 decimals; below 1 anybody may liquidate.
    function getUserAccountData(address user)
        external
        view
        returns (
            uint256 totalCollateralBase,
            uint256 totalDebtBase,
            uint256 availableBorrowsBase,
            uint256 currentLiquidationThreshold,
            uint256 ltv,
            uint256 healthFactor
        );
}

/// @title An Aave receipt or debt token. Scaled balances change with deposits and loans, never with time.
interface IAaveScaledToken {
    function scaledBalanceOf(address user) external view returns (uint256);

    function balanceOf(address user) external view returns (uint256);
}
