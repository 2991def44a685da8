"""The history store: what markets were, in files that a killed process cannot spoil, checked before it is believed."""

from agent.market.store.as_market import market_from_store, table_from_store
from agent.market.store.layout import Key, Kind, is_store
from agent.market.store.recorded import Imported, import_recorded
from agent.market.store.store import Merged, Store, open_store

__all__ = [
    "Imported",
    "Key",
    "Kind",
    "Merged",
    "Store",
    "import_recorded",
    "is_store",
    "market_from_store",
    "open_store",
    "table_from_store",
]
