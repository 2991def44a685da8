"""The commands of the headless agent: local, run, status, pause, kill, resume, journal, chaos and simulate."""

from pathlib import Path

from rich.console import Console

from agent.check import EXIT_OK
from agent.cli.reported import reported


@reported
def run_local(config: Path, out: Path, seed: int) -> int:
    """`ballast local`."""
    from agent.replay.real_time import live_locally

    return live_locally(config, out, seed, Console())


@reported
def run_service_file(service: Path, live: bool, cycles: int | None) -> int:
    """`ballast run`."""
    from agent.service.run import run_service

    run_service(service, live=live, cycles=cycles)
    return EXIT_OK


@reported
def run_status(service: Path) -> int:
    """`ballast status`."""
    from agent.service.desk import report_status

    return report_status(service, Console())


@reported
def run_stop(service: Path, vault: str, action: str) -> int:
    """`ballast pause` and `ballast kill`."""
    from agent.service.desk import report_stop

    return report_stop(service, vault, action, Console())


@reported
def run_resume(service: Path, vault: str) -> int:
    """`ballast resume`."""
    from agent.service.desk import report_resume

    return report_resume(service, vault, Console())


@reported
def run_journal(service: Path, last: int) -> int:
    """`ballast journal`."""
    from agent.service.desk import report_journal

    return report_journal(service, last, Console())


@reported
def run_accept(service: Path, note: str) -> int:
    """`ballast accept`."""
    from agent.service.desk import report_accept

    return report_accept(service, note, Console())


@reported
def run_chaos(node: str, port: int, faults: list[str], seed: int, delay_s: float) -> int:
    """`ballast chaos`."""
    from agent.chaos.proxy import serve_chaos

    return serve_chaos(node, port, faults, seed, delay_s, Console())


@reported
def run_simulation(first: int, seeds: int, jobs: int) -> int:
    """`ballast simulate`."""
    from agent.simulation.command import report_simulation

    return report_simulation(first, seeds, jobs, Console())
