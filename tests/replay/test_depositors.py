"""The schedule of depositors: seeded, bounded, and never about depositor 0, who keeps the vault open."""

from agent.replay.depositors import DEPOSITORS, FIRST_DEPOSIT_USD, schedule

YEAR_S = 365 * 86_400


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another() -> None:
    assert schedule(7, 0, YEAR_S) == schedule(7, 0, YEAR_S)
    assert schedule(7, 0, YEAR_S) != schedule(8, 0, YEAR_S)


def test_a_longer_period_only_adds_wishes() -> None:
    short = schedule(7, 0, YEAR_S // 4)
    assert schedule(7, 0, YEAR_S)[: len(short)] == short


def test_depositors_come_and_go_about_every_four_days() -> None:
    wishes = schedule(7, 0, YEAR_S)
    assert 60 < len(wishes) < 130
    assert any(wish.usd for wish in wishes)
    assert any(wish.redeem_fraction for wish in wishes)


def test_every_wish_is_on_the_hour_inside_the_period_and_bounded() -> None:
    for wish in schedule(3, 7_200, YEAR_S):
        assert wish.time_s % 3_600 == 0
        assert 7_200 < wish.time_s < YEAR_S
        assert 1 <= wish.depositor < DEPOSITORS
        assert (wish.usd > 0) != (wish.redeem_fraction > 0)
        assert wish.usd <= 0.10 * FIRST_DEPOSIT_USD
        assert wish.redeem_fraction <= 1
