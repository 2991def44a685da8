"""Observing: exchanges, history, synthetic markets, and the chain."""
