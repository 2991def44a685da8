"""The kill switch in its three places; each alone is enough, and one that cannot be read counts as used.

A file, for whoever has the machine; a row in the database, which `ballast kill` and the signed call write; and on
chain the guardian, who halts the vault or removes the agent, which the vault's mode and the start-up check show.
"""

import time
from pathlib import Path

import sqlalchemy as sql

from agent.reasons import Code, Reason
from agent.service.latches import Latches

FILE_NAME = "KILL"


class KillSwitch:
    """Asked before every cycle and again before every send.

    Parameters
    ----------
    folder : of the service's state; a file named KILL in it, whatever it holds, stops every vault
    latches : the database
    """

    def __init__(self, folder: Path, latches: Latches) -> None:
        self._file = folder / FILE_NAME
        self._latches = latches

    def reasons(self, vault: str) -> tuple[Reason, ...]:
        """Why this vault may send nothing; empty only when every place could be read and none is set."""
        found = []
        try:
            if self._file_exists():
                found.append(Reason(Code.KILLED, "the kill file exists", where=str(self._file)))
        except OSError as error:
            found.append(Reason(Code.KILL_SWITCH_UNREADABLE, f"the kill file: {error}", where=str(self._file)))
        try:
            found += [latch.reason for latch in self._latches.active(vault)]
        except (sql.exc.SQLAlchemyError, OSError) as error:
            found.append(Reason(Code.KILL_SWITCH_UNREADABLE, f"the latches: {error}", where="the service's database"))
        return tuple(found)

    def killed(self, vault: str) -> bool:
        """Whether what the vault has under way is to be cancelled; a pause lets it come to its end."""
        return any(reason.code in (Code.KILLED, Code.KILL_SWITCH_UNREADABLE) for reason in self.reasons(vault))

    def _file_exists(self) -> bool:
        """Path.exists would take an unreadable folder for an absent file."""
        try:
            self._file.lstat()
        except FileNotFoundError:
            # The folder must be there: without it, nobody could have put the file where we look.
            self._file.parent.stat()
            return False
        return True


def stop(latches: Latches, vault: str, code: Code, message: str, by: str) -> None:
    """Pause or kill a vault from outside of its cycle."""
    latches.set(vault, Reason(code, message, where="ballast resume"), int(time.time()), by)
