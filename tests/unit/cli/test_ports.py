"""Ports that commands choose for themselves."""

import socket
import threading

from crosswalk.cli.ports import free_port, sole_chooser


def test_a_preferred_port_is_taken_when_it_is_free_and_any_when_it_is_not():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port(port) == 0
        assert free_port(port, wanted=port) == port
    assert free_port(port) == port


def test_who_starts_meanwhile_waits_until_the_ports_of_the_first_are_listened_at():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chosen: list[int] = []

    def start_too() -> None:
        with sole_chooser():
            chosen.append(free_port(port))

    other = threading.Thread(target=start_too)
    with socket.socket() as first:
        with sole_chooser():
            mine = free_port(port)
            other.start()
            other.join(0.2)  # long enough for it to choose, if it did not wait
            first.bind(("127.0.0.1", mine))
            first.listen()
        other.join()

    assert (mine, chosen) == (port, [0])
