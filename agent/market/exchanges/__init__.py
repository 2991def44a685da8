"""Exchanges through ccxt: what eight venues say of an asset, checked at the door, with its unit, source and age.

`adapter.Exchanges` asks them. No more is imported here, because ccxt takes its time to load; `on_demand` shortens it.
"""

from agent.market.exchanges.on_demand import load_on_demand

load_on_demand()
