"""The agent as a service: schedule, latches, kill switch, leadership, and the cycle of each vault."""
