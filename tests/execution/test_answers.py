import pytest

from agent.execution.answers import Client, Verdict, client_of, read_answer
from agent.reasons import Code
from chains.rpc import RpcError

IN_POOL, REFUSED, UNKNOWN = Verdict.IN_POOL, Verdict.REFUSED, Verdict.UNKNOWN

# What each client really says to eth_sendRawTransaction, details and all.
SAID = [
    (Client.GETH, "already known", IN_POOL, Code.ALREADY_KNOWN),
    (Client.GETH, "known transaction: 2a3f", IN_POOL, Code.ALREADY_KNOWN),
    (Client.GETH, "insufficient funds for gas * price + value: balance 0, tx cost 1", REFUSED, Code.GAS_RESERVE),
    (Client.GETH, "transaction underpriced: gas tip cap 1, minimum needed 2", REFUSED, Code.FEE_TOO_LOW),
    (Client.GETH, "max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1", REFUSED, Code.FEE_TOO_LOW),
    (Client.GETH, "intrinsic gas too low: gas 20000, minimum needed 21000", REFUSED, Code.GAS_LIMIT),
    (Client.GETH, "exceeds block gas limit", REFUSED, Code.GAS_LIMIT),
    (Client.GETH, "invalid chain id for signer: have 1 want 2", REFUSED, Code.WRONG_CHAIN),
    (Client.GETH, "tx fee (1.50 ether) exceeds the configured cap (1.00 ether)", REFUSED, Code.NODE_FEE_CAP),
    (Client.GETH, "replacement transaction underpriced: new tx gas fee cap 1 <= 2 queued", UNKNOWN, Code.UNDERPRICED),
    (Client.GETH, "nonce too low: next nonce 5, tx nonce 4", UNKNOWN, Code.NONCE_USED),
    (Client.GETH, "txpool is full", UNKNOWN, Code.ANSWER_UNCLASSED),
    (Client.NETHERMIND, "AlreadyKnown", IN_POOL, Code.ALREADY_KNOWN),
    (Client.NETHERMIND, "already known", IN_POOL, Code.ALREADY_KNOWN),
    (Client.NETHERMIND, "InsufficientFunds, Account balance: 0, cumulative cost: 9", REFUSED, Code.GAS_RESERVE),
    (Client.NETHERMIND, "FeeTooLow, EffectivePriorityFeePerGas too low 1 < 2, BaseFee: 7", REFUSED, Code.FEE_TOO_LOW),
    (Client.NETHERMIND, "FeeTooLowToCompete", REFUSED, Code.FEE_TOO_LOW),
    (Client.NETHERMIND, "GasLimitExceeded, Gas limit: 1, gas limit of rejected tx: 2", REFUSED, Code.GAS_LIMIT),
    (Client.NETHERMIND, "OldNonce, Current nonce: 5, nonce of rejected tx: 4", UNKNOWN, Code.NONCE_USED),
    (Client.NETHERMIND, "ReplacementNotAllowed", UNKNOWN, Code.UNDERPRICED),
    (Client.NETHERMIND, "OwnNonceAlreadyUsed", UNKNOWN, Code.ANSWER_UNCLASSED),
    (Client.ERIGON, "INTERNAL_ERROR: existing tx with same hash", IN_POOL, Code.ALREADY_KNOWN),
    (Client.ERIGON, "existing txn with same hash", IN_POOL, Code.ALREADY_KNOWN),
    (Client.ERIGON, "INTERNAL_ERROR: insufficient funds", REFUSED, Code.GAS_RESERVE),
    (Client.ERIGON, "underpriced", REFUSED, Code.FEE_TOO_LOW),
    (Client.ERIGON, "fee too low", REFUSED, Code.FEE_TOO_LOW),
    (Client.ERIGON, "IntrinsicGas", REFUSED, Code.GAS_LIMIT),
    (Client.ERIGON, "INTERNAL_ERROR: could not replace existing tx", UNKNOWN, Code.UNDERPRICED),
    (Client.ERIGON, "replaced by transaction with higher tip", UNKNOWN, Code.ANSWER_UNCLASSED),
    (Client.ERIGON, "pending sub-pool is full", UNKNOWN, Code.ANSWER_UNCLASSED),
    (Client.BESU, "Known transaction", IN_POOL, Code.ALREADY_KNOWN),
    (Client.BESU, "Upfront cost exceeds account balance", REFUSED, Code.GAS_RESERVE),
    (Client.BESU, "Gas price below current base fee", REFUSED, Code.FEE_TOO_LOW),
    (Client.BESU, "Gas price below configured minimum gas price", REFUSED, Code.FEE_TOO_LOW),
    (Client.BESU, "Intrinsic gas exceeds gas limit", REFUSED, Code.GAS_LIMIT),
    (Client.BESU, "Transaction fee cap exceeded", REFUSED, Code.NODE_FEE_CAP),
    (Client.BESU, "Wrong chainId", REFUSED, Code.WRONG_CHAIN),
    (Client.BESU, "Replacement transaction underpriced", UNKNOWN, Code.UNDERPRICED),
    (Client.BESU, "Nonce too low", UNKNOWN, Code.NONCE_USED),
    (Client.BESU, "Transaction pool not enabled", UNKNOWN, Code.ANSWER_UNCLASSED),
    (Client.RETH, "already known", IN_POOL, Code.ALREADY_KNOWN),
    (Client.RETH, "insufficient funds for gas * price + value: have 0 want 1", REFUSED, Code.GAS_RESERVE),
    (Client.RETH, "transaction underpriced", REFUSED, Code.FEE_TOO_LOW),
    (Client.RETH, "exceeds block gas limit", REFUSED, Code.GAS_LIMIT),
    (Client.RETH, "nonce too low: next nonce 5, tx nonce 4", UNKNOWN, Code.NONCE_USED),
    (Client.ANVIL, "transaction already imported", IN_POOL, Code.ALREADY_KNOWN),
    (Client.ANVIL, "Insufficient funds for gas * price + value", REFUSED, Code.GAS_RESERVE),
    (Client.ANVIL, "max fee per gas less than block base fee", REFUSED, Code.FEE_TOO_LOW),
    (Client.ANVIL, "intrinsic gas too low", REFUSED, Code.GAS_LIMIT),
    (Client.ANVIL, "replacement transaction underpriced", UNKNOWN, Code.UNDERPRICED),
    (Client.ANVIL, "nonce too low", UNKNOWN, Code.NONCE_USED),
]


@pytest.mark.parametrize(("client", "message", "verdict", "code"), SAID)
def test_each_client_is_understood_in_its_own_words(client: Client, message: str, verdict: Verdict, code: Code) -> None:
    answer = read_answer(client, RpcError(-32000, f"eth_sendRawTransaction: {message}"))
    assert (answer.verdict, answer.code) == (verdict, code)
    assert message in answer.note


def test_every_client_has_a_success_a_failure_and_an_unknown() -> None:
    for client in Client:
        assert {verdict for said, _, verdict, _ in SAID if said is client} == set(Verdict)


@pytest.mark.parametrize(
    "message",
    ["unknown transaction", "not already known", "unknown: insufficient fundsX", "internal error", "", "underpriced?"],
)
@pytest.mark.parametrize("client", [*Client, None])
def test_words_of_no_table_leave_the_outcome_open(client: Client | None, message: str) -> None:
    answer = read_answer(client, RpcError(-32000, f"eth_sendRawTransaction: {message}"))
    assert (answer.verdict, answer.code) == (UNKNOWN, Code.ANSWER_UNCLASSED)


@pytest.mark.parametrize(("client", "message", "verdict", "code"), [row for row in SAID if row[2] is REFUSED])
def test_a_client_nobody_knows_gives_no_certain_refusal(
    client: Client, message: str, verdict: Verdict, code: Code
) -> None:
    assert read_answer(None, RpcError(-32000, message)).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("version", "client"),
    [
        ("Geth/v1.16.4-stable-41714b49/linux-amd64/go1.24.7", Client.GETH),
        ("Nethermind/v1.34.0+b9d5d3b6/linux-x64/dotnet9.0.9", Client.NETHERMIND),
        ("erigon/3.1.0/linux-amd64/go1.24.7", Client.ERIGON),
        ("besu/v25.9.0/linux-x86_64/openjdk-java-21", Client.BESU),
        ("reth/v1.8.2-9c30bf7/x86_64-unknown-linux-gnu", Client.RETH),
        ("anvil/v1.7.1", Client.ANVIL),
        ("proxyd/4", None),
        ("", None),
    ],
)
def test_the_client_tells_its_name(version: str, client: Client | None) -> None:
    assert client_of(version) is client
