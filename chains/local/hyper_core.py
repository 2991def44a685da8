"""Places the HyperCore stand-in behind the addresses of the real chain."""

from typing import Any

from chains import artifacts
from chains.local.sender import Sender
from chains.local.spec import PerpSpec
from chains.registry import Chain
from chains.rpc import Node

# Where the stand-in lives and which read addresses it answers: contracts/sim/HyperCoreAddresses.sol.
HYPER_CORE_ADDRESS = "0x" + b"HyperCore".ljust(20, b"\0").hex()
READ_PRECOMPILES = (0x0800, 0x0801, 0x0803, 0x0806, 0x0807, 0x0809, 0x080A, 0x080E, 0x080F, 0x0810, 0x0813)


def place_hyper_core(node: Node, chain: Chain) -> None:
    """Writes the stand-in's code where it belongs; nobody operates it yet."""
    contracts = {
        HYPER_CORE_ADDRESS: "HyperCore",
        chain.core_writer: "CoreWriter",
        chain.core_deposit_wallet: "CoreDepositWallet",
        **{f"0x{number:040x}": "ReadPrecompile" for number in READ_PRECOMPILES},
    }
    for address, name in contracts.items():
        node.call("anvil_setCode", address, artifacts.load(name).deployed_bytecode, nullable=True)


def open_hyper_core(sender: Sender, chain: Chain, mover: str, perp: PerpSpec, usdc: str) -> None:
    """Makes the mover HyperCore's operator and lists one perp; its prices come with the first tick."""
    delays = (chain.order_delay_s, chain.transfer_delay_s)
    _as_operator(sender, mover, "initialise", usdc, chain.core_deposit_wallet, *delays)
    liquidity = (perp.half_spread_ppm, perp.depth_usd, perp.taker_fee_ppm)
    terms = (perp.coin, perp.size_decimals, perp.max_leverage, *liquidity)
    _as_operator(sender, mover, "listPerp", perp.index, terms)


def create_core_account(sender: Sender, mover: str, user: str) -> None:
    """Gives an address the core account without which none of its writes act."""
    _as_operator(sender, mover, "createAccount", user)


def _as_operator(sender: Sender, mover: str, function: str, *args: Any) -> None:
    calldata = artifacts.load("HyperCore").function(function).encode(*args)
    sender.send(mover, artifacts.load("MarketMover").function("forward"), HYPER_CORE_ADDRESS, calldata)
