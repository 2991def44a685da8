"""A whole local chain for the length of a `with` block: node, market, and the one who moves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chains.local.aave import AaveAddresses, add_aave
from chains.local.anvil import Anvil
from chains.local.mover import Mover
from chains.local.spec import World, WorldSpec
from chains.local.world import deploy_world
from chains.rpc import Node


@dataclass(frozen=True, slots=True)
class LocalChain:
    """A running local chain; `url` is for further clients of the same node."""

    url: str
    node: Node
    world: World
    mover: Mover
    aave: AaveAddresses | None = None


@contextmanager
def local_chain(spec: WorldSpec) -> Iterator[LocalChain]:
    """Starts a chain with the market of `spec` on it.

    The market is deployed on one node and lives on in a fork of it. Anvil hashes its whole state for every block except
    in a fork, and every Chainlink round adds to the state: after a thousand hours that alone would cost 10 ms a block.
    """
    with Anvil(spec.genesis_timestamp) as origin:
        world = deploy_world(origin.node, spec)
        aave = add_aave(origin.node, world) if spec.lending else None
        with Anvil(spec.genesis_timestamp, fork_of=origin.url) as live:
            yield LocalChain(live.url, live.node, world, Mover(live.node, world), aave)
