"""Exchanges through ccxt: what eight venues say of an asset, checked at the door, with its unit, source and age.

`adapter.Exchanges` asks them. Nothing is imported here, because ccxt takes more than a second to load.
"""
