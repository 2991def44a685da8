"""Breaks what an agent stands on, on purpose: its process, its nodes, its signer."""
