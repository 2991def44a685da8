import pytest
from eth_utils.crypto import keccak

from agent.execution.revert_codes import CODES, WITHOUT_OWN_CODE, code_of, reason_for
from agent.reasons import Code
from chains.artifacts import load
from chains.functions import RevertReason, abi_encode

REACHED_BY_A_PLAN = ("Vault", "Policy", "PriceOracle", "UniswapV3Spot", "HyperCorePerp")

# Errors of functions that a plan never calls: set-up and roles, shares, permits.
IMPOSSIBLE = frozenset(
    {
        # constructors and the owner's, guardian's and curator's functions
        "ActionDelayInvalid",
        "AdapterAlreadyAccepted",
        "AdapterNotEmpty",
        "AgentMustDiffer",
        "AssetDecimalsNotSix",
        "DecimalsTooLarge",
        "FeedBoundsInvalid",
        "FeedRepeated",
        "GuardianMayOnlyRemoveAgent",
        "InvalidShortString",
        "LimitLoosened",
        "LimitOutOfBounds",
        "ModeNotSafer",
        "NotOwner",
        "NotOwnerOrGuardian",
        "OracleForAnotherAsset",
        "PerpNotSupported",
        "StringTooLong",
        "TooManyAdapters",
        "UnknownToken",  # the vault accepts no adapter whose token has no price
        "ZeroAddress",
        # shares: deposits, redemptions, approvals, permits
        "ECDSAInvalidSignature",
        "ECDSAInvalidSignatureLength",
        "ECDSAInvalidSignatureS",
        "ERC20InvalidApprover",
        "ERC20InvalidReceiver",
        "ERC20InvalidSender",
        "ERC20InvalidSpender",
        "ERC2612ExpiredSignature",
        "ERC2612InvalidSigner",
        "ERC4626ExceededMaxDeposit",
        "ERC4626ExceededMaxMint",
        "ERC4626ExceededMaxRedeem",
        "ERC4626ExceededMaxWithdraw",
        "InvalidAccountNonce",
        "TransferInexact",
        # the vault is the only caller of its adapters
        "OnlyVault",
    }
)


def declared_errors() -> set[str]:
    return {entry["name"] for name in REACHED_BY_A_PLAN for entry in load(name).abi if entry["type"] == "error"}


def test_every_error_of_the_contracts_has_a_place() -> None:
    places = [set(CODES), set(WITHOUT_OWN_CODE), set(IMPOSSIBLE)]
    assert declared_errors() - set().union(*places) == set()
    assert sum(len(place) for place in places) == len(set().union(*places)), "an error has two places"


def test_no_place_is_kept_for_an_error_that_is_gone() -> None:
    assert (set(CODES) | WITHOUT_OWN_CODE | IMPOSSIBLE) - declared_errors() == set()


@pytest.mark.parametrize(
    ("revert", "code"),
    [
        (RevertReason("NetDeltaExceeded", (600, 500)), Code.NET_DELTA),
        (RevertReason("Error", ("Too little received",)), Code.SLIPPAGE),
        (RevertReason("Error", ("STF",)), Code.REHEARSAL_REVERTED),
        (RevertReason("StateChanged", (b"", b"")), Code.REHEARSAL_REVERTED),
        (RevertReason("NoReason"), Code.REHEARSAL_REVERTED),
    ],
)
def test_an_error_has_the_code_of_the_limit_it_enforces(revert: RevertReason, code: Code) -> None:
    assert code_of(revert) is code


def test_a_limit_error_brings_its_value_and_bound() -> None:
    data = keccak(text="GrossLeverageExceeded(uint256,uint256)")[:4] + abi_encode("(uint256,uint256)", (17_000, 16_000))
    reason = reason_for(data)
    assert (reason.code, reason.value, reason.bound) == (Code.GROSS_LEVERAGE, 17_000.0, 16_000.0)
    assert "GrossLeverageExceeded(17000, 16000)" in reason.message


def test_revert_data_nobody_declared_are_shown_as_they_are() -> None:
    reason = reason_for(bytes.fromhex("deadbeef"))
    assert (reason.code, "0xdeadbeef" in reason.message) == (Code.REHEARSAL_REVERTED, True)
