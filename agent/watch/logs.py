"""Structured logs: one JSON object per line, secrets hidden where the line leaves the process."""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import IO

from agent.watch.secrets import Redactor

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and whatever was passed as `extra`.

    Text that others wrote (symbols, answers) is data: quoted, its control characters escaped, cut when it is long.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info is not None and record.exc_info[1] is not None:
            fields["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(self._redact.data(fields), allow_nan=False)


def start_logging(redact: Redactor, stream: IO[str] | None = None, level: int = logging.INFO) -> None:
    """Send every logger's records through one sink, crashes of the main thread and of others included."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(redact))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These tell every request and every job at the level of our own news.
    for chatty in ("apscheduler", "urllib3", "aiohttp.access", "ccxt", "apprise", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    sys.excepthook = _log_crash
    threading.excepthook = lambda crash: _log_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _log_crash(kind: type[BaseException], error: BaseException | None, trace: object) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("ballast").critical("crashed", exc_info=error)
