"""How the hub's server deals with connections."""

from starlette.applications import Starlette

from crosswalk.api.server import make_server

LONGEST_IDLE_OF_PROXIES_S = 60
"""What AWS's load balancers and nginx keep a connection to a server without a request for, unless told otherwise."""


def test_a_proxy_in_front_is_the_first_to_close_a_connection_that_nobody_uses() -> None:
    assert make_server(Starlette()).config.timeout_keep_alive > LONGEST_IDLE_OF_PROXIES_S
