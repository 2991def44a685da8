"""What a person types about a chain: a node's address and contracts' addresses, refused with the option's name."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from eth_utils.address import is_address

from agent.market.chain_problems import CHAIN_PROBLEMS, chain_reason
from agent.reasons import Code, Reason, Refusal
from chains.rpc import Node


@contextmanager
def asked_node(url: str, options: str = "--rpc") -> Iterator[Node]:
    """The node that a person named, closed at the end.

    Parameters
    ----------
    options : what was typed; a refusal names it

    Raises
    ------
    Refusal : no address of a node, no answer, or one that does not fit the question
    """
    require_node_url(url, options)
    with closing(Node(url)) as node:
        try:
            yield node
        except CHAIN_PROBLEMS as error:
            raise Refusal(replace(chain_reason(error), where=options)) from error


def require_node_url(url: str, option: str) -> None:
    """Raises Refusal when that is no address of a node. It is not repeated: it may hold a key."""
    try:
        Node(url).close()  # connects to nothing yet
    except ValueError as error:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, str(error), where=option)) from error


def require_address(text: str, option: str) -> str:
    """The address of a contract, as typed. Raises Refusal when it is none, or its capitals betray a wrong digit."""
    if not (text.startswith("0x") and is_address(text)):
        message = f"expected an address, 0x and 40 hexadecimal digits, got {text!r}"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where=option))
    return text
