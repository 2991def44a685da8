"""Encoding, decoding and revert reasons."""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from chains.artifacts import decode_revert, load
from chains.functions import Function, UndecodableResult, abi_decode, constructor_inputs

TRANSFER = Function("transfer(address,uint256)", "(bool)")
SOMEBODY = "0x" + "ab" * 20


def test_calldata_are_what_the_reference_encoder_gives() -> None:
    expected = keccak(text="transfer(address,uint256)")[:4] + encode(["address", "uint256"], [SOMEBODY, 5])
    assert TRANSFER.encode(SOMEBODY, 5) == expected


@given(st.integers(0, 2**256 - 1), st.binary(max_size=100), st.booleans())
def test_what_was_encoded_decodes_to_the_same(number: int, data: bytes, flag: bool) -> None:
    function = Function("f((uint256,bytes)[],bool)", "((uint256,bytes)[],bool)")
    encoded = function.encode([(number, data)], flag)
    assert function.decode(encoded[4:]) == (((number, data),), flag)


def test_a_structs_selector_is_made_of_its_fields() -> None:
    assert Function.from_abi(load("Vault").abi, "rebalance").signature == (
        "rebalance((uint256,address,uint64,uint64,bytes32,(address,uint256,bytes)[]))"
    )


@pytest.mark.parametrize("args", [(SOMEBODY,), (SOMEBODY, -1), (SOMEBODY, 2**256), ("0x12", 1), (SOMEBODY, 1.5)])
def test_refuses_arguments_that_do_not_fit(args: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="cannot encode"):
        TRANSFER.encode(*args)


@pytest.mark.parametrize("data", [b"", b"\1", b"\0" * 31, b"\0" * 31 + b"\2"])
def test_refuses_results_that_are_too_short_or_not_of_the_type(data: bytes) -> None:
    with pytest.raises(UndecodableResult):
        TRANSFER.decode(data)


@pytest.mark.parametrize("signature", ["balanceOf", "balanceOf (address)", "balanceOf(address owner)"])
def test_refuses_a_signature_that_would_give_a_wrong_selector(signature: str) -> None:
    with pytest.raises(ValueError, match="function signature"):
        Function(signature)


def test_an_unknown_or_overloaded_name_in_an_abi_is_refused() -> None:
    with pytest.raises(ValueError, match="found 0"):
        Function.from_abi(load("Vault").abi, "steal")


def test_a_contract_without_constructor_takes_nothing() -> None:
    assert constructor_inputs(load("ReadPrecompile").abi) == "()"


def test_a_custom_error_reads_as_its_name_and_arguments() -> None:
    data = keccak(text="PlanNumberWrong(uint64,uint64)")[:4] + encode(["uint64", "uint64"], [5, 4])
    assert str(decode_revert(data)) == "PlanNumberWrong(5, 4)"


def test_plain_reverts_and_panics_have_names_too() -> None:
    text = bytes.fromhex("08c379a0") + encode(["string"], ["too late"])
    panic = bytes.fromhex("4e487b71") + encode(["uint256"], [17])
    assert str(decode_revert(text)) == "Error(too late)"
    assert str(decode_revert(panic)) == "Panic(17)"
    assert decode_revert(b"").name == "NoReason"


def test_an_unknown_error_keeps_its_selector_and_arguments() -> None:
    reason = decode_revert(b"\xde\xad\xbe\xef\x01")
    assert (reason.name, reason.args) == ("0xdeadbeef", (b"\x01",))


def test_a_known_error_with_broken_arguments_is_not_guessed_at() -> None:
    data = keccak(text="PlanNumberWrong(uint64,uint64)")[:4] + b"\1"
    assert decode_revert(data).name == "0x" + data[:4].hex()


def test_empty_types_decode_to_nothing() -> None:
    assert abi_decode("()", b"") == ()
