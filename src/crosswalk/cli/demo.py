"""`crosswalk demo`: the main job on this machine, without an account anywhere."""

import json
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import JsonOption
from crosswalk.cli.output import print_line
from crosswalk.cli.ports import free_port, sole_chooser

if TYPE_CHECKING:
    from crosswalk.demo.environment import Demo

PEOPLE = 25
CONSOLE_PORT, AUTH0_PORT, SALESFORCE_PORT = 8480, 8481, 8482


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play the main job through without a person, print what happened, and end.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files.")] = Path(".crosswalk/demo"),
    as_json: JsonOption = False,
) -> None:
    """Start a sandbox tenant and org, a hub between them, and a small company; print where to look.

    Needs no account: the Auth0 tenant and the Salesforce org are emulated on this machine.
    """
    from crosswalk.demo.environment import Ports, running_demo  # noqa: PLC0415  # the light commands start without it

    began = time.monotonic()
    if not as_json:
        print_line("starting the sandbox, PostgreSQL and the hub ...")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    with ExitStack() as stack:
        if once:
            running = stack.enter_context(running_demo(folder, Ports(), people=0))
        else:
            with sole_chooser():
                ports = Ports(free_port(CONSOLE_PORT), free_port(AUTH0_PORT), free_port(SALESFORCE_PORT))
                running = stack.enter_context(running_demo(folder, ports, people=PEOPLE))
        started_s = time.monotonic() - began
        if once:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler)  # ends the script where it is; the rest is stopped
            _play(running, started_s, as_json)
            return
        urls = {
            "signup_url": running.sandbox.access.auth0.signup_url,
            "console_url": running.console_url,
            "org_url": running.sandbox.access.salesforce.page_url,
            "admin_token": running.admin_token.reveal(),
            "started_s": round(started_s, 1),
        }
        print_line(json.dumps(urls) if as_json else _welcome(urls))
        while not stopped.wait(0.5):
            running.check()
    if not as_json:
        print_line("stopped; nothing is left running")


def _play(running: "Demo", started_s: float, as_json: bool) -> None:
    from crosswalk.demo.script import play  # noqa: PLC0415

    if not as_json:
        print_line(f"up after {started_s:.1f} s")
    steps = []
    for step in play(running.sandbox):
        steps.append({"did": step.did, "result": step.result, "took_ms": round(step.took_ms, 1)})
        if not as_json:
            print_line(f"{step.took_ms:7.0f} ms   {step.did}  →  {step.result}")
    if as_json:
        print_line(json.dumps({"started_s": round(started_s, 1), "steps": steps}))
    else:
        print_line("everything came through")


def _welcome(urls: dict[str, object]) -> str:
    return f"""
  Sign up here           {urls["signup_url"]}
  Watch it here          {urls["console_url"]}
    with admin token     {urls["admin_token"]}
  The org's records      {urls["org_url"]}

The sandbox's pages use a certificate of a private authority made just now: your browser will ask once.
Ctrl-C stops everything."""
