"""A contract that a test imports as `ballast/...` is compiled into the test, without the optimizer; as `src/...` forge
deploys the compiled one."""

import re

from chains.local.foundry import CONTRACTS_FOLDER


def test_no_contract_test_compiles_a_contract_into_itself() -> None:
    tests = list((CONTRACTS_FOLDER / "test").rglob("*.sol"))
    assert tests
    inside = [path.name for path in tests if re.search(r'from "ballast/', path.read_text())]
    assert inside == []
