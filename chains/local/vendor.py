"""Other projects' compiled contracts, read where the set-up put them; this project never carries them itself."""

import json
from functools import lru_cache

from chains.artifacts import Artifact
from chains.local.foundry import CONTRACTS_FOLDER

_UNISWAP = "node_modules/@uniswap"
_PATHS = {
    "UniswapV3Factory": f"{_UNISWAP}/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
    "UniswapV3Pool": f"{_UNISWAP}/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json",
    "SwapRouter02": f"{_UNISWAP}/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json",
    "QuoterV2": f"{_UNISWAP}/v3-periphery/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json",
    "TickLens": "node_modules/@uniswap/v3-periphery/artifacts/contracts/lens/TickLens.sol/TickLens.json",
    "WETH9": "node_modules/canonical-weth/build/contracts/WETH9.json",
    "FluxAggregator": "vendor-out/FluxAggregator.json",
    "EACAggregatorProxy": "vendor-out/EACAggregatorProxy.json",
    "Multicall3": "vendor-out/Multicall3.json",
}


@lru_cache(maxsize=len(_PATHS))
def load_vendor(name: str) -> Artifact:
    """The published contract of that name."""
    path = CONTRACTS_FOLDER / _PATHS[name]
    if not path.exists():
        raise FileNotFoundError(f"contracts/{_PATHS[name]} is missing; run `make setup` first")
    entry = json.loads(path.read_text())
    return Artifact(name, tuple(entry["abi"]), entry["bytecode"], entry["deployedBytecode"])
