"""What is known of each chain: one TOML file per chain, read strictly."""

import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain. Addresses are those that every user of the chain shares.

    `native_token_usd` is an assumption: it expresses gas in dollars and decides nothing else. Blocks follow each other
    within `block_time_s`, which machines' clocks are held against. A transaction counts as mined with
    `confirmation_blocks` on top, and no reorganisation is expected to reach below `finality_blocks`; without a block
    after `replace_after_s` it is replaced. `private_relay` is the address of a relay that shows transactions to nobody
    else, empty without one.
    """

    name: str
    chain_id: int
    priority_fee_wei: int
    native_token_usd: float
    order_delay_s: int
    transfer_delay_s: int
    core_action_bound_s: int
    block_time_s: int
    core_writer: str
    core_deposit_wallet: str
    confirmation_blocks: int
    finality_blocks: int
    replace_after_s: int
    private_relay: str


class RegistryError(ValueError):
    """A chain's file does not say what it must."""


@lru_cache(maxsize=16)
def load_chain(name: str) -> Chain:
    """The chain of that name; the error lists what is wrong in its file."""
    file = resources.files(__name__).joinpath(f"{name}.toml")
    if not name.isidentifier() or not file.is_file():
        raise RegistryError(f"no chain {name!r} in chains/registry")
    return parse_chain(name, tomllib.loads(file.read_text()))


def parse_chain(name: str, table: dict[str, object]) -> Chain:
    """The chain that a parsed file describes; every field is required and nothing else is allowed."""
    expected = {field.name: field.type for field in fields(Chain) if field.name != "name"}
    problems = [f"{key} is missing" for key in expected if key not in table]
    problems += [f"{key} is not known" for key in table if key not in expected]
    for key, kind in expected.items():
        value = table.get(key)
        if key not in table or type(value) is kind:
            continue
        problems.append(f"{key}: expected {getattr(kind, '__name__', kind)}, got {value!r}")
    if problems:
        raise RegistryError(f"chains/registry/{name}.toml: " + "; ".join(problems))
    return Chain(name=name, **table)  # type: ignore[arg-type]  # every field was checked above
