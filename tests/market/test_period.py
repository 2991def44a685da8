"""Periods as people write them."""

from datetime import UTC, datetime

import pytest

from agent.market.period import parse_period
from agent.reasons import Code, Refusal


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_both_days_belong_to_the_period() -> None:
    assert parse_period("2023-02-01", "2023-06-30") == (at("2023-02-01T00"), at("2023-06-30T23"))


def test_five_months_of_2023_are_3600_hours() -> None:
    first, last = parse_period("2023-02-01", "2023-06-30")
    assert (last - first) // 3_600 + 1 == 3_600


def test_a_month_means_all_of_it() -> None:
    assert parse_period("2022-12", "2023-02") == (at("2022-12-01T00"), at("2023-02-28T23"))


@pytest.mark.parametrize(
    ("first", "last"), [("2023-02-30", "2023-03"), ("yesterday", "2023-03"), ("2023-03", "2023-02")]
)
def test_refuses_what_is_no_period(first: str, last: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_period(first, last)
    assert refused.value.reasons[0].code is Code.CONFIG_OUT_OF_RANGE
