"""Numbers read as a person writes them."""

import numpy as np
import pytest

from agent.report.series import MAX_POINTS, thin
from agent.report.words import count, day, percent, usd, usd_short


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "$0"), (0.034, "$0.03"), (12.345, "$12.3"), (10_000, "$10k"), (105_399, "$105k"), (12_186_228, "$12.2m")],
)
def test_short_dollars_have_three_figures(value: float, text: str) -> None:
    assert usd_short(value) == text


def test_zero_has_no_sign_and_a_loss_has_a_true_minus() -> None:
    assert usd(-0.001, 2, signed=True) == "$0.00"
    assert usd(-1_234.5, 1, signed=True) == "\N{MINUS SIGN}$1,234.5"
    assert usd(5.0, signed=True) == "+$5"
    assert percent(-0.0123) == "\N{MINUS SIGN}1.23 %"


def test_unknown_is_said_and_never_zero() -> None:
    assert percent(None) == "not known"
    assert usd(None) == "not known"


def test_counts_and_days() -> None:
    assert (count(1, "cycle"), count(1_440, "cycle")) == ("1 cycle", "1,440 cycles")
    assert day(1_750_003_200) == "15 Jun 2025"


def test_thinning_keeps_the_extremes_and_the_gaps() -> None:
    values = np.zeros(20_000)
    values[7_777], values[15_000] = -5.0, 9.0
    values[:1_000] = np.nan
    _, kept = thin(np.arange(20_000), values)
    assert len(kept) <= MAX_POINTS + 2
    assert (np.nanmin(kept), np.nanmax(kept)) == (-5.0, 9.0)
    assert np.isnan(kept[0])
