"""`crosswalk run`, `serve` and `worker`: the hub in one process, or in several that share a PostgreSQL."""

import json
import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.counter_folder import counter_folder, hold
from crosswalk.cli.importing import importing
from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import print_line
from crosswalk.cli.parent import end_with_parent
from crosswalk.cli.roles import STOP_WITHIN_S, Roles, Seat, serve_command

if TYPE_CHECKING:
    from crosswalk.config.config import Config

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
Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, max=32, help="How many processes answer requests, instead of server.processes."),
]
Place = Annotated[int | None, typer.Option("--place", hidden=True)]
ListeningOn = Annotated[int | None, typer.Option("--listening-on", hidden=True)]
ExitWithParent = Annotated[bool, typer.Option("--exit-with-parent", hidden=True)]


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    monitoring_port: MonitoringPort = None,
    stop_within: StopWithin = STOP_WITHIN_S,
    processes: Processes = None,
    exit_with_parent: ExitWithParent = False,
) -> None:
    """Run the whole hub in one process: webhooks, console and worker."""
    roles = Roles(
        api=True, worker=True, monitoring_port=monitoring_port, stop_within_s=stop_within, processes=processes
    )
    _run_roles(config, as_json, verbose, exit_with_parent, roles)


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    monitoring_port: MonitoringPort = None,
    stop_within: StopWithin = STOP_WITHIN_S,
    processes: Processes = None,
    place: Place = None,
    listening_on: ListeningOn = None,
    exit_with_parent: ExitWithParent = False,
) -> None:
    """Run the webhooks, the admin API and the console; workers run elsewhere."""
    seat = Seat(place, listening_on) if place is not None and listening_on is not None else None
    roles = Roles(
        api=True,
        worker=False,
        monitoring_port=monitoring_port,
        stop_within_s=stop_within,
        processes=processes,
        seat=seat,
    )
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


def _run_roles(path: Path, as_json: bool, verbose: bool, exit_with_parent: bool, roles: Roles) -> None:
    with importing():
        import uvloop  # noqa: PLC0415  # the light commands start without the engine

        from crosswalk.config.load import load_config  # noqa: PLC0415
        from crosswalk.logs import configure_logs  # noqa: PLC0415

    configure_logs(verbose=verbose, place=roles.seat.place if roles.seat else None)
    config = load_config(path)
    with ExitStack() as stack:
        roles = _in_group(config, path, verbose, roles, stack)
        with importing():  # after that: it makes counters, which belong to the group
            from crosswalk.cli.process import GIVE_UP_AFTER_S, run_process  # noqa: PLC0415

        if exit_with_parent:
            end_with_parent(roles.stop_within_s + GIVE_UP_AFTER_S)
        announce = print_line if as_json else _announce
        uvloop.run(run_process(config, roles, announce))


def _in_group(config: "Config", path: Path, verbose: bool, roles: Roles, stack: ExitStack) -> Roles:
    """Join the group of processes whose counters are added up, or found it, where there are several."""
    from crosswalk.engine.group_counters import FOLDER, join_group  # noqa: PLC0415

    if roles.seat is not None:
        folder = Path(os.environ[FOLDER])
        hold(folder)
        join_group(folder, str(roles.seat.place))
        return replace(roles, processes=1)
    number = (roles.processes or config.server.processes) if roles.api else 1
    if number > 1:
        join_group(stack.enter_context(counter_folder()), "0")
    command = serve_command(path, verbose=verbose, stop_within_s=roles.stop_within_s)
    return replace(roles, processes=number, process_command=tuple(command))


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
