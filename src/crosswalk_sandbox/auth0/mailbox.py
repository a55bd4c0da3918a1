"""The e-mails that the tenant would send. They stay here, to be read on a page or through the control API."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.events import new_id

MOST_KEPT = 1_000
Kind = Literal["verification", "password-reset", "invitation", "import-completed"]
SUBJECTS: dict[Kind, str] = {
    "verification": "Verify your email",
    "password-reset": "Reset your password",
    "invitation": "You are invited",
    "import-completed": "User import",
}


class Mailbox:
    """The newest e-mails of all recipients, in the order of their sending."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._mails: deque[dict[str, Any]] = deque(maxlen=MOST_KEPT)

    def send(self, kind: Kind, to: str, text: str, link: str = "") -> dict[str, Any]:
        """Keep one e-mail and return it.

        Parameters
        ----------
        text : str
            What it says.
        link : str
            Where its button leads; empty for none.
        """
        mail = {
            "id": new_id("mail"),
            "date": iso_milliseconds(self._clock()),
            "kind": kind,
            "to": to,
            "subject": SUBJECTS[kind],
            "text": text,
            "link": link,
        }
        self._mails.append(mail)
        return dict(mail)

    def mails(self, *, to: str = "", kind: str = "") -> list[dict[str, Any]]:
        """Return the e-mails, oldest first: all of them, or those to one address or of one kind."""
        wanted = to.lower()
        return [
            dict(mail)
            for mail in self._mails
            if (not wanted or mail["to"].lower() == wanted) and (not kind or mail["kind"] == kind)
        ]
