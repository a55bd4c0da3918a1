"""What a vendor's half of the sandbox tells the fault layer: a call's classes, and what its refusals look like."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from starlette.types import Scope

from crosswalk_sandbox.faults.effects import Limit, Status, Throttle


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to send instead of serving a call."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class VendorAnswers(Protocol):
    """One tenant or org, as the fault layer sees it."""

    def operations_of(self, scope: Scope) -> frozenset[str]:
        """The classes of a call; empty for what is no call to the vendor, such as the sandbox's own pages."""

    def answer(self, effect: Status | Throttle | Limit, scope: Scope) -> Answer:
        """The refusal of a call."""

    def revoke(self, scope: Scope, *, every: bool) -> None:
        """End the token that the call came with, or every token."""

    def exhaust(self) -> None:
        """Use up the daily limit, where there is one."""


def html_answer(status: int) -> Answer:
    """A page as a proxy in front of the vendor sends it."""
    title = f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)
    body = f"<center><h1>{title}</h1></center>"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>{body}</body>\r\n</html>\r\n"
    return Answer(status, page.encode(), "text/html")


def empty_answer(status: int) -> Answer:
    """A status and nothing else."""
    return Answer(status, b"", "")
