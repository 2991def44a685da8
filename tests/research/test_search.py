"""Searching parameters: what is refused before any work, what is resumed, and what is said about the best."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.config import Config
from agent.market.period import parse_period
from agent.reasons import Code, Refusal
from agent.research.search import parse_space, run_sweep, run_tune, sweep, with_values
from agent.research.search.space import grid_points, random_points
from agent.research.search.surface import plot_surface

PARAMS = ["strategy.volatility.half_life_h=24:96:log", "strategy.sizing.band=0.01,0.03,0.05"]
DATA = (None, parse_period("2023-02-01", "2023-03-31"), 7)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "nothing to search"),
        (["strategy.sizing.bandwidth=0:1"], "no number of this strategy file"),
        (["strategy.kind=0:1"], "no number of this strategy file"),
        (["strategy.sizing.band=0.1:0.1"], "is empty"),
        (["strategy.sizing.band=0.2:0.1"], "is empty"),
        (["strategy.sizing.band=0:0.1:log"], "is empty"),
        (["strategy.sizing.band=0:inf"], "without end"),
        (["strategy.sizing.band=nan"], "without end"),
        (["strategy.sizing.band="], "write low:high"),
        (["strategy.sizing.band=0.1:0.2:sqrt"], "only log"),
        (["strategy.sizing.band=0.1,0.2", "strategy.sizing.band=0.1:0.2"], "searched twice"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(spot: Config, texts: list[str], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        parse_space(spot, texts)


def test_all_mistakes_of_a_space_are_told_at_once(spot: Config) -> None:
    with pytest.raises(Refusal) as refused:
        parse_space(spot, ["a.b=0:1", "strategy.sizing.band=0:inf"])
    assert len(refused.value.reasons) == 2


def test_a_grid_has_every_combination_and_whole_numbers_stay_whole(spot: Config) -> None:
    space = parse_space(spot, [*PARAMS, "strategy.volatility.warm_up_h=100:103"])
    points = grid_points(space, 4)
    assert len(points) == len(set(points)) == 4 * 3 * 4
    assert {point[2] for point in points} == {100.0, 101.0, 102.0, 103.0}
    assert np.geomspace(24, 96, 4) == pytest.approx(sorted({point[0] for point in points}))
    made = with_values(spot, space, points[0])
    assert made is not None
    assert made.strategy.volatility.warm_up_h == 100
    with pytest.raises(Refusal, match="too many"):
        grid_points(parse_space(spot, ["strategy.sizing.band=0:1", PARAMS[0]]), 1_001)


def test_random_points_repeat_with_their_seed(spot: Config) -> None:
    space = parse_space(spot, PARAMS)
    first, again, other = (random_points(space, 20, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert all(24 <= point[0] <= 96 and point[1] in (0.01, 0.03, 0.05) for point in first)


def test_a_point_that_contradicts_itself_is_none(spot: Config) -> None:
    space = parse_space(spot, ["strategy.sizing.max_exposure=0.5:2"])
    assert with_values(spot, space, (0.9,)) is not None
    assert with_values(spot, space, (1.5,)) is None


def test_a_sweep_is_resumed_part_by_part_and_equals_itself(
    spot: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PART", 5)
    space = parse_space(spot, PARAMS)
    points = grid_points(space, 4)
    seen: list[int] = []
    whole = run_sweep(spot, space, points, DATA, tmp_path / "a", on_part=lambda done, _: seen.append(done))
    assert seen == [0, 5, 10, 12]
    part = sorted((tmp_path / "a").glob("part-*.npy"))[1]
    part.unlink()
    seen.clear()
    again = run_sweep(spot, space, points, DATA, tmp_path / "a", on_part=lambda done, _: seen.append(done))
    assert seen == [10, 12], "only the missing part is computed"
    assert (again.train == whole.train).all()
    assert whole.table.exists()
    assert 0 <= whole.deflated <= 1
    assert whole.best_train == whole.train.max()


def test_a_folder_of_another_sweep_is_refused(spot: Config, tmp_path: Path) -> None:
    space = parse_space(spot, ["strategy.sizing.band=0.01,0.02"])
    run_sweep(spot, space, grid_points(space, 2), DATA, tmp_path)
    other = parse_space(spot, ["strategy.sizing.band=0.01,0.04"])
    with pytest.raises(Refusal, match="another sweep"):
        run_sweep(spot, other, grid_points(other, 2), DATA, tmp_path)
    assert "sweep" in json.loads((tmp_path / "sweep.json").read_text())


def test_a_sweep_without_a_valid_point_is_refused(spot: Config, tmp_path: Path) -> None:
    space = parse_space(spot, ["strategy.sizing.max_exposure=1.5,2"])
    with pytest.raises(Refusal) as refused:
        run_sweep(spot, space, grid_points(space, 2), DATA, tmp_path)
    assert refused.value.reasons[0].code is Code.CONFIG_OUT_OF_RANGE


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_study_goes_on_where_it_was(spot: Config, tmp_path: Path, kind: str) -> None:
    space = parse_space(spot, PARAMS)
    storage = None if kind == "sqlite" else f"journal:{tmp_path / 'shared.log'}"
    first = run_tune(spot, space, DATA, tmp_path, trials=4, storage=storage)
    seen: list[int] = []
    more = run_tune(spot, space, DATA, tmp_path, trials=7, storage=storage, on_trial=seen.append)
    assert (first.trials, more.trials) == (4, 7)
    assert len(seen) == 3
    assert more.best_train >= first.best_train
    assert more.table.exists()
    with pytest.raises(Refusal, match=r"is about strategy\.sizing\.band"):
        run_tune(spot, space[:1], DATA, tmp_path, trials=8, storage=storage)


def test_the_surface_is_drawn(spot: Config, tmp_path: Path) -> None:
    space = parse_space(spot, PARAMS)
    points = np.array(grid_points(space, 4))
    drawn = plot_surface(space, points, points[:, 0] * 0.01, tmp_path / "surface.png")
    assert drawn.stat().st_size > 5_000


@pytest.mark.slow
def test_workers_of_ray_compute_the_same(spot: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setattr(sweep, "PART", 4)
    space = parse_space(spot, PARAMS)
    points = grid_points(space, 4)
    here = run_sweep(spot, space, points, DATA, tmp_path / "here")
    on_ray = run_sweep(spot, space, points, DATA, tmp_path / "ray", ray_address="local")
    assert (on_ray.train == here.train).all()
    assert on_ray.best == here.best


def test_a_cluster_that_does_not_answer_is_refused(spot: Config, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    space = parse_space(spot, PARAMS)
    with pytest.raises(Refusal, match="no Ray cluster"):
        run_sweep(spot, space, grid_points(space, 2), DATA, tmp_path, ray_address="127.0.0.1:1")
    with pytest.raises(Refusal, match="no Ray cluster"):
        run_tune(spot, space, DATA, tmp_path, trials=2, ray_address="127.0.0.1:1")


@pytest.mark.slow
def test_workers_of_ray_score_what_the_driver_asks(spot: Config, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    space = parse_space(spot, ["strategy.sizing.band=0.01:0.08"])  # every one of them reads the same past
    found = run_tune(spot, space, DATA, tmp_path / "ray", trials=6, ray_address="local")
    assert found.trials == 6
    points = [tuple(point) for point in found.points.tolist()]
    here = run_sweep(spot, space, points, DATA, tmp_path / "here")
    assert found.scores.tolist() == here.train.tolist()
    assert found.best_train == here.best_train
    more = run_tune(spot, space, DATA, tmp_path / "ray", trials=7)
    assert more.trials == 7, "the same study goes on without Ray"


def test_trials_of_two_markets_are_not_mixed_in_one_study(spot: Config, tmp_path: Path) -> None:
    space = parse_space(spot, PARAMS)
    run_tune(spot, space, DATA, tmp_path, trials=1)
    with pytest.raises(Refusal, match="is about synthetic, seed 7") as refused:
        run_tune(spot, space, (*DATA[:2], 8), tmp_path, trials=2)
    assert [(reason.code, reason.where) for reason in refused.value.reasons] == [(Code.CONFIG_OUT_OF_RANGE, "--data")]


@pytest.mark.parametrize("storage", ["nonsense://x", "no address at all"])
def test_a_storage_that_cannot_be_opened_is_refused(spot: Config, tmp_path: Path, storage: str) -> None:
    with pytest.raises(Refusal) as refused:
        run_tune(spot, parse_space(spot, PARAMS), DATA, tmp_path, trials=1, storage=storage)
    assert [reason.where for reason in refused.value.reasons] == ["--storage"]


@pytest.mark.parametrize("words", [("sweep", "--points", "2"), ("tune", "--trials", "1"), ("research", "validate")])
def test_a_search_says_that_its_market_is_made_up(words: tuple[str, ...], tmp_path: Path) -> None:
    command = [*words, "configs/eth-volatility-target.yaml", "--param", "strategy.sizing.band=0.03,0.05"]
    command += ["--from", "2023-02", "--to", "2023-06"]
    command += [] if "validate" in words else ["--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, env={"BALLAST_DATA": ""})
    assert done.exit_code == 0, done.output
    assert "SYNTHETIC market" in done.output
    assert "from 2023-02-01 00:00 UTC to 2023-06-30" in done.output
