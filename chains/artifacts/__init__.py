"""Compiled contracts of this project, shipped so that nobody needs a compiler to use them."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from chains.functions import ErrorRegistry, Function, RevertReason

NAMES = (
    "Vault",
    "VaultLens",
    "Portfolio",
    "Policy",
    "Authority",
    "RedemptionQueue",
    "PriceOracle",
    "HyperCoreOraclePrice",
    "UniswapV3Twap",
    "UniswapV3Spot",
    "HyperCorePerp",
    "AaveV3",
    "HyperCore",
    "ReadPrecompile",
    "CoreWriter",
    "CoreDepositWallet",
    "TestUSDC",
    "TestToken",
    "MarketMover",
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract; bytecode as 0x text, `deployed_bytecode` is what stands on chain before immutables."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: str
    deployed_bytecode: str

    def function(self, name: str) -> Function:
        """The function of that name, ready to encode."""
        return Function.from_abi(self.abi, name)


@lru_cache(maxsize=64)
def load(name: str) -> Artifact:
    """The shipped artefact of that name; `NAMES` lists them."""
    if name not in NAMES:
        raise ValueError(f"no artefact {name!r}; there are {', '.join(NAMES)}")
    entry = json.loads(resources.files(__name__).joinpath(f"{name}.json").read_text())
    return Artifact(name, tuple(entry["abi"]), entry["bytecode"], entry["deployedBytecode"])


@lru_cache(maxsize=1)
def _errors() -> ErrorRegistry:
    known = ErrorRegistry()
    for name in NAMES:
        known.add_abi(load(name).abi)
    return known


def decode_revert(data: bytes) -> RevertReason:
    """Why a contract of this project reverted, by the name its source gives the error."""
    return _errors().decode(data)
