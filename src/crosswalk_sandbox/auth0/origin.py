"""Who caused a change, and through which request: what logs and events tell about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The request behind a change.

    Attributes
    ----------
    client_id, client_name : str
        The application on whose behalf the request came.
    hostname : str
        The tenant's ``host:port`` as the caller wrote it.
    token_id : str
        The ``jti`` of the access token; empty for pages and in-process callers.
    is_page : bool
        Whether a person did it on one of the tenant's own pages.
    language : str
        What the browser asks for first, such as ``de-AT``; empty when it asks for none.
    """

    client_id: str
    client_name: str
    ip: str = "127.0.0.1"
    user_agent: str = "crosswalk-sandbox"
    hostname: str = ""
    token_id: str = ""
    is_page: bool = False
    language: str = ""
