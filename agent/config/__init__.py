"""One strategy file: its models (here), its loader (agent.config.file) and the rules between its values."""

from agent.config.models import (
    CarryStrategy,
    Config,
    DrawdownConfig,
    ExecutionConfig,
    FundingConfig,
    LiquidationConfig,
    MarketConfig,
    OpenInterestConfig,
    SizingConfig,
    VaultConfig,
    VolatilityConfig,
    VolatilityTargetStrategy,
)

__all__ = [
    "CarryStrategy",
    "Config",
    "DrawdownConfig",
    "ExecutionConfig",
    "FundingConfig",
    "LiquidationConfig",
    "MarketConfig",
    "OpenInterestConfig",
    "SizingConfig",
    "VaultConfig",
    "VolatilityConfig",
    "VolatilityTargetStrategy",
]
