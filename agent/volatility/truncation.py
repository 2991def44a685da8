"""How far back forecasts read; one place, so that every reader of a history asks for enough of it."""

SETTLED_HALF_LIVES = 6  # exponential weights are cut off there: what is older weighs under 2 % in all
LONGEST_HOLE_H = 48  # a return across an outage starts before it; Binance's longest since 2017 was 34 hours
