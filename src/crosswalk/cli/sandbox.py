"""`crosswalk sandbox`: the emulated tenants and orgs alone, for whoever wants to try an integration against them."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from crosswalk.cli.options import JsonOption
from crosswalk.cli.output import coloured, counted, print_line
from crosswalk.cli.ports import free_port, sole_chooser
from crosswalk.domain.errors import CrosswalkError

if TYPE_CHECKING:
    from rich.progress import Progress

    from crosswalk_sandbox.hosted import OrgSpec, TenantSpec
    from crosswalk_sandbox.server import Sandbox

AUTH0_PORT, SALESFORCE_PORT, CONTROL_PORT, PUBSUB_PORT = 8481, 8482, 8483, 8484
_SHOW_PROGRESS_AFTER_S = 1.0


class SandboxNotStarted(CrosswalkError):
    """The sandbox could not be started as it was asked for."""


Auth0Port = Annotated[int | None, typer.Option(help="Port of the first tenant.")]
SalesforcePort = Annotated[int | None, typer.Option(help="Port of the first org.")]
PubsubPort = Annotated[int | None, typer.Option(help="Port of the first org's Pub/Sub API.")]
ControlPort = Annotated[int | None, typer.Option(help="Port of the control API.")]
Host = Annotated[str, typer.Option(help="Address to bind.")]
Tenants = Annotated[int, typer.Option(min=1, help="How many tenants; all but the first take free ports.")]
Orgs = Annotated[int, typer.Option(min=1, help="How many orgs; all but the first take free ports.")]
Seed = Annotated[
    str | None, typer.Option(metavar="SCENARIO", help="Fill the first ones: company, contacts, people, edge-cases.")
]
People = Annotated[int, typer.Option(min=0, help="How many people to seed.")]
SeedNumber = Annotated[int, typer.Option(metavar="SEED", help="The same number makes the same people.")]
Overlap = Annotated[
    float, typer.Option(min=0, max=1, help="In the scenario people, the share of those who are in both systems.")
]
TruthFile = Annotated[Path | None, typer.Option(help="Write who is the same person as whom, one JSON object a line.")]
Faults = Annotated[Path | None, typer.Option(metavar="FILE", help="Fault rules that hold from the start, as JSON.")]
StateDir = Annotated[Path, typer.Option(help="Where certificates and keys go.")]
EnvFile = Annotated[
    Path | None,
    typer.Option(help="Write the environment lines here too. Default: sandbox.env in the state folder."),
]


def sandbox(
    auth0_port: Auth0Port = None,
    salesforce_port: SalesforcePort = None,
    pubsub_port: PubsubPort = None,
    control_port: ControlPort = None,
    host: Host = "127.0.0.1",
    tenants: Tenants = 1,
    orgs: Orgs = 1,
    seed: Seed = None,
    people: People = 25,
    number: SeedNumber = 1,
    overlap: Overlap = 0.4,
    truth_file: TruthFile = None,
    faults: Faults = None,
    state_dir: StateDir = Path(".crosswalk/sandbox"),
    env_file: EnvFile = None,
    as_json: JsonOption = False,
) -> None:
    """Start emulated Auth0 tenants and Salesforce orgs; print their addresses and the variables that SDKs read.

    Nothing is kept after the end, and client ids and secrets are good for one run.
    """
    from crosswalk_sandbox.faults import read_fault_rules  # noqa: PLC0415  # the light commands start without it
    from crosswalk_sandbox.seeds import SeedOrder  # noqa: PLC0415
    from crosswalk_sandbox.server import Sandbox  # noqa: PLC0415

    meter = _Meter(people if seed else 0, is_shown=not as_json)
    ports = _Ports(host, auth0_port, salesforce_port, pubsub_port, control_port)

    def wanted() -> Sandbox:
        return Sandbox(
            state_dir,
            control_port=ports.control(),
            host=host,
            seed=SeedOrder(seed, people, number, overlap) if seed else None,
            progress=meter.show,
            tenants=ports.tenants(tenants),
            faults=read_fault_rules(faults) if faults else None,
            orgs=ports.orgs(orgs),
        )

    try:
        _run(wanted, _ready(meter, env_file or state_dir / "sandbox.env", truth_file, as_json))
    finally:
        meter.stop()
    if not as_json:
        print_line("stopped; nothing is left running")


class _Ports(NamedTuple):
    """Where the first tenant and the first org listen, and the control API; all others take free ports."""

    host: str
    auth0: int | None
    salesforce: int | None
    pubsub: int | None
    control_api: int | None

    def control(self) -> int:
        return free_port(CONTROL_PORT, self.control_api, self.host)

    def tenants(self, number: int) -> "list[TenantSpec]":
        from crosswalk_sandbox.hosted import TenantSpec  # noqa: PLC0415

        first = TenantSpec(port=free_port(AUTH0_PORT, self.auth0, self.host))
        return [first, *[TenantSpec()] * (number - 1)]

    def orgs(self, number: int) -> "list[OrgSpec]":
        from crosswalk_sandbox.hosted import OrgSpec  # noqa: PLC0415

        port = free_port(SALESFORCE_PORT, self.salesforce, self.host)
        first = OrgSpec(port=port, pubsub_port=free_port(PUBSUB_PORT, self.pubsub, self.host))
        return [first, *[OrgSpec()] * (number - 1)]


def _run(wanted: "Callable[[], Sandbox]", say: "Callable[[Sandbox], None]") -> None:
    """Serve until stopped. From choosing the ports until they are taken, nobody else here chooses any."""
    import uvloop  # noqa: PLC0415

    from crosswalk_sandbox.foreground import run_until_stopped  # noqa: PLC0415

    with ExitStack() as choosing:

        def when_ready(running: "Sandbox") -> None:
            choosing.close()
            say(running)

        try:
            choosing.enter_context(sole_chooser())
            uvloop.run(run_until_stopped(wanted(), when_ready=when_ready))
        except (OSError, ValueError) as error:
            raise SandboxNotStarted(getattr(error, "strerror", None) or str(error)) from error


def _ready(meter: "_Meter", env_file: Path, truth_file: Path | None, as_json: bool) -> Callable[["Sandbox"], None]:
    """What to do once the sandbox serves: write the files, say where everything is."""
    from crosswalk_sandbox.environment import environment, environment_lines, write_environment  # noqa: PLC0415

    def say(running: "Sandbox") -> None:
        meter.stop()
        line = running.ready_line()
        variables = environment(line)
        write_environment(env_file, variables)
        if truth_file is not None:
            documents = running.fleet.truth.documents()
            truth_file.write_text("".join(json.dumps(each) + "\n" for each in documents), encoding="utf-8")
        if as_json:
            print_line(json.dumps({**line, "environment": variables, "env_file": str(env_file)}))
            return
        for each in _table(line):
            print_line(*each)
        print_line()
        for text in environment_lines(variables):
            print_line(text)
        print_line()
        print_line(f"The same lines are in {env_file}; take them into a shell with: set -a; . {env_file}; set +a")
        print_line("The pages use a certificate of a private authority made just now: your browser will ask once.")
        print_line("Ctrl-C stops everything.")

    return say


def _table(line: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The addresses, one a line, under what they are for."""
    rows: list[tuple[str, str, str]] = []
    for name, tenant in line["tenants"].items():
        rows.append((f"Tenant {name}", f"https://{tenant['domain']}/", "state, people, sign-up"))
    for name, org in line["orgs"].items():
        rows.append((f"Org {name}", org["page_url"], "records; converting leads"))
        rows.append(("  its Pub/Sub API", org["pubsub_endpoint"], "gRPC over TLS"))
    rows.append(("Control API", line["control_url"], "reset, seed, faults, clock"))
    rows.append(("Authority", line["ca_file"], "the CA certificate that clients have to trust"))
    first, second = (max(len(row[place]) for row in rows) for place in (0, 1))
    return [
        ("  ", coloured(what.ljust(first), "bold"), "   ", where.ljust(second), "   ", coloured(hint, "dim"))
        for what, where, hint in rows
    ]


class _Meter:
    """The progress of a seeding on stderr, shown once it takes more than a second.

    Parameters
    ----------
    total
        How many people there will be.
    is_shown
        Whether anybody is to see it.
    """

    def __init__(self, total: int, *, is_shown: bool) -> None:
        self._total = total
        self._is_shown = is_shown
        self._began = time.monotonic()
        self._progress: Progress | None = None

    def show(self, done: int) -> None:
        """Tell how many people are done."""
        if not self._is_shown or time.monotonic() - self._began < _SHOW_PROGRESS_AFTER_S:
            return
        if self._progress is None:
            from rich.console import Console  # noqa: PLC0415
            from rich.progress import Progress  # noqa: PLC0415

            self._progress = Progress(console=Console(stderr=True), transient=True)
            self._progress.add_task(f"seeding {counted(self._total, 'person', 'people')}", total=self._total)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done)

    def stop(self) -> None:
        """Take it off the screen."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
