"""What the status endpoint and `ballast status` show of the workers."""

import time
from collections.abc import Mapping, Sequence

from agent.reasons import Code
from agent.service.kill_switch import stop
from agent.service.latches import EVERY_VAULT, Latches
from agent.service.worker import Worker
from agent.watch.status import Face

WELL_INTERVALS = 3  # without a cycle for so many, a vault is not well


def _ask_the_leader(action: str, vault: str, address: str) -> None:
    raise LookupError("nothing was stopped: this agent stands by; ask the one that leads")


STANDBY = Face(lambda: (True, {}), lambda: {"standby": True}, _ask_the_leader)


def face_of(workers: Sequence[Worker], latches: Latches, interval_s: int) -> Face:
    """The face of a service: a vault is well while its last cycle is recent and did not fail."""
    started = time.time()

    def health() -> tuple[bool, Mapping[str, object]]:
        last = {worker.name: worker.last for worker in workers}
        now = time.time()
        well = all(
            now - (one.at_s or started) < WELL_INTERVALS * interval_s and one.ending != "failed"
            for one in last.values()
        )
        return well, {
            name: f"last cycle {now - one.at_s:.0f} s ago" if one.at_s else "no cycle yet" for name, one in last.items()
        }

    def status() -> Mapping[str, object]:
        return {"vaults": {worker.name: worker.summary() for worker in workers}}

    def stop_by_signature(action: str, vault: str, address: str) -> None:
        names = [worker.name for worker in workers]
        if vault not in (*names, EVERY_VAULT):
            raise LookupError(f"nothing was stopped: there is {', '.join(names)}, and * for all")
        code = Code.KILLED if action == "kill" else Code.PAUSED
        stop(latches, vault, code, f"{action} signed by {address}", address)

    return Face(health, status, stop_by_signature)
