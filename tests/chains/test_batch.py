"""Many transactions in one block: order, addresses, and what happens when one of them fails."""

from collections.abc import Iterator

import pytest

from chains import artifacts
from chains.functions import Function
from chains.local import AGENT, OWNER, Anvil, Sender, TransactionFailed
from chains.local.batch import Batch, created_address
from chains.multicall import Call
from chains.rpc import Node, quantity

MINT = Function("mint(address,uint256)")
TRANSFER = Function("transfer(address,uint256)", "(bool)")
BALANCE_OF = Function("balanceOf(address)", "(uint256)")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with Anvil(1_700_000_000) as anvil:
        yield anvil.node


def balance(node: Node, token: str, owner: str) -> int:
    call = Call(token, BALANCE_OF, (owner,))
    (amount,) = BALANCE_OF.decode(node.call_at(node.head().hash, token, call.calldata))
    return int(amount)


def test_everything_happens_in_one_block_in_the_order_it_was_added(node: Node) -> None:
    batch, before = Batch(node, OWNER), node.head()
    token = batch.create(artifacts.load("TestUSDC"))
    batch.send(token, MINT, OWNER, 10)
    batch.send(token, TRANSFER, AGENT, 7)
    receipts = batch.mine()
    assert [quantity(receipt["blockNumber"]) for receipt in receipts] == [before.number + 1] * 3
    assert receipts[0]["contractAddress"] == token
    assert node.head().timestamp == before.timestamp + 1
    assert (balance(node, token, OWNER), balance(node, token, AGENT)) == (3, 7)


def test_a_batch_can_be_filled_and_mined_again(node: Node) -> None:
    batch = Batch(node, OWNER)
    token = batch.create(artifacts.load("TestUSDC"))
    batch.mine()
    batch.send(token, MINT, OWNER, 4)
    assert len(batch.mine()) == 1
    assert balance(node, token, OWNER) == 4


def test_a_transaction_that_reverts_is_named_with_its_reason(node: Node) -> None:
    batch = Batch(node, OWNER)
    token = batch.create(artifacts.load("TestUSDC"))
    batch.send(token, TRANSFER, AGENT, 1)
    with pytest.raises(TransactionFailed, match=r"transfer\(address,uint256\) at 0x"):
        batch.mine()


@pytest.mark.parametrize("automine", [True, False])
def test_the_node_mines_afterwards_as_it_did_before(automine: bool) -> None:
    with Anvil(1_700_000_000, automine=automine) as anvil:
        batch = Batch(anvil.node, OWNER)
        batch.create(artifacts.load("TestUSDC"))
        batch.mine()
        assert anvil.node.call("anvil_getAutomine") is automine


@pytest.mark.parametrize("nonce", [0x7F, 0x80, 0xFF, 0x100, 0x12345])
def test_addresses_are_foretold_for_every_length_of_a_nonce(node: Node, nonce: int) -> None:
    account = Sender(node, AGENT)
    node.call("anvil_setNonce", AGENT, hex(nonce), nullable=True)
    assert account.create(artifacts.load("TestUSDC")) == created_address(AGENT, nonce)


def test_the_first_address_of_an_account_is_the_published_example() -> None:
    # Known since 2016: how the address of an Ethereum contract is computed, question 760 of its Stack Exchange.
    creator = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
    assert created_address(creator, 0) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert created_address(creator, 1) == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"
