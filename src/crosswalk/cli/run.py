"""`crosswalk run`, `serve` and `worker`: the hub in one process, or in several that share a PostgreSQL."""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import print_line
from crosswalk.cli.roles import STOP_WITHIN_S, Roles

MonitoringPort = Annotated[
    int | None,
    typer.Option(
        "--monitoring-port",
        min=0,
        max=65535,
        help="Port for probes and metrics, instead of monitoring.port; 0 picks a free one.",
    ),
]
StopWithin = Annotated[
    float,
    typer.Option(
        "--stop-within",
        min=0,
        metavar="SECONDS",
        help="How long a batch under way may take to finish when the process is told to stop.",
    ),
]
ExitWithParent = Annotated[bool, typer.Option("--exit-with-parent", hidden=True)]


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    monitoring_port: MonitoringPort = None,
    stop_within: StopWithin = STOP_WITHIN_S,
    exit_with_parent: ExitWithParent = False,
) -> None:
    """Run the whole hub in one process: webhooks, console and worker."""
    roles = Roles(api=True, worker=True, monitoring_port=monitoring_port, stop_within_s=stop_within)
    _run_roles(config, as_json, verbose, exit_with_parent, roles)


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    monitoring_port: MonitoringPort = None,
    stop_within: StopWithin = STOP_WITHIN_S,
    exit_with_parent: ExitWithParent = False,
) -> None:
    """Run the webhooks, the admin API and the console; workers run elsewhere."""
    roles = Roles(api=True, worker=False, monitoring_port=monitoring_port, stop_within_s=stop_within)
    _run_roles(config, as_json, verbose, exit_with_parent, roles)


def worker(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    monitoring_port: MonitoringPort = None,
    stop_within: StopWithin = STOP_WITHIN_S,
    exit_with_parent: ExitWithParent = False,
) -> None:
    """Run a worker: reconciles, and reads the pull sources. Start as many as you like."""
    roles = Roles(api=False, worker=True, monitoring_port=monitoring_port, stop_within_s=stop_within)
    _run_roles(config, as_json, verbose, exit_with_parent, roles)


def _run_roles(config: Path, as_json: bool, verbose: bool, exit_with_parent: bool, roles: Roles) -> None:
    import uvloop  # noqa: PLC0415  # the light commands start without the engine

    from crosswalk.cli.process import run_process  # noqa: PLC0415
    from crosswalk.config.load import load_config  # noqa: PLC0415
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    configure_logs(verbose=verbose)
    if exit_with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    announce = print_line if as_json else _announce
    uvloop.run(run_process(load_config(config), roles, announce))


def _announce(line: str) -> None:
    """Tell a person what is up and where to go."""
    ready = json.loads(line)
    if "console_url" not in ready:
        print_line("worker is up; stop it with Ctrl-C")
        return
    print_line(f"hub is up:  {ready['url']}")
    print_line(f"console:    {ready['console_url']}")
    if ready["admin_token_file"]:
        token = Path(ready["admin_token_file"]).read_text().strip()
        print_line(f"admin token: {token}   (kept in {ready['admin_token_file']})")
    print_line("stop it with Ctrl-C")


def _end_with_parent() -> None:
    """Stop this process when the one that started it is gone: its end of our standard input closes."""
    while os.read(sys.stdin.fileno(), 4096):  # by the descriptor: a thread inside sys.stdin would upset the exit
        pass
    os.kill(os.getpid(), signal.SIGTERM)
