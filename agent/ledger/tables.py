"""The ledger's tables in SQLite; money in USD, quantities in base, shares of net asset value as fractions."""

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, MetaData, String, Table

from agent.ledger.attribution import PARTS

SCHEMA_VERSION = 2
metadata = MetaData()


def _cycle(primary: bool = True) -> Column[int]:
    return Column("cycle", Integer, ForeignKey("cycles.cycle"), primary_key=primary, nullable=False, index=not primary)


def _number(name: str) -> Column[float]:
    return Column(name, Float, nullable=False)


cycles = Table(
    "cycles",
    metadata,
    Column("cycle", Integer, primary_key=True, autoincrement=False),
    Column("time_s", Integer, nullable=False),
    Column("block", Integer, nullable=False),
    _number("total_assets_usd"),
    _number("nav_usd"),
    _number("share_price"),
    _number("idle_usd"),
    _number("spot_base"),
    _number("perp_base"),
    _number("margin_equity_usd"),
    _number("core_cash_usd"),
    _number("in_flight_usd"),
    _number("oracle_price"),
    Column("mark_price", Float),
    Column("gross_leverage", Float),
    Column("net_delta", Float),
    Column("liquidation_distance", Float),
    Column("forecast_volatility", Float),
    Column("transactions", Integer, nullable=False),
    Column("gas_used", Integer, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    _cycle(),
    Column("strategy", String, nullable=False),
    Column("exposure_target", Float),
    Column("scalers", JSON, nullable=False),
    _number("traded_usd"),
    Column("note", String, nullable=False),
)

refusals = Table(
    "refusals",
    metadata,
    _cycle(primary=False),
    Column("code", String, nullable=False),
    Column("message", String, nullable=False),
    Column("value", Float),
    Column("bound", Float),
    Column("where", String, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    _cycle(),
    Column("plan", Integer, nullable=False, unique=True),
    Column("tx_hash", String, nullable=False),
    Column("gas_used", Integer, nullable=False),
)

fills = Table(
    "fills",
    metadata,
    _cycle(primary=False),
    Column("venue", String, nullable=False),
    _number("base"),
    _number("price"),
    _number("reference_price"),
    _number("fee_usd"),
    _number("slippage_usd"),
)

flows = Table("flows", metadata, _cycle(), _number("deposits_usd"), _number("withdrawals_usd"))

attributions = Table("attributions", metadata, _cycle(), *(_number(f"{part}_usd") for part in PARTS))

headroom = Table("headroom", metadata, _cycle(), Column("limit", String, primary_key=True), _number("headroom"))
