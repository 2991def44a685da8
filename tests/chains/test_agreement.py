"""When answers agree: whatever a minority says, it is never what is believed."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chains.events import parse_logs
from chains.providers.agreement import agreed, fault_of_head, opinion, shared_height
from chains.providers.health import FIRST_BACK_OFF_S, LONGEST_BACK_OFF_S, FaultKind, HealthRecord
from chains.providers.worker import Told
from chains.rpc import BadAnswer, BlockRef, RpcError, RpcUnavailable, block_ref, data_bytes, quantity

TRUTH = 42
errors = st.sampled_from(
    [
        RpcUnavailable("down"),
        BadAnswer("cut off"),
        RpcError(-32000, "header not found"),
        RpcError(3, "reverted", "0x01"),
    ]
)
lies = st.integers(43, 45).map(lambda value: (value, None)) | errors.map(lambda error: (None, error))
FIELDS = ["number", "hash", "timestamp", "baseFeePerGas", "address", "topics", "data", "logs"]
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0x", "0x1", "0xzz"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)


def told(value: Any, error: Any = None) -> Told:
    return Told("node", value, error, 0.01)


@given(st.integers(2, 7), st.data())
def test_a_minority_of_liars_is_never_believed(count: int, data: st.DataObject) -> None:
    needed = max(2, count // 2 + 1)
    liars = data.draw(st.lists(lies, max_size=needed - 1))
    honest = count - len(liars)
    answers = data.draw(st.permutations([told(*lie) for lie in liars] + [told(TRUTH)] * max(0, honest)))
    accepted = agreed(answers, needed)
    assert accepted is None or accepted.value == TRUTH
    assert (accepted is not None) == (honest >= needed)


def test_a_revert_agrees_with_a_revert_of_the_same_data_whatever_the_words() -> None:
    geth, other = (
        told(None, RpcError(3, "execution reverted: X", "0xab")),
        told(None, RpcError(-32015, "VM revert", "0xab")),
    )
    assert agreed([geth, other], 2) is geth
    assert agreed([geth, told(None, RpcError(3, "execution reverted", "0xcd"))], 2) is None
    assert opinion(told(None, RpcError(3, "reverted", "0xzz"))) is None


@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=7))
def test_the_shared_height_is_one_that_enough_have_reached(numbers: list[int]) -> None:
    needed = len(numbers) // 2 + 1
    heads = [BlockRef(number, "0x" + "00" * 32, 0, 0) for number in numbers]
    height = shared_height(heads, needed)
    assert sum(number >= height for number in numbers) >= needed
    assert sum(number > height for number in numbers) < needed


def test_a_head_is_judged_by_the_accepted_one() -> None:
    accepted = BlockRef(100, "0x" + "aa" * 32, 1, 1)
    other = BlockRef(100, "0x" + "bb" * 32, 1, 1)
    expected = {100: FaultKind.FORKED, 95: None, 94: FaultKind.LAGGING, 105: None, 106: FaultKind.AHEAD}
    for number, kind in expected.items():
        assert fault_of_head(replace(other, number=number), accepted, 5) is kind
    assert fault_of_head(accepted, accepted, 5) is None


def test_rest_doubles_with_every_failure_and_ends_with_an_answer() -> None:
    record = HealthRecord("node")
    rests = []
    for _ in range(12):
        record.bad(0.0)
        rests.append(record.resting_s(0.0))
    assert rests[:4] == [0.0, FIRST_BACK_OFF_S, 2 * FIRST_BACK_OFF_S, 4 * FIRST_BACK_OFF_S]
    assert rests[-1] == LONGEST_BACK_OFF_S
    score = record.snapshot(0.0).score
    record.good(0.05)
    assert record.snapshot(100.0).asked_again_in_s == 0
    assert record.snapshot(100.0).score > score
    record.bad(100.0)
    assert record.resting_s(100.0) == 0, "one failure after a good answer is no series"


@given(json)
def test_no_json_gets_further_than_its_parser(value: Any) -> None:
    for parse in (quantity, data_bytes, block_ref, lambda one: parse_logs({"logs": one})):
        try:
            parse(value)
        except RpcUnavailable:
            continue
