"""The agent: observes markets and the vault, decides exposure, and submits plans inside hard limits."""
