"""What breaks a strategy: recorded crashes, made-up shocks, and a crowd that runs the same rule on one order book."""
