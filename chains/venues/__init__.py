"""One module per venue: what can be read of it, and how to ask it to act, in integers of smallest units."""
