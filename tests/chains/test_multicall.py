"""One round trip for everything, pinned to a block, on a real node."""

import threading

import pytest

from chains.functions import Function, UndecodableResult
from chains.local import DEPLOYER, DEPOSITOR, LocalChain, Sender
from chains.multicall import MULTICALL3_ADDRESS, Call, CallReverted, ReadReverted, read_all
from chains.rpc import BlockRef, Node, RpcError
from chains.venues import uniswap_v3

BALANCE_OF = Function("balanceOf(address)", "(uint256)")
SYMBOL = Function("symbol()", "(string)")
TRANSFER_FROM = Function("transferFrom(address,address,uint256)", "(bool)")
MINT = Function("mint(address,uint256)")


def test_reads_everything_in_one_round_trip(chain: LocalChain) -> None:
    world, block, trips = chain.world, chain.node.head(), chain.node.round_trips
    calls = [Call(world.usdc, SYMBOL), uniswap_v3.slot0(world.pool), Call(world.weth, BALANCE_OF, (world.pool,))]
    symbol, state, balance = read_all(chain.node, block, calls)
    assert chain.node.round_trips == trips + 1
    assert (symbol, len(state)) == ("USDC", 7)
    assert balance > 0


def test_no_calls_are_no_round_trip(chain: LocalChain) -> None:
    trips = chain.node.round_trips
    assert read_all(chain.node, chain.node.head(), []) == []
    assert chain.node.round_trips == trips + 1


def test_a_read_is_of_the_block_it_names(chain: LocalChain) -> None:
    holding = Call(chain.world.usdc, BALANCE_OF, (DEPLOYER,))
    before = chain.node.head()
    Sender(chain.node, DEPLOYER).send(chain.world.usdc, MINT, DEPLOYER, 5)
    (old,) = read_all(chain.node, before, [holding])
    (new,) = read_all(chain.node, chain.node.head(), [holding])
    assert new == old + 5


def test_a_read_beside_a_node_that_mines_is_of_the_block_it_names(chain: LocalChain) -> None:
    clock, over = Call(MULTICALL3_ADDRESS, Function("getCurrentBlockTimestamp()", "(uint256)")), threading.Event()
    calls = [clock, uniswap_v3.slot0(chain.world.pool)]
    first = chain.node.head()

    def mine() -> None:
        miner = Sender(Node(chain.url), DEPLOYER)
        while not over.is_set():
            miner.send(chain.world.usdc, MINT, DEPLOYER, 5)

    mining = threading.Thread(target=mine)
    mining.start()
    try:
        reads = 0
        while (block := chain.node.head()).number < first.number + 50 or reads < 50:
            assert mining.is_alive()
            assert read_all(chain.node, block, calls)[0] == block.timestamp
            reads += 1
    finally:
        over.set()
        mining.join()


def test_a_block_that_does_not_exist_gives_no_answer(chain: LocalChain) -> None:
    with pytest.raises(RpcError):
        read_all(chain.node, BlockRef(1, "0x" + "12" * 32, 1, 1), [Call(chain.world.usdc, SYMBOL)])


def test_a_reverted_call_raises_unless_the_caller_wants_to_see_it(chain: LocalChain) -> None:
    reverting = Call(chain.world.usdc, TRANSFER_FROM, (DEPLOYER, DEPOSITOR, 1))
    good = Call(chain.world.usdc, SYMBOL)
    with pytest.raises(ReadReverted, match="transferFrom"):
        read_all(chain.node, chain.node.head(), [good, reverting])
    symbol, reverted = read_all(chain.node, chain.node.head(), [good, reverting], allow_reverts=True)
    assert symbol == "USDC"
    assert isinstance(reverted, CallReverted)
    assert reverted.selector.hex() == "fb8f41b2"  # ERC20InsufficientAllowance(address,uint256,uint256)


def test_an_address_without_a_contract_is_not_an_empty_answer(chain: LocalChain) -> None:
    with pytest.raises(UndecodableResult, match="balanceOf"):
        read_all(chain.node, chain.node.head(), [Call("0x" + "77" * 20, BALANCE_OF, (DEPLOYER,))])
