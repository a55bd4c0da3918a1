"""Who caused a change, and through which request: what logs and events tell about it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Origin:
    """The request behind a change.

    Attributes
    ----------
    channel : str
        ``api`` for the Management API, a URL for pages.
    client_id, client_name : str
        The application on whose behalf the request came.
    """

    channel: str = "api"
    client_id: str = ""
    client_name: str = ""
    ip: str = "127.0.0.1"
    user_agent: str = "crosswalk-sandbox"
    hostname: str = ""
    method: str = "post"
    path: str = "/api/v2/users"
    query: dict[str, str] = field(default_factory=dict)
    token_id: str = ""
