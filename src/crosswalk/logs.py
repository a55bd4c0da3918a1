"""Logs: JSON lines on standard error for machines, plain ones for a person at a terminal; personal values masked.

Nothing of ours logs a profile or a field's value. The masker is the second line: it hides what an error message of a
library or a vendor may carry along.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

EMAIL = re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
QUERY = re.compile(r"(https?://[^\s?\"']+\?)[^\s\"']+")
"""What a URL asks for: match values and search words, percent-encoded so that no other pattern sees them."""

PHONE = re.compile(r"(?<![\w|.:-])\+?\d[\d\s().-]{8,16}\d(?![\w|.:-])")
BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=!-]{8,}")


def mask(text: str) -> str:
    """Hide e-mail addresses, phone numbers and credentials in a text."""
    text = BEARER.sub(r"\1 ***", text)
    text = QUERY.sub(r"\1***", text)
    text = EMAIL.sub("***@***", text)
    return PHONE.sub("***", text)


def mask_values(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of a log line, a library's message included; its time and the ids carry nothing personal."""
    for key, value in event.items():
        if isinstance(value, str) and key not in {"timestamp", "level", "user_id"}:
            event[key] = mask(value)
    return event


def _number_processes(place: int) -> Processor:
    def add(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {**event, "process": place}

    return add


def configure_logs(*, verbose: bool = False, as_json: bool | None = None, place: int | None = None) -> None:
    """Send ours and the libraries' logs to standard error.

    Parameters
    ----------
    verbose
        Also what is only of interest when looking for a fault.
    as_json
        One JSON object per line; by default when standard error is not a terminal.
    place
        Tells apart the lines of several processes that share standard error.
    """
    json_lines = not sys.stderr.isatty() if as_json is None else as_json
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_values,
    ]
    if place is not None:
        shared.append(_number_processes(place))
    renderer: Any = structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared] if verbose else shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for noisy in (
        "httpx",
        "httpcore",
        "procrastinate",
        "uvicorn.access",
        "uvicorn.error",
        "alembic",
        "psycopg.pool",
        "asyncio",
    ):
        logging.getLogger(noisy).setLevel(logging.DEBUG if verbose else logging.WARNING)
