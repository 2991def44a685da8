"""Which nonce a person may accept."""

import pytest
from counting_chain import CountingChain

from agent.execution.nonces import final_nonce
from agent.execution.signer import Transaction
from agent.reasons import Code, Refusal
from chains.local.accounts import DEPOSITOR

FINALITY_BLOCKS = 3


def test_a_nonce_is_accepted_once_no_reorganisation_can_take_it_back(chain: CountingChain) -> None:
    for _ in range(FINALITY_BLOCKS):
        chain.mine()
    assert final_nonce(chain.node, chain.signer.address, FINALITY_BLOCKS) == 0
    stranger = chain.signer.sign(Transaction(31337, 0, DEPOSITOR, b"", 21_000, 10**11, 10**9))
    chain.node.call("eth_sendRawTransaction", "0x" + stranger.raw.hex())
    chain.mine()
    with pytest.raises(Refusal) as refused:
        final_nonce(chain.node, chain.signer.address, FINALITY_BLOCKS)
    (reason,) = refused.value.reasons
    assert (reason.code, reason.value, reason.bound) == (Code.NONCE_NOT_FINAL, 1.0, 0.0)
    for _ in range(FINALITY_BLOCKS):
        chain.mine()
    assert final_nonce(chain.node, chain.signer.address, FINALITY_BLOCKS) == 1
