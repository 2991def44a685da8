"""The agent against a chain, a network and a clock that all come from one seed: `ballast simulate`."""
