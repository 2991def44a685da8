import re
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from agent.execution.revert_codes import CODES, WITHOUT_OWN_CODE, code_of, reason_for
from agent.reasons import Code
from chains.artifacts import load
from chains.functions import RevertReason, abi_encode

# Not the authority, which only roles meet, nor second price sources and the redemption queue: the oracle and the vault
# catch whatever those say.
REACHED_BY_A_PLAN = ("Vault", "Policy", "Portfolio", "PriceOracle", "UniswapV3Spot", "HyperCorePerp")
ADAPTERS = Path(__file__).parents[2] / "contracts/src/adapters"

# Errors of functions that a plan never calls: set-up and roles, shares, permits.
IMPOSSIBLE = frozenset(
    {
        # constructors and what only the authority's roles may call
        "AccessManagedInvalidAuthority",
        "AccessManagedRequiredDelay",
        "AccessManagedUnauthorized",
        "ActionDelayInvalid",
        "AdapterAlreadyAccepted",
        "AdapterForAnother",
        "AdapterNotEmpty",
        "AddressWithoutCode",
        "AssetDecimalsNotSix",
        "AssetDecimalsTooLarge",
        "BorrowingDisabled",
        "DecimalsTooLarge",
        "DeviationBoundInvalid",
        "FeeTooHigh",
        "FeedBoundsInvalid",
        "InvalidShortString",
        "LimitLoosened",
        "LimitOutOfBounds",
        "ModeNotSafer",
        "NotAContract",
        "NotCollateral",
        "NotListed",
        "OracleForAnother",
        "PerpNotSupported",
        "PoolOfOtherTokens",
        "PriceOutOfRange",
        "QueueForAnotherVault",
        "SequencerGraceInvalid",
        "StringTooLong",
        "TooManyAdapters",
        "ZeroAddress",
        # unwinding by strangers
        "AgentNotSilent",
        "PartInvalid",
        "SafeCastOverflowedIntDowncast",
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
        # the vault is the only caller of its adapters, and the pool of their callback
        "NoPaymentDue",
        "OnlyVault",
    }
)


def declared_errors() -> set[str]:
    """Of what the agent's vaults are made of, and of every adapter there is."""
    built = {entry["name"] for name in REACHED_BY_A_PLAN for entry in load(name).abi if entry["type"] == "error"}
    return built.union(*(re.findall(r"^\s*error (\w+)\(", path.read_text(), re.M) for path in ADAPTERS.glob("*.sol")))


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
        (RevertReason("HealthTooLow", (20_000, 30_000)), Code.HEALTH_TOO_LOW),
        (RevertReason("AmountInTooLarge", (11, 10)), Code.SLIPPAGE),
        (RevertReason("SequencerDown", ("0x" + "77" * 20, 0, 3_600)), Code.SEQUENCER_DOWN),
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


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("VenueCapExceeded", Code.VENUE_CAP),
        ("AssetCapExceeded", Code.ASSET_CAP),
        ("OracleDeviates", Code.ORACLE_DEVIATION),
        ("OracleStale", Code.ORACLE_STALE),
        ("SequencerDown", Code.SEQUENCER_DOWN),
    ],
)
def test_an_error_that_names_an_address_brings_its_value_and_bound_too(error: str, code: Code) -> None:
    address = "0x" + "ab" * 20
    data = keccak(text=f"{error}(address,uint256,uint256)")[:4] + abi_encode(
        "(address,uint256,uint256)", (address, 700, 500)
    )
    reason = reason_for(data)
    assert (reason.code, reason.value, reason.bound) == (code, 700.0, 500.0)
    assert address in reason.message.lower()


def test_revert_data_nobody_declared_are_shown_as_they_are() -> None:
    reason = reason_for(bytes.fromhex("deadbeef"))
    assert (reason.code, "0xdeadbeef" in reason.message) == (Code.REHEARSAL_REVERTED, True)
