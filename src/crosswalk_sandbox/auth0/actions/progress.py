"""How far the post-login Actions of one login have come, across redirects and second factors."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from crosswalk_sandbox.auth0.actions.event_objects import Asked
from crosswalk_sandbox.auth0.actions.runs import Outcome, Runnable


@dataclass(slots=True)
class LoginActions:
    """The Actions of one login.

    Attributes
    ----------
    planned : tuple of Runnable or None
        What runs, decided when the first one does.
    position : int
        Which of them comes next.
    url : str
        Where an Action has sent the browser; empty unless it is there.
    came_back : Asked or None
        The request with which the browser returned from there.
    wants_factor : bool
        Whether an Action waits for a second factor, which the next one comes after.
    multifactor : str
        What the Actions said of the second factor at the end: a provider, ``none``, or empty.
    scopes : dict
        Scopes of the access token to add (True) and to take out (False).
    executions : list of str
        The ids of what ran.
    sid : str
        The id that a new session of this login will have, so that Actions can be told.
    """

    planned: tuple[Runnable, ...] | None = None
    position: int = 0
    is_done: bool = False
    url: str = ""
    came_back: Asked | None = None
    wants_factor: bool = False
    multifactor: str = ""
    id_claims: dict[str, Any] = field(default_factory=dict)
    access_claims: dict[str, Any] = field(default_factory=dict)
    scopes: dict[str, bool] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    executions: list[str] = field(default_factory=list)
    sid: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def take(self, outcome: Outcome) -> None:
        """Add what the Actions of a run asked for to what those before them did."""
        effects = outcome.effects
        self.came_back, self.url, self.wants_factor = None, "", False
        self.id_claims |= effects.id_token
        self.access_claims |= effects.access_token
        self.scopes |= effects.scopes
        self.metadata = {**self.metadata, **effects.transaction_metadata}
        if effects.multifactor is not None:
            self.multifactor = effects.multifactor.provider
        if outcome.stopped is None:
            self.is_done = True
        else:
            self.position += outcome.stopped

    def log_details(self) -> dict[str, Any]:
        """Return what a tenant log says of the Actions that ran."""
        return {"actions": {"executions": list(self.executions)}} if self.executions else {}
