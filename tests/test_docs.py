"""Documentation that is generated must be what the sources say today."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_contracts", DOCS / "generate_contracts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_contracts_page_says_what_sources_and_artefacts_say(generator: ModuleType) -> None:
    document = (DOCS / "contracts.md").read_text()
    assert generator.filled_in(document) == document, "run `make artifacts`"


def test_a_limit_without_bound_or_direction_stops_the_generator(generator: ModuleType) -> None:
    limits = "struct Limits {\n    uint16 forgottenBps;\n}\nstruct Cap {}"
    with pytest.raises(ValueError, match="forgottenBps"):
        list(generator.limit_rows(limits, ""))


def test_a_part_without_a_place_stops_the_generator(generator: ModuleType) -> None:
    with pytest.raises(ValueError, match="no place for limits"):
        generator.filled_in("# The contracts")
