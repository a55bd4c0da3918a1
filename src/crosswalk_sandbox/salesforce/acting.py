"""Whose call is being served: the user whom records name as the one who created or changed them."""

from contextvars import ContextVar

ACTING_USER: ContextVar[str | None] = ContextVar("crosswalk_sandbox.acting_user", default=None)
"""Id of the user whose access token the call came with; None outside of calls, where the integration user acts."""
