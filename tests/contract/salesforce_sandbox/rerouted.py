"""simple-salesforce at the sandbox: it puts `.salesforce.com` behind every domain that it logs in to."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

HOSTS = ("https://login.salesforce.com", "https://my-org.my.salesforce.com")


class Rerouted(HTTPAdapter):
    """Sends what the client addresses to `*.salesforce.com` to the sandbox."""

    def __init__(self, instance_url: str) -> None:
        super().__init__()
        self._instance_url = instance_url

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        for host in HOSTS:
            request.url = request.url.replace(host, self._instance_url)
        return super().send(request, *args, **kwargs)


def rerouted_to(instance_url: str, session: requests.Session) -> requests.Session:
    """The session, with the vendor's hosts leading to the org."""
    for host in HOSTS:
        session.mount(host, Rerouted(instance_url))
    return session
