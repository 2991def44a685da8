"""What can go wrong in a service, as codes; whatever is not listed here is a mistake of ours."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sql

from agent.execution.outcome import Fenced
from agent.execution.signer import SigningRefused
from agent.execution.stores import JournalError
from agent.market.chain_problems import CHAIN_PROBLEMS, chain_reason
from agent.reasons import Code, Reason, Refusal
from agent.service.settings import LoadedService, load_service
from agent.watch.secrets import Redactor

KNOWN = (Refusal, JournalError, Fenced, SigningRefused, sql.exc.SQLAlchemyError, *CHAIN_PROBLEMS)
P = ParamSpec("P")
T = TypeVar("T")


def reasons_of(error: Exception) -> tuple[Reason, ...]:
    """The codes of one of `KNOWN`; anything else is CYCLE_FAILED."""
    if isinstance(error, Refusal):
        return error.reasons
    if isinstance(error, JournalError | Fenced | SigningRefused):
        return (error.reason,)
    if isinstance(error, sql.exc.SQLAlchemyError):
        return (Reason(Code.STATE_UNREADABLE, str(error), where="the service's database"),)
    if isinstance(error, CHAIN_PROBLEMS):
        return (chain_reason(error),)
    return (Reason(Code.CYCLE_FAILED, f"{type(error).__name__}: {error}", where="the log"),)


def refusing(command: Callable[P, T]) -> Callable[P, T]:
    """What a person started ends with codes instead of a traceback when something known goes wrong."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except Refusal:
            raise
        except KNOWN as error:
            raise Refusal(*reasons_of(error)) from error

    return run


def with_service(command: Callable[Concatenate[LoadedService, P], T]) -> Callable[Concatenate[Path, P], T]:
    """A command on a service file: it ends with codes when something known goes wrong, and none quotes its secrets."""

    @wraps(command)
    def run(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> T:
        loaded = load_service(path)
        try:
            return command(loaded, *args, **kwargs)
        except KNOWN as error:
            redact = Redactor(loaded.secrets())
            raise Refusal(*map(redact.reason, reasons_of(error))) from error

    return run
