"""Research: what a strategy would have done, how sure that is, and which parameters are worth their name."""
