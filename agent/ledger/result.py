"""The summary of a run, result.json: strict JSON, every figure from the ledger's table of cycles."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.ledger.attribution import PARTS, RUN_TOLERANCE, allowed_unexplained
from agent.ledger.files import write_text
from agent.ledger.statistics import annualised_return, drawdown, realised_volatility
from agent.market.observation import Floats

if TYPE_CHECKING:
    from pandas import DataFrame

RESULT_FILE = "result.json"
CYCLES_FILE = "cycles.parquet"
HEADROOM = "headroom_"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was, as opposed to what came of it."""

    strategy: str
    config_hash: str
    data_source: str  # where the market came from; no path of a machine
    synthetic: bool
    seed: int | None
    target_volatility: float | None  # annualised
    max_drawdown: float  # the policy's limit, as a fraction of the highest share price
    volatility_interval_h: int = 24


def summarise(
    run: Run, cycles: "DataFrame", *, liquidations: int, wall_seconds: float, deterministic_digest: str
) -> dict[str, Any]:
    """The figures of a run. Money in USD, fractions as decimals, moments in ISO 8601, undefined values None.

        attribution: its values add up to nav_end - nav_start; `unexplained` is whatever the others leave
        return_annualised: compound, of the share price
        realised_volatility: of share price returns over `volatility_interval_h`, from the first plan on
        limit_headroom: smallest seen per limit: 1 unused, 0 at the limit, negative breached

    Parameters
    ----------
    cycles : `Ledger.cycles_table()`, or the Parquet file made from it
    liquidations : how often the perp venue closed the vault's position during the run

    Raises ValueError for a run without cycles.
    """
    if len(cycles) == 0:
        raise ValueError("a run without cycles has no result")
    time_s = cycles["time_s"].to_numpy(np.int64)
    share_price = cycles["share_price"].to_numpy(np.float64)
    nav = cycles["nav_usd"].to_numpy(np.float64)
    sums = {part: math.fsum(cycles[f"{part}_usd"]) for part in PARTS}
    nav_start = float(nav[0]) - math.fsum(float(cycles[f"{part}_usd"].iloc[0]) for part in PARTS)
    # From the end points and not from the steps' own rests, so that a missing step shows as well.
    sums["unexplained"] = float(nav[-1]) - nav_start - math.fsum(sums[part] for part in PARTS if part != "unexplained")
    planned = cycles["plan"].notna().to_numpy()
    since_plan = int(np.argmax(planned)) if planned.any() else len(cycles)
    headroom = {name.removeprefix(HEADROOM): cycles[name] for name in cycles if name.startswith(HEADROOM)}
    breaches = [
        _breach(name, column.to_numpy(np.float64), cycles) for name, column in headroom.items() if column.min() < 0
    ]
    return {
        "strategy": run.strategy,
        "config_hash": run.config_hash,
        "data_source": run.data_source,
        "synthetic": run.synthetic,
        "seed": run.seed,
        "from": _iso(time_s[0]),
        "to": _iso(time_s[-1]),
        "cycles": len(cycles),
        "plans": int(planned.sum()),
        "refusals": _refusals(cycles),
        "transactions": int(cycles["transactions"].sum()),
        "gas_used": int(cycles["gas_used"].sum()),
        "liquidations": liquidations,
        "nav_start": nav_start,
        "nav_end": float(nav[-1]),
        "nav_on_chain_end": float(cycles["total_assets_usd"].iloc[-1]),
        "share_price_start": float(share_price[0]),
        "share_price_end": float(share_price[-1]),
        "return_annualised": annualised_return(time_s, share_price),
        "realised_volatility": realised_volatility(
            time_s[since_plan:], share_price[since_plan:], run.volatility_interval_h
        ),
        "target_volatility": run.target_volatility,
        "volatility_interval_h": run.volatility_interval_h,
        "max_abs_net_delta": _largest(np.abs(cycles["net_delta"].to_numpy(np.float64, na_value=np.nan))),
        "max_gross_leverage": _largest(cycles["gross_leverage"].to_numpy(np.float64, na_value=np.nan)),
        "max_drawdown": float(drawdown(share_price).max()),
        "max_drawdown_limit": run.max_drawdown,
        "traded_usd": math.fsum(cycles["traded_usd"]),
        "funding_received": sums["funding"],
        "interest_received": sums["interest"],
        "trading_fees": 0.0 - sums["fees"],
        "slippage_paid": 0.0 - sums["slippage"],
        "gas_paid_usd": 0.0 - sums["gas"],
        "attribution": sums,
        "attribution_adds_up": _adds_up(cycles, nav_start, sums["unexplained"]),
        "limit_headroom": {name: _smallest(column.to_numpy(np.float64)) for name, column in headroom.items()},
        "breaches": len(breaches),
        "breached_limits": breaches,
        "wall_seconds": wall_seconds,
        "cycles_per_second": len(cycles) / wall_seconds if wall_seconds > 0 else None,
        "deterministic_digest": deterministic_digest,
    }


def write_result(folder: Path, result: dict[str, Any]) -> Path:
    """Write result.json into `folder`, whole or not at all. Raises ValueError on NaN or infinity."""
    return write_text(folder / RESULT_FILE, json.dumps(result, indent=2, allow_nan=False) + "\n")


def _adds_up(cycles: "DataFrame", nav_start: float, unexplained: float) -> bool:
    """Whether neither the run nor any single step leaves more than its tolerance."""
    nav = cycles["nav_usd"].to_numpy(np.float64)
    if not abs(unexplained) <= allowed_unexplained(max(nav_start, nav[-1]), RUN_TOLERANCE):
        return False
    steps = np.abs(cycles["unexplained_usd"].to_numpy(np.float64))
    return all(step <= allowed_unexplained(value) for step, value in zip(steps, nav, strict=True))


def _refusals(cycles: "DataFrame") -> dict[str, int]:
    counts = Counter(code for cell in cycles["refusals"] if cell for code in cell.split(","))
    return dict(sorted(counts.items()))


def _breach(limit: str, headroom: Floats, cycles: "DataFrame") -> dict[str, Any]:
    broken = headroom < 0
    first = int(cycles["time_s"].iloc[int(np.argmax(broken))])
    return {"limit": limit, "cycles": int(broken.sum()), "worst_headroom": _smallest(headroom), "first": _iso(first)}


def _largest(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else None


def _smallest(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.min()) if len(known) else None


def _iso(time_s: int) -> str:
    return datetime.fromtimestamp(int(time_s), UTC).isoformat().replace("+00:00", "Z")
