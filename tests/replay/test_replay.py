"""A whole replay on the synthetic market."""

import json
import math
import sqlite3
from pathlib import Path

from agent.config.file import LoadedConfig
from agent.market.choose import ChosenMarket
from agent.replay import parse_period, replay
from agent.replay.run import Replayed


def test_every_hour_is_one_cycle(replayed: Replayed) -> None:
    assert replayed.result["cycles"] == 12 * 24


def test_the_vault_opens_both_legs_and_they_hedge_each_other(replayed: Replayed) -> None:
    cycles = replayed.cycles
    assert replayed.result["plans"] > 2
    assert cycles["spot_base"].max() > 0
    assert math.isclose(cycles["spot_base"].iloc[-1], -cycles["perp_base"].iloc[-1], rel_tol=1e-3)
    assert replayed.result["max_abs_net_delta"] < 0.05


def test_no_limit_is_breached_and_nothing_is_liquidated(replayed: Replayed) -> None:
    assert (replayed.result["breaches"], replayed.result["liquidations"]) == (0, 0)
    assert all(headroom >= 0 for headroom in replayed.result["limit_headroom"].values())


def test_the_limits_of_single_plans_come_from_the_contracts_own_logs(replayed: Replayed) -> None:
    told = {"max_trade_usd", "max_slippage", "max_loss_per_plan", "cooldown_s", "min_idle", "venue_cap", "asset_cap"}
    assert told <= set(replayed.result["limit_headroom"])


def test_the_attribution_adds_up_to_the_change_of_net_asset_value(replayed: Replayed) -> None:
    result = replayed.result
    change = result["nav_end"] - result["nav_start"]
    assert math.isclose(math.fsum(result["attribution"].values()), change, abs_tol=1e-6 * result["nav_end"])
    assert abs(result["attribution"]["unexplained"]) < 1e-6 * result["nav_end"]
    assert result["attribution"]["funding"] != 0
    assert result["attribution"]["fees"] < 0


def test_every_plan_stands_in_the_journal_with_bytes_outcome_and_effect(replayed: Replayed, folder: Path) -> None:
    with sqlite3.connect(folder / "journal.sqlite") as journal:
        rows = journal.execute(
            "SELECT i.state, length(a.raw), o.status, o.effect FROM intents i JOIN attempts a ON a.intent_id = i.id"
            " JOIN outcomes o ON o.intent_id = i.id"
        ).fetchall()
    assert len(rows) == replayed.result["transactions"]
    assert all(state == "done" and raw > 100 and status == "mined" and effect for state, raw, status, effect in rows)


def test_the_journal_says_why_an_empty_plan_was_sent(replayed: Replayed, folder: Path) -> None:
    with sqlite3.connect(folder / "journal.sqlite") as journal:
        reasons = [reason for (reason,) in journal.execute("SELECT reason FROM intents")]
    assert any("first cycle of a UTC day" in reason for reason in reasons)
    assert not any(reason.startswith("hold") for reason in reasons)


def test_the_summary_on_disk_is_the_one_returned_and_strict_json(replayed: Replayed, folder: Path) -> None:
    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    text = (folder / "result.json").read_text()
    assert json.loads(text, parse_constant=refuse) == replayed.result


def test_the_same_seed_and_market_give_the_same_digest(
    carry: LoadedConfig, market: ChosenMarket, replayed: Replayed, tmp_path: Path
) -> None:
    again = replay(carry, market.source, parse_period("2023-02-01", "2023-02-12"), tmp_path, seed=7, synthetic=True)
    assert again.result["deterministic_digest"] == replayed.result["deterministic_digest"]


def test_other_depositors_give_another_digest(
    carry: LoadedConfig, market: ChosenMarket, replayed: Replayed, tmp_path: Path
) -> None:
    other = replay(carry, market.source, parse_period("2023-02-01", "2023-02-12"), tmp_path, seed=8, synthetic=True)
    assert other.result["deterministic_digest"] != replayed.result["deterministic_digest"]


def test_a_second_replay_into_the_same_folder_leaves_nothing_of_the_first(
    carry: LoadedConfig, market: ChosenMarket, tmp_path: Path
) -> None:
    (tmp_path / "result.json").write_text("{}")
    (tmp_path / "report.html").write_text("old")
    replay(carry, market.source, parse_period("2023-02-01", "2023-02-01"), tmp_path, seed=7, synthetic=True)
    assert not (tmp_path / "report.html").exists()
    assert json.loads((tmp_path / "result.json").read_text())["cycles"] == 24
