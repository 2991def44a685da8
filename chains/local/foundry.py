"""Finds forge and anvil as the native programs of this machine."""

import platform
from pathlib import Path

CONTRACTS_FOLDER = Path(__file__).resolve().parents[2] / "contracts"

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def platform_name() -> str:
    """The end of the npm package names that hold this machine's programs, for example "linux-amd64"."""
    system = platform.system().lower()
    architecture = _ARCHITECTURES.get(platform.machine().lower())
    if system not in ("linux", "darwin") or architecture is None:
        raise RuntimeError(f"Foundry has no programs for {platform.system()} on {platform.machine()}; use Docker")
    return f"{system}-{architecture}"


def native_binary(name: str) -> Path:
    """The native "forge" or "anvil" of this machine.

    The npm launcher of the same name answers 0 even when tests fail (foundry-rs/foundry#14781) and leaves anvil running
    when it is killed, so it is not even installed.
    """
    binary = CONTRACTS_FOLDER / "node_modules" / "@foundry-rs" / f"{name}-{platform_name()}" / "bin" / name
    if not binary.exists():
        raise FileNotFoundError(f"{name} is not installed in contracts/node_modules; run `make setup` first")
    return binary
