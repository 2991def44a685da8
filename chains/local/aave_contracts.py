"""Aave's published contracts, with the addresses of their libraries put into the bytecode."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from chains.artifacts import Artifact
from chains.local.foundry import CONTRACTS_FOLDER

# In an order in which each finds the libraries that it needs already deployed.
LIBRARIES = (
    "SupplyLogic",
    "BorrowLogic",
    "LiquidationLogic",
    "EModeLogic",
    "BridgeLogic",
    "ConfiguratorLogic",
    "PoolLogic",
    "FlashLoanLogic",
)

_ARTIFACTS = CONTRACTS_FOLDER / "node_modules/@aave/core-v3/artifacts/contracts"
_FOLDERS = {
    **dict.fromkeys(LIBRARIES, "protocol/libraries/logic"),
    "PoolAddressesProvider": "protocol/configuration",
    "ACLManager": "protocol/configuration",
    "Pool": "protocol/pool",
    "PoolConfigurator": "protocol/pool",
    "DefaultReserveInterestRateStrategy": "protocol/pool",
    "AToken": "protocol/tokenization",
    "StableDebtToken": "protocol/tokenization",
    "VariableDebtToken": "protocol/tokenization",
    "AaveOracle": "misc",
}


def load_aave(name: str, libraries: Mapping[str, str] | None = None) -> Artifact:
    """The published contract of that name; `libraries`, by name, are needed to deploy one that uses any."""
    artifact, references = _published(name)
    if libraries is None:
        return artifact
    code = artifact.bytecode
    for file in references.values():
        for library, places in file.items():
            for place in places:
                start = len("0x") + 2 * place["start"]
                code = code[:start] + libraries[library].removeprefix("0x") + code[start + 2 * place["length"] :]
    return replace(artifact, bytecode=code)


@lru_cache(maxsize=len(_FOLDERS))
def _published(name: str) -> tuple[Artifact, dict[str, Any]]:
    """The contract and the places that its bytecode leaves open: file, library, positions in bytes."""
    path = _ARTIFACTS / _FOLDERS[name] / f"{name}.sol" / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"contracts/{path.relative_to(CONTRACTS_FOLDER)} is missing; run `make setup` first")
    entry = json.loads(path.read_text())
    artifact = Artifact(name, tuple(entry["abi"]), entry["bytecode"], entry["deployedBytecode"])
    return artifact, entry["linkReferences"]
