"""What `ballast promote` and `ballast promotions` do, without the command line around them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.check import EXIT_OK
from agent.config.file import LoadedConfig, load_config
from agent.market.choose import data_folder
from agent.market.period import parse_period
from agent.reasons import Code, Reason, Refusal
from agent.research.promotion.allocation import EVIDENCE, require_one_market
from agent.research.promotion.records import NOTHING_BEFORE, Record, append, reached, read_records
from agent.research.promotion.stages import Criterion, Stage
from agent.research.terminal import tell_runner

DEFAULT_FOLDER = Path("runs/promotion")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked `ballast promote` for; what a stage does not need is ignored by it."""

    config: Path
    stage: str
    records: Path = DEFAULT_FOLDER
    data: Path | None = None
    dates: tuple[str, str] | None = None  # of a backtest; later stages judge the same period
    paper: Path | None = None
    capital_usd: float | None = None
    by: str = ""
    note: str = ""


def promote(asked: Asked, console: Console) -> int:
    """Judge one stage, record the attempt, and refuse when it was not passed.

    Raises
    ------
    Refusal : PROMOTION_SKIPPED when the stage before was not reached by this very configuration, PROMOTION_STALE when
        the data is not what the stages before were judged on, PROMOTION_FAILED per criterion that does not hold (the
        attempt is on record then), PROMOTION_DAMAGED when the records are not what was written
    """
    loaded, stage = load_config(asked.config), _stage(asked.stage)
    counted = reached(_before(asked.records), loaded.config_hash)
    _require_order(counted, stage, loaded, asked.records)
    with console.status(f"judging {loaded.config.name}: {stage}"):
        if stage not in (Stage.IDEA, Stage.ALLOCATION):
            tell_runner(console, loaded.config)
        attempt = _attempt(asked, stage, loaded, counted)
    written = append(asked.records, attempt)
    _print_attempt(console, written)
    broken = [one.reason(stage) for one in written.criteria if not one.met]
    if broken:
        raise Refusal(*broken)
    console.print(f"[bold green]{loaded.config.name} is at the stage {stage}[/], record {written.number}")
    return EXIT_OK


def promotions(folder: Path, console: Console) -> int:
    """Every record, what each configuration has reached, and the digest of the last record."""
    records = read_records(folder)
    if not records:
        console.print(f"no records in {folder}", highlight=False)
        return EXIT_OK
    table = Table("", "when (UTC)", "strategy", "configuration", "stage", "passed", "by", "note")
    for one in records:
        passed = "[green]yes[/]" if one.passed else "[red]no[/]"
        what = (one.strategy, one.config_hash[:16], one.stage.value, passed, escape(one.by), escape(one.note))
        table.add_row(str(one.number), one.at[:16].replace("T", " "), *what)
    console.print(table)
    for config_hash in dict.fromkeys(one.config_hash for one in records):
        counted = reached(records, config_hash)
        name = next(one.strategy for one in reversed(records) if one.config_hash == config_hash)
        at = max(counted, key=lambda stage: stage.number, default=None)
        console.print(f"{name} {config_hash[:16]} is at {at or 'no stage'}", highlight=False)
    console.print(f"[dim]digest of the last record {records[-1].digest}; keep it elsewhere[/]", highlight=False)
    return EXIT_OK


def _before(folder: Path) -> list[Record]:
    return read_records(folder) if folder.is_dir() else []


def _stage(text: str) -> Stage:
    try:
        return Stage(text)
    except ValueError:
        message = f"{text!r} is no stage; expected one of {', '.join(Stage)}"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="--to")) from None


def _require_order(counted: dict[Stage, Record], stage: Stage, loaded: LoadedConfig, folder: Path) -> None:
    """Raises Refusal (PROMOTION_SKIPPED) unless this configuration is at the stage before, or beyond it."""
    needed = stage.number - 1
    if len(counted) >= needed:
        return
    missing = list(Stage)[len(counted)]
    others = {one.config_hash[:16] for one in _before(folder) if one.strategy == loaded.config.name}
    others.discard(loaded.config_hash[:16])
    elsewhere = f"; records of {', '.join(sorted(others))} are about other numbers and do not count" if others else ""
    message = f"{loaded.config.name} {loaded.config_hash[:16]} has not passed {missing}, which comes before{elsewhere}"
    message += f"; stages passed {len(counted)}, needed {needed}"
    raise Refusal(Reason(Code.PROMOTION_SKIPPED, message, float(len(counted)), float(needed), f"--to {stage}"))


def _attempt(asked: Asked, stage: Stage, loaded: LoadedConfig, counted: dict[Stage, Record]) -> Record:
    """The record of an attempt, before it has its place in the chain."""
    criteria: tuple[Criterion, ...]
    evidence: dict[str, Any] = {}
    data, period = "", None
    if stage is Stage.IDEA:
        criteria = (Criterion("words of the note that says why it should earn", _words(asked.note), "at least", 3.0),)
    elif stage is Stage.ALLOCATION:
        criteria = _sign_off(asked, loaded)
        require_one_market([counted[one] for one in EVIDENCE], asked.records)
        data, period = counted[Stage.BACKTEST].data_hash, counted[Stage.BACKTEST].period
        evidence = {"capital_usd": asked.capital_usd, "records": [counted[one].digest for one in EVIDENCE]}
    else:
        data, period, criteria, evidence = _judged(asked, stage, loaded, counted)
    return Record(
        stage=stage,
        passed=all(one.met for one in criteria),
        strategy=loaded.config.name,
        config_hash=loaded.config_hash,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        criteria=criteria,
        data_hash=data,
        period=period,
        evidence=evidence,
        by=asked.by.strip(),
        note=asked.note.strip(),
        previous=NOTHING_BEFORE,
    )


def _judged(
    asked: Asked, stage: Stage, loaded: LoadedConfig, counted: dict[Stage, Record]
) -> tuple[str, tuple[int, int], tuple[Criterion, ...], dict[str, Any]]:
    """What a stage that looks at data found: its hash and period, the criteria and the evidence."""
    from agent.research.promotion import evidence as judge

    if stage is Stage.BACKTEST:
        if asked.dates is None:
            message = "a backtest needs its period: --from and --until"
            raise Refusal(Reason(Code.CONFIG_MISSING, message, where="--from"))
        period = parse_period(*asked.dates, ("--from", "--until"))
    else:
        period = _period_of(counted[Stage.BACKTEST], asked.records)
    found = judge.tested(loaded.config, data_folder(asked.data), period)
    if stage is not Stage.BACKTEST and found.data_hash != counted[Stage.BACKTEST].data_hash:
        message = (
            f"the data has the hash {found.data_hash[:16]}, the backtest was judged on "
            f"{counted[Stage.BACKTEST].data_hash[:16]}; begin again at {Stage.BACKTEST}"
        )
        raise Refusal(Reason(Code.PROMOTION_STALE, message, where="--data"))
    if stage is Stage.BACKTEST:
        judged = judge.judge_backtest(loaded.config, found)
    elif stage is Stage.VALIDATION:
        judged = judge.judge_validation(loaded.config, found)
    elif stage is Stage.WALK_FORWARD:
        judged = judge.judge_walk_forward(found)
    else:
        if asked.paper is None:
            message = "name the folder of a run on days that no evidence has seen"
            raise Refusal(Reason(Code.CONFIG_MISSING, message, where="--paper"))
        judged = judge.judge_paper(loaded, found, asked.paper)
    return found.data_hash, period, judged.criteria, judged.evidence


def _sign_off(asked: Asked, loaded: LoadedConfig) -> tuple[Criterion, ...]:
    """Somebody gives it capital by name, and no more than the vault may hold."""
    most_usd = loaded.config.policy.max_total_assets_usd
    return (
        Criterion("names of who signs it off (--by)", float(bool(asked.by.strip())), "at least", 1.0),
        Criterion("capital in USD (--capital)", asked.capital_usd, "above", 0.0),
        Criterion("capital in USD (--capital)", asked.capital_usd, "at most", most_usd),
    )


def _period_of(record: Record, folder: Path) -> tuple[int, int]:
    if record.period is None:
        raise Refusal(Reason(Code.PROMOTION_DAMAGED, f"record {record.number} has no period", where=str(folder)))
    return record.period


def _words(text: str) -> float:
    return float(len(text.split()))


def _print_attempt(console: Console, record: Record) -> None:
    table = Table("criterion", "value", "", "bound", "holds", title=f"{record.strategy}: {record.stage}")
    table.title_justify = "left"
    for one in record.criteria:
        value = "unknown" if one.value is None else f"{one.value:,.4g}"
        holds = "[green]yes[/]" if one.met else "[bold red]no[/]"
        table.add_row(escape(one.name), value, one.sense, f"{one.bound:,.4g}", holds)
    console.print(table)
