"""Stages, criteria and records: what is refused, what is kept, and what an edited record does."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from recorded_files import write_market
from rich.console import Console

from agent.config.file import LoadedConfig, load_config
from agent.market.choose import history_hours
from agent.market.synthetic import synthetic_market
from agent.market.table import Candles, MarketTable
from agent.reasons import Code, Refusal
from agent.research.promotion.allocation import require_allocation
from agent.research.promotion.commands import Asked, promote, promotions
from agent.research.promotion.evidence import data_hash
from agent.research.promotion.records import Record, append, digest_of, reached, read_records
from agent.research.promotion.stages import Criterion, Stage
from agent.research.stress.scenarios import CALM

CONFIG = Path(__file__).parents[2] / "configs" / "avax-carry.yaml"
START = 1_672_531_200  # 2023-01-01
DATES = ("2023-01-01", "2023-12-31")
HOUR, DAY = 3_600, 86_400
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def loaded() -> LoadedConfig:
    return load_config(CONFIG)


@pytest.fixture(scope="module")
def table(loaded: LoadedConfig) -> MarketTable:
    window = history_hours(loaded.config)
    parameters = replace(CALM, start_price=20.0, funding_base=0.0004)
    return synthetic_market(7, START - window * HOUR, window + 366 * 24, "AVAXUSDT", True, parameters)


@pytest.fixture(scope="module")
def data(table: MarketTable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_market(tmp_path_factory.mktemp("data"), table)


@pytest.fixture
def ask(tmp_path: Path, data: Path) -> Callable[..., None]:
    """Promote the shipped strategy for a coin of the made-up market, in a folder of this test's own."""

    def asked(stage: str, **more: Any) -> None:
        values: dict[str, Any] = {"dates": DATES, "data": data, "records": tmp_path / "records"}
        promote(Asked(CONFIG, stage, **(values | more)), QUIET)

    return asked


@pytest.fixture(scope="module")
def judged(data: Path, tmp_path_factory: pytest.TempPathFactory, loaded: LoadedConfig) -> Path:
    """Records of every stage up to the walk-forward, and a paper run beside them."""
    folder = tmp_path_factory.mktemp("judged")
    asked = Asked(CONFIG, "idea", folder / "records", data, DATES, note="longs pay for their leverage")
    for stage in ("idea", "backtest", "validation", "walk-forward"):
        promote(replace(asked, stage=stage), QUIET)
    daily = read_records(folder / "records")[1].evidence["measures"]["annual_return"] / 365
    paper_run(folder / "paper", loaded.config_hash, days=45, daily=daily)
    return folder


def paper_run(folder: Path, config_hash: str, *, days: int, daily: float, begins: int = START + 366 * DAY) -> Path:
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps({"config_hash": config_hash, "synthetic": False}))
    hours = np.arange(days * 24 + 1)
    price = (1 + daily) ** (hours / 24)
    parquet.write_table(pa.table({"time_s": begins + hours * HOUR, "share_price": price}), folder / "cycles.parquet")
    return folder


@pytest.fixture
def at_walk_forward(judged: Path, tmp_path: Path) -> Path:
    """A copy of those records that a test may go on with, or spoil."""
    folder = tmp_path / "records"
    folder.mkdir()
    for path in sorted((judged / "records").glob("*.json")):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def codes(act: Callable[[], object]) -> list[Code]:
    with pytest.raises(Refusal) as refused:
        act()
    return [reason.code for reason in refused.value.reasons]


class TestTheWayUp:
    def test_a_strategy_that_meets_every_criterion_gets_capital_and_only_then_may_run_live(
        self, ask: Callable[..., None], judged: Path, at_walk_forward: Path, loaded: LoadedConfig
    ) -> None:
        live = loaded.config_hash, "arbitrum", at_walk_forward
        assert codes(lambda: require_allocation(*live)) == [Code.ALLOCATION_MISSING]
        ask("paper", paper=judged / "paper")
        assert codes(lambda: require_allocation(*live)) == [Code.ALLOCATION_MISSING]
        ask("allocation", by="A. Person", capital_usd=250_000.0)
        require_allocation(*live)
        last = read_records(at_walk_forward)[-1]
        assert (last.stage, last.by, last.evidence["capital_usd"]) == (Stage.ALLOCATION, "A. Person", 250_000.0)
        assert last.data_hash == read_records(at_walk_forward)[1].data_hash

    def test_another_configuration_has_no_part_in_it(self, at_walk_forward: Path, loaded: LoadedConfig) -> None:
        other = "0" * 64
        assert codes(lambda: require_allocation(other, "arbitrum", at_walk_forward)) == [Code.ALLOCATION_MISSING]
        assert reached(read_records(at_walk_forward), other) == {}
        assert len(reached(read_records(at_walk_forward), loaded.config_hash)) == 4

    def test_the_local_chain_needs_none(self, tmp_path: Path) -> None:
        require_allocation("0" * 64, "local", tmp_path / "nothing here")

    def test_a_folder_without_records_allows_nothing(self, tmp_path: Path) -> None:
        refused = codes(lambda: require_allocation("0" * 64, "arbitrum", tmp_path / "nothing here"))
        assert refused == [Code.ALLOCATION_MISSING]

    def test_the_list_shows_every_attempt(self, at_walk_forward: Path) -> None:
        console = Console(record=True, width=200, file=io.StringIO())
        promotions(at_walk_forward, console)
        text = console.export_text()
        assert text.count("avax-carry") == 5
        assert "is at walk-forward" in text
        assert read_records(at_walk_forward)[-1].digest in text


class TestRefusals:
    @pytest.mark.parametrize("stage", ["backtest", "validation", "walk-forward", "paper", "allocation"])
    def test_no_stage_can_be_skipped(self, ask: Callable[..., None], tmp_path: Path, stage: str) -> None:
        assert codes(lambda: ask(stage)) == [Code.PROMOTION_SKIPPED]
        assert not (tmp_path / "records").exists(), "nothing was judged, so nothing is on record"

    def test_an_idea_needs_words(self, ask: Callable[..., None], tmp_path: Path) -> None:
        assert codes(lambda: ask("idea", note="carry")) == [Code.PROMOTION_FAILED]
        (record,) = read_records(tmp_path / "records")
        assert not record.passed, "a failed attempt is on record"

    def test_an_unknown_stage_is_refused_with_the_known_ones(self, ask: Callable[..., None]) -> None:
        with pytest.raises(Refusal, match="walk-forward"):
            ask("live")

    def test_a_made_up_market_is_no_evidence(self, ask: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BALLAST_DATA", raising=False)
        ask("idea", note="longs pay for leverage")
        assert codes(lambda: ask("backtest", data=None)) == [Code.DATA_MISSING]

    def test_too_few_days_fail_the_backtest_with_value_and_bound(self, ask: Callable[..., None]) -> None:
        ask("idea", note="longs pay for leverage")
        with pytest.raises(Refusal) as refused:
            ask("backtest", dates=("2023-01-01", "2023-06-30"))
        assert {(one.code, one.value, one.bound) for one in refused.value.reasons} == {
            (Code.PROMOTION_FAILED, 181.0, 270.0)
        }

    def test_a_period_that_is_hardly_recorded_fails_the_backtest(self, ask: Callable[..., None]) -> None:
        ask("idea", note="longs pay for leverage")
        with pytest.raises(Refusal, match=r"hours that are known: 0\.5"):
            ask("backtest", dates=("2023-01-01", "2024-12-31"))

    def test_missing_funding_is_refused_before_any_work(
        self, ask: Callable[..., None], data: Path, tmp_path: Path
    ) -> None:
        ask("idea", note="longs pay for leverage")
        without = tmp_path / "without"
        for path in data.rglob("*.parquet"):
            if path.parent.name != "funding":
                target = without / path.relative_to(data)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        assert codes(lambda: ask("backtest", data=without)) == [Code.DATA_MISSING]

    def test_a_price_that_never_moves_is_refused(
        self, ask: Callable[..., None], table: MarketTable, tmp_path: Path
    ) -> None:
        assert table.mark is not None
        ask("idea", note="longs pay for leverage")
        still = np.full(len(table.spot.close), 20.0)
        flat = Candles("flat", table.spot.time_s, still, still, still)
        folder = write_market(tmp_path / "flat", replace(table, spot=flat, mark=flat))
        assert codes(lambda: ask("backtest", data=folder)) == [Code.DATA_STALE]

    def test_changed_data_is_stale(
        self, ask: Callable[..., None], at_walk_forward: Path, judged: Path, table: MarketTable, tmp_path: Path
    ) -> None:
        assert table.funding is not None
        rate = table.funding.rate.copy()
        rate[-30] += 1e-9
        folder = write_market(tmp_path / "other", replace(table, funding=replace(table.funding, rate=rate)))
        for stage in ("validation", "walk-forward", "paper"):
            stale = codes(partial(ask, stage, data=folder, paper=judged / "paper"))
            assert stale == [Code.PROMOTION_STALE]
        assert len(read_records(at_walk_forward)) == 4

    def test_evidence_about_different_data_does_not_allow_a_live_start(
        self, at_walk_forward: Path, loaded: LoadedConfig
    ) -> None:
        counted = reached(read_records(at_walk_forward), loaded.config_hash)
        paper = replace(counted[Stage.WALK_FORWARD], stage=Stage.PAPER, data_hash="f" * 64)
        append(at_walk_forward, paper)
        append(at_walk_forward, replace(paper, stage=Stage.ALLOCATION))
        refused = codes(lambda: require_allocation(loaded.config_hash, "arbitrum", at_walk_forward))
        assert refused == [Code.PROMOTION_STALE]

    def test_a_failed_attempt_takes_back_what_was_reached(
        self, ask: Callable[..., None], judged: Path, at_walk_forward: Path, loaded: LoadedConfig
    ) -> None:
        ask("paper", paper=judged / "paper")
        ask("allocation", by="A. Person", capital_usd=1.0)
        last = read_records(at_walk_forward)[-1]
        append(at_walk_forward, replace(last, stage=Stage.VALIDATION, passed=False))
        assert list(reached(read_records(at_walk_forward), loaded.config_hash)) == [Stage.IDEA, Stage.BACKTEST]
        refused = codes(lambda: require_allocation(loaded.config_hash, "arbitrum", at_walk_forward))
        assert refused == [Code.ALLOCATION_MISSING]

    @pytest.mark.parametrize("more", [{"by": "  "}, {"capital_usd": None}, {"capital_usd": 0.0}, {"capital_usd": 1e9}])
    def test_an_allocation_needs_a_name_and_an_amount_that_the_vault_may_hold(
        self, ask: Callable[..., None], judged: Path, at_walk_forward: Path, more: dict[str, object]
    ) -> None:
        ask("paper", paper=judged / "paper")
        refused = codes(lambda: ask("allocation", **({"by": "A. Person", "capital_usd": 1e6} | more)))
        assert set(refused) == {Code.PROMOTION_FAILED}


class TestPaper:
    def test_fewer_than_thirty_days_are_not_enough(
        self, ask: Callable[..., None], at_walk_forward: Path, tmp_path: Path, loaded: LoadedConfig
    ) -> None:
        run = paper_run(tmp_path / "short", loaded.config_hash, days=20, daily=0.0001)
        with pytest.raises(Refusal, match="days: 20, must be at least 30"):
            ask("paper", paper=run)

    @pytest.mark.parametrize(("daily", "wrong"), [(-0.01, "at least"), (0.05, "at most")])
    def test_neither_much_worse_nor_much_better_than_the_evidence(
        self,
        ask: Callable[..., None],
        at_walk_forward: Path,
        tmp_path: Path,
        loaded: LoadedConfig,
        daily: float,
        wrong: str,
    ) -> None:
        run = paper_run(tmp_path / "odd", loaded.config_hash, days=45, daily=daily)
        with pytest.raises(Refusal, match=f"return over 45 days.*{wrong}"):
            ask("paper", paper=run)

    def test_days_that_the_evidence_has_seen_prove_nothing(
        self, ask: Callable[..., None], at_walk_forward: Path, tmp_path: Path, loaded: LoadedConfig
    ) -> None:
        run = paper_run(tmp_path / "seen", loaded.config_hash, days=45, daily=0.0001, begins=START + 200 * DAY)
        assert codes(lambda: ask("paper", paper=run)) == [Code.PROMOTION_STALE]

    def test_a_run_of_another_configuration_does_not_count(
        self, ask: Callable[..., None], at_walk_forward: Path, tmp_path: Path
    ) -> None:
        run = paper_run(tmp_path / "other", "0" * 64, days=45, daily=0.0001)
        assert codes(lambda: ask("paper", paper=run)) == [Code.PROMOTION_STALE]

    def test_a_hole_in_the_run_fails_it(
        self, ask: Callable[..., None], at_walk_forward: Path, judged: Path, tmp_path: Path
    ) -> None:
        rows = parquet.read_table(judged / "paper" / "cycles.parquet")
        run = tmp_path / "holed"
        run.mkdir()
        (run / "result.json").write_bytes((judged / "paper" / "result.json").read_bytes())
        kept = pa.concat_tables([rows.slice(0, 10 * 24), rows.slice(14 * 24)])
        parquet.write_table(kept, run / "cycles.parquet")
        with pytest.raises(Refusal, match="days missing in between: 4"):
            ask("paper", paper=run)


class TestRecords:
    def test_each_record_has_the_digest_of_the_one_before_it(self, at_walk_forward: Path) -> None:
        records = read_records(at_walk_forward)
        assert [one.previous for one in records[1:]] == [one.digest for one in records[:-1]]
        assert [one.digest for one in records] == [digest_of(one) for one in records]

    @pytest.mark.parametrize("number", [1, 2, 4])
    @pytest.mark.parametrize(
        ("key", "value"),
        [("passed", False), ("config_hash", "0" * 64), ("data_hash", "0" * 64), ("by", "somebody else"), ("number", 9)],
    )
    def test_an_edited_record_makes_all_of_them_unbelievable(
        self, at_walk_forward: Path, number: int, key: str, value: object, loaded: LoadedConfig
    ) -> None:
        path = at_walk_forward / f"{number:06d}.json"
        values = json.loads(path.read_text())
        assert values[key] != value
        path.write_text(json.dumps(values | {key: value}))
        assert codes(lambda: read_records(at_walk_forward)) == [Code.PROMOTION_DAMAGED]
        live = loaded.config_hash, "arbitrum", at_walk_forward
        assert codes(lambda: require_allocation(*live)) == [Code.PROMOTION_DAMAGED]

    def test_an_edit_with_a_new_digest_is_seen_by_the_next_record(self, at_walk_forward: Path) -> None:
        records = read_records(at_walk_forward)
        forged = replace(records[1], by="somebody else")
        forged = replace(forged, digest=digest_of(forged))
        path = at_walk_forward / "000002.json"
        values = json.loads(path.read_text())
        path.write_text(json.dumps(values | {"by": "somebody else", "digest": forged.digest}))
        with pytest.raises(Refusal, match="record 3 does not follow"):
            read_records(at_walk_forward)

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_a_removed_record_is_missed(self, at_walk_forward: Path, number: int) -> None:
        (at_walk_forward / f"{number:06d}.json").unlink()
        assert codes(lambda: read_records(at_walk_forward)) == [Code.PROMOTION_DAMAGED]

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"stage": "idea"}'])
    def test_what_is_no_record_is_refused(self, at_walk_forward: Path, text: str) -> None:
        (at_walk_forward / "000002.json").write_text(text)
        assert codes(lambda: read_records(at_walk_forward)) == [Code.PROMOTION_DAMAGED]

    def test_a_record_is_never_written_over(self, at_walk_forward: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two processes that both saw four records: the second one fails instead of replacing the first one's."""
        records = read_records(at_walk_forward)
        append(at_walk_forward, records[-1])
        monkeypatch.setattr("agent.research.promotion.records.read_records", lambda folder: records)
        assert codes(lambda: append(at_walk_forward, records[-1])) == [Code.PROMOTION_STALE]
        monkeypatch.undo()
        assert len(read_records(at_walk_forward)) == 5
        assert {path.name for path in at_walk_forward.iterdir()} == {f"{n:06d}.json" for n in range(1, 6)}

    def test_the_data_hash_sees_every_number(self, table: MarketTable) -> None:
        assert table.funding is not None
        assert table.mark is not None
        found = {data_hash(table), data_hash(replace(table, mark=None)), data_hash(replace(table, funding=None))}
        for name in ("close", "high", "low"):
            values = getattr(table.mark, name).copy()
            row = int(np.argmax(table.mark.high - table.mark.low))
            values[row] *= 1 + 1e-12
            if name == "close":
                values[row] = (table.mark.high[row] + table.mark.low[row]) / 2
            found.add(data_hash(replace(table, mark=replace(table.mark, **{name: values}))))
        assert len(found) == 6
        assert data_hash(replace(table)) == data_hash(table)


class TestCriteria:
    @pytest.mark.parametrize(
        ("sense", "at_bound"), [("above", False), ("below", False), ("at least", True), ("at most", True)]
    )
    def test_a_value_at_the_bound(self, sense: str, at_bound: bool) -> None:
        assert Criterion("x", 0.3, sense, 0.3).met is at_bound

    @pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
    def test_what_is_unknown_does_not_hold(self, value: float | None) -> None:
        assert not any(Criterion("x", value, sense, 0.0).met for sense in ("above", "below", "at least", "at most"))

    def test_stages_are_counted_in_their_order(self) -> None:
        assert [stage.number for stage in Stage] == [1, 2, 3, 4, 5, 6]

    def test_passing_an_earlier_stage_again_takes_back_the_later_ones(self) -> None:
        def record(stage: Stage, passed: bool = True) -> Record:
            return Record(stage, passed, "x", "a", "", ())

        way = [record(stage) for stage in Stage]
        assert len(reached(way, "a")) == 6
        assert list(reached([*way, record(Stage.BACKTEST)], "a")) == [Stage.IDEA, Stage.BACKTEST]
        assert list(reached([*way, record(Stage.PAPER, passed=False)], "a"))[-1] is Stage.WALK_FORWARD
        assert list(reached([record(Stage.IDEA), record(Stage.ALLOCATION)], "a")) == [Stage.IDEA]
