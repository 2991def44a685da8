"""Prometheus metrics of the service: a headroom gauge per limit, and what cycles came to."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from agent.cycle import CycleOutcome

CYCLE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)


class Metrics:
    """The metrics of every vault of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        vault = ("vault",)
        self._cycles = Counter("ballast_cycles", "Cycles that ended", (*vault, "ending"), registry=self.registry)
        self._refusals = Counter("ballast_refusals", "Refusals by code", (*vault, "code"), registry=self.registry)
        self._plans = Counter("ballast_plans", "Plans by outcome", (*vault, "status"), registry=self.registry)
        self._seconds = Histogram(
            "ballast_cycle_seconds", "Duration of a cycle", vault, buckets=CYCLE_SECONDS, registry=self.registry
        )
        self._headroom = Gauge(
            "ballast_headroom",
            "What is left of a limit: 1 unused, 0 reached",
            (*vault, "limit"),
            registry=self.registry,
        )
        self._assets = Gauge("ballast_total_assets", "In the vault's asset", vault, registry=self.registry)
        self._share_price = Gauge("ballast_share_price", "1 at the start", vault, registry=self.registry)
        self._exposure = Gauge("ballast_gross_leverage", "Gross exposure / assets", vault, registry=self.registry)
        self._delta = Gauge("ballast_net_delta", "Net delta / assets", vault, registry=self.registry)
        self._mode = Gauge("ballast_mode", "0 active, 1 reduce only, 2 halted", vault, registry=self.registry)
        self._last = Gauge(
            "ballast_last_cycle_timestamp_seconds", "End of the last cycle", vault, registry=self.registry
        )
        self._latched = Gauge("ballast_latches", "Latches that are set", vault, registry=self.registry)
        self._balance = Gauge("ballast_gas_balance", "Native tokens of the agent", vault, registry=self.registry)

    def cycle(
        self, vault: str, outcome: CycleOutcome, headroom: Mapping[str, float], seconds: float, at_s: float
    ) -> None:
        """Record a cycle that ended by itself."""
        state = outcome.after
        ending = "sent" if outcome.sent is not None else "refused" if _reasons(outcome) else "held"
        self._cycles.labels(vault, ending).inc()
        self._seconds.labels(vault).observe(seconds)
        for reason in _reasons(outcome):
            self._refusals.labels(vault, reason).inc()
        if outcome.sent is not None:
            self._plans.labels(vault, outcome.sent.status.value).inc()
        for limit, left in headroom.items():
            self._headroom.labels(vault, limit).set(left)
        self._assets.labels(vault).set(state.asset.to_float(state.total_assets))
        self._share_price.labels(vault).set(state.share_price_e18 / 1e18)
        if state.total_assets:
            self._exposure.labels(vault).set(state.gross_exposure / state.total_assets)
            self._delta.labels(vault).set(state.net_delta / state.total_assets)
        self._mode.labels(vault).set(int(state.mode))
        if state.agent_balance_wei is not None:
            self._balance.labels(vault).set(state.agent_balance_wei / 10**18)
        self._last.labels(vault).set(at_s)

    def failed(self, vault: str, codes: Sequence[str]) -> None:
        """Record a cycle that ended in an error."""
        self._cycles.labels(vault, "failed").inc()
        for code in codes:
            self._refusals.labels(vault, code).inc()

    def latched(self, vault: str, count: int) -> None:
        """How many latches are set."""
        self._latched.labels(vault).set(count)

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes."""
        start_http_server(port, addr=host, registry=self.registry)


def _reasons(outcome: CycleOutcome) -> list[str]:
    return [str(reason.code) for reason in (*outcome.decision.refusals, *outcome.refusals)]
