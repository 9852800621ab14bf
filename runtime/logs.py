"""Logs: one JSON object a line on standard error, with ids and codes alone; never words, names or numbers."""

import logging
import sys
from contextlib import suppress
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

# these quote what arrived, or what was asked of the database
_QUOTING = ("aiohttp.server", "aiohttp.web", "aiohttp.access", "psycopg", "psycopg.pool", "asyncio")


def set_up(role: str) -> None:
    """Log as this role (`web`, `worker 1`) from now on."""
    lines = _Lines(sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _kind_alone,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    logging.basicConfig(handlers=[_Structured(role)], level=logging.WARNING, force=True)
    for name in _QUOTING:
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.excepthook = _last_words


class _Lines:
    """Lines to a file, or nowhere: when its disk is full or its reader gone, lines are lost and the work goes on."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):  # the latter: it was closed
            self._out.write(line + "\n")
            self._out.flush()

    debug = info = warning = error = critical = msg


class _Structured(logging.Handler):
    """Libraries' log records, without their messages' arguments: those may quote what a person wrote."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().warning("library", logger=record.name, line=record.lineno, role=self._role, error=error)


def _kind_alone(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """An exception is told by its class: its text may hold anything."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    return event


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What an uncaught exception leaves behind: where it happened, not what it says."""
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    structlog.get_logger().critical("uncaught", error=kind.__name__, places=places[-6:])
