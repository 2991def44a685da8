"""The chains' files are complete and strictly read."""

import pytest

from chains.local.anvil import CHAIN_ID
from chains.registry import RegistryError, load_chain, parse_chain


def test_the_local_chain_is_what_anvil_is_started_as() -> None:
    chain = load_chain("local")
    assert chain.chain_id == CHAIN_ID


@pytest.mark.parametrize("name", ["nowhere", "../local", ""])
def test_refuses_a_chain_without_a_file(name: str) -> None:
    with pytest.raises(RegistryError, match="no chain"):
        load_chain(name)


def test_tells_every_mistake_of_a_file_at_once() -> None:
    with pytest.raises(RegistryError) as refusal:
        parse_chain("broken", {"chain_id": "999", "order_delay_s": True, "max_gas": 1})
    for part in ("broken.toml", "chain_id: expected int", "order_delay_s: expected int", "max_gas is not known"):
        assert part in str(refusal.value)
    assert "core_writer is missing" in str(refusal.value)
