"""Where each number of a compiled backtest stands: the vault's amounts and marks, a proposal, the market's rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.market.observation import Floats, Seconds
from agent.research.parameters import INDEX

Amounts = Seconds  # int64, in the layouts below
Dawns = NDArray[np.int8]


class Rows(NamedTuple):
    """What a run reads of the market, arrays of one length; the first six of Bars, the others of Signals."""

    time_s: Seconds
    spot: Floats
    mark: Floats
    high: Floats
    paid: Floats
    dawn: Dawns
    forecast: Floats
    sigma: Floats
    factor: Floats


class Kept(NamedTuple):
    """What a run keeps of every row."""

    equity_usd: Floats  # net asset value after the row's plan
    spot_lots: Amounts
    short_lots: Amounts


# The vault, integers: cash in millionths of a USD, legs in lots (a short counts up).
IDLE, EQUITY, CORE, TO_VENUE, TO_VAULT, SPOT, SHORT, MODE, PLANS, LIQUIDATIONS = range(10)
AMOUNTS = 10

# What the policy's limits remember, floats: net asset values (shares never change in number) in millionths of a USD,
# and bucket levels in basis points.
SHARE, HIGH, DAY, WEEK, TURNOVER, LOSS, EMERGENCY = range(7)
MARKS = 7

# A proposal, integers like the vault's.
SPOT_DELTA, SHORT_DELTA, DEPOSIT, TO_PERP, FROM_PERP, WITHDRAW = range(6)
PROPOSAL = 6

# What the run adds up, floats in USD.
FUNDING_USD, SPOT_COST_USD, PERP_COST_USD, GAS_USD, INTEREST_USD, TRADED_USD = range(6)
TALLIES = 6

ACTIVE, REDUCE_ONLY, HALTED = range(3)
USD = 1_000_000

# Columns of a parameter row; plain integers, because a compiled function reads them as constants.
HEDGED = INDEX["hedged"]
TARGET = INDEX["target"]
FLOOR = INDEX["floor"]
HALF_LIFE_H = INDEX["half_life_h"]
INTERVAL_H = INDEX["interval_h"]
CALIBRATION_H = INDEX["calibration_h"]
WARM_UP_H = INDEX["warm_up_h"]
WINDOW_H = INDEX["window_h"]
ROUND_TRIP_COST = INDEX["round_trip_cost"]
MEMORY_H = INDEX["memory_h"]
OI_WINDOW_H = INDEX["oi_window_h"]
OI_SMOOTHING_H = INDEX["oi_smoothing_h"]
OI_START_Z = INDEX["oi_start_z"]
OI_FULL_Z = INDEX["oi_full_z"]
OI_FLOOR = INDEX["oi_floor"]
TARGET_MARGIN = INDEX["target_margin"]
LOW_MARGIN = INDEX["low_margin"]
HIGH_MARGIN = INDEX["high_margin"]
WANTED_SIGMA = INDEX["wanted_sigma"]
DISTANCE_AT_TARGET = INDEX["distance_at_target"]
DRAWDOWN_START = INDEX["drawdown_start"]
CAP = INDEX["cap"]
BAND = INDEX["band"]
DELTA_BAND = INDEX["delta_band"]
MIN_IDLE = INDEX["min_idle"]
MIN_TRADE_USD = INDEX["min_trade_usd"]
LOT_BASE = INDEX["lot_base"]
MAINTENANCE = INDEX["maintenance"]
GROSS_BPS = INDEX["gross_bps"]
DELTA_BPS = INDEX["delta_bps"]
DISTANCE_BPS = INDEX["distance_bps"]
HEALTH_BPS = INDEX["health_bps"]
POLICY_IDLE_BPS = INDEX["policy_idle_bps"]
SLIPPAGE_BPS = INDEX["slippage_bps"]
PLAN_LOSS_BPS = INDEX["plan_loss_bps"]
LOSS_BUDGET_BPS = INDEX["loss_budget_bps"]
EMERGENCY_BPS = INDEX["emergency_bps"]
TURNOVER_BPS = INDEX["turnover_bps"]
DAILY_BPS = INDEX["daily_bps"]
WEEKLY_BPS = INDEX["weekly_bps"]
DRAWDOWN_BPS = INDEX["drawdown_bps"]
MAX_TRADE_USD = INDEX["max_trade_usd"]
VENUE_CAP_USD = INDEX["venue_cap_usd"]
VENUE_CAP_BPS = INDEX["venue_cap_bps"]
ASSET_CAP_USD = INDEX["asset_cap_usd"]
ASSET_CAP_BPS = INDEX["asset_cap_bps"]
MIN_DISTANCE = INDEX["min_distance"]
MAX_DRAWDOWN = INDEX["max_drawdown"]
CALM = INDEX["calm"]
POLICY_TRADE_USD = INDEX["policy_trade_usd"]
HALTS = INDEX["halts"]
BUYING = INDEX["buying"]
SELLING = INDEX["selling"]
PERP_LOSS = INDEX["perp_loss"]
ORDER_TOLERANCE = INDEX["order_tolerance"]
NAV_USD = INDEX["nav_usd"]
SPOT_COST = INDEX["spot_cost"]
PERP_COST = INDEX["perp_cost"]
GAS = INDEX["gas_usd"]
BORROW_ANNUAL = INDEX["borrow_annual"]
DELAY = INDEX["delay"]
