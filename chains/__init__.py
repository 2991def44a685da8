"""Everything that speaks to a chain: reads pinned to a block, venue encodings, the local chain.

It knows nothing of the agent.
"""
