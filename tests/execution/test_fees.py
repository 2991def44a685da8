import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.execution.fees import GWEI, FeePolicy, Fees
from agent.reasons import Code, Reason

POLICY = FeePolicy(50 * GWEI, 200 * GWEI, GWEI // 10)
WEI_PER_GAS = st.integers(1, 400 * GWEI)


@given(base_fee=st.integers(0, 400 * GWEI), urgent=st.booleans())
def test_first_fees_cover_todays_base_fee_and_never_pass_the_cap(base_fee: int, urgent: bool) -> None:
    fees, cap = POLICY.first(base_fee, urgent=urgent), POLICY.cap(urgent=urgent)
    if base_fee + POLICY.priority_fee_wei > cap:
        assert isinstance(fees, Reason)
        assert (fees.code, fees.bound) == (Code.FEE_ABOVE_CAP, cap / GWEI)
        assert ("urgent" in fees.where) is urgent
    else:
        assert isinstance(fees, Fees)
        assert base_fee + fees.priority_fee_wei <= fees.max_fee_wei <= cap


@given(max_fee=WEI_PER_GAS, priority=WEI_PER_GAS, base_fee=st.integers(0, 400 * GWEI), urgent=st.booleans())
def test_a_replacement_is_an_eighth_dearer_on_both_fees_within_the_cap_or_there_is_none(
    max_fee: int, priority: int, base_fee: int, urgent: bool
) -> None:
    previous = Fees(max(max_fee, priority), priority)
    fees, cap = POLICY.replacement(previous, base_fee, urgent=urgent), POLICY.cap(urgent=urgent)
    if fees is None:
        assert previous.max_fee_wei * 1125 > cap * 1000
    else:
        assert fees.max_fee_wei * 1000 >= previous.max_fee_wei * 1125
        assert fees.priority_fee_wei * 1000 >= previous.priority_fee_wei * 1125
        assert fees.priority_fee_wei <= fees.max_fee_wei <= cap


def test_replacing_again_and_again_ends_at_the_cap() -> None:
    fees, count = Fees(GWEI, GWEI // 10), 0
    while (more := POLICY.replacement(fees, 0, urgent=True)) is not None:
        fees, count = more, count + 1
    assert 200 * GWEI / 1.125 < fees.max_fee_wei <= 200 * GWEI
    assert count == 44


@pytest.mark.parametrize("caps", [(0, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 0)])
def test_refuses_caps_that_leave_no_room(caps: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected 0 < priority fee"):
        FeePolicy(*caps)


def test_a_priority_fee_may_be_all_that_is_paid() -> None:
    assert FeePolicy(1, 1, 1).first(0, urgent=False) == Fees(1, 1)
