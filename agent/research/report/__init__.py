"""A backtest as one self-contained page: what it earned, how sure that is, and what its parameters change."""
