"""What is shipped is what the sources compile to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chains.artifacts import NAMES, Artifact, load
from chains.artifacts.__main__ import compiled
from chains.local.foundry import CONTRACTS_FOLDER, native_binary


@pytest.fixture(scope="module")
def forge_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the sources as they are now; forge compiles again whatever changed since the last one."""
    home = tmp_path_factory.mktemp("forge")
    path = os.environ["PATH"] + os.pathsep + str(Path(sys.executable).parent)  # the compiler runs on Node.js
    environment = {**os.environ, "HOME": str(home), "PATH": path}
    command = [str(native_binary("forge")), "build", "src", "sim"]
    build = subprocess.run(command, cwd=CONTRACTS_FOLDER, env=environment, capture_output=True, text=True, check=False)
    assert build.returncode == 0, build.stderr
    return CONTRACTS_FOLDER / "out"


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_artefact_equals_a_fresh_build(forge_output: Path, name: str) -> None:
    entry = compiled(forge_output, name)
    fresh = Artifact(name, tuple(entry["abi"]), entry["bytecode"], entry["deployedBytecode"])
    assert load(name) == fresh, "run `make artifacts`"


def test_no_shipped_contract_is_above_the_size_a_chain_accepts() -> None:
    sizes = {name: (len(load(name).deployed_bytecode) - 2) // 2 for name in NAMES}
    assert {name: size for name, size in sizes.items() if size > 24_576} == {}


def test_an_unknown_artefact_is_refused() -> None:
    with pytest.raises(ValueError, match="there are Vault"):
        load("Multicall9")
