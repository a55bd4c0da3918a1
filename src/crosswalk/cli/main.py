"""The `crosswalk` program: its list of commands, and what happens when one of them fails."""

import os
import sys
from typing import Annotated

import typer

from crosswalk.cli.apply import apply
from crosswalk.cli.backfill import backfill
from crosswalk.cli.budget import budget
from crosswalk.cli.check import check
from crosswalk.cli.conflicts import conflicts
from crosswalk.cli.deadletters import deadletters
from crosswalk.cli.demo import demo
from crosswalk.cli.doctor import doctor
from crosswalk.cli.explain import explain
from crosswalk.cli.holds import holds
from crosswalk.cli.init import init
from crosswalk.cli.links import links
from crosswalk.cli.plan import plan
from crosswalk.cli.reconcile import reconcile
from crosswalk.cli.record_case import record_case
from crosswalk.cli.replay import replay
from crosswalk.cli.resume import resume
from crosswalk.cli.run import run, serve, worker
from crosswalk.cli.sandbox import sandbox
from crosswalk.cli.subject import subject
from crosswalk.cli.test import test
from crosswalk.domain.errors import CrosswalkError

COMMANDS = (
    demo,
    init,
    check,
    doctor,
    test,
    record_case,
    replay,
    plan,
    apply,
    run,
    serve,
    worker,
    backfill,
    reconcile,
    budget,
    explain,
    resume,
    sandbox,
)
"""Every command, in the order of `crosswalk --help`: a function named for the command, from the module of that name."""

app = typer.Typer(
    name="crosswalk",
    help="Keeps Auth0 identities and Salesforce records in step.",
    no_args_is_help=True,
    suggest_commands=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(conflicts)
app.add_typer(deadletters)
app.add_typer(holds)
app.add_typer(links)
app.add_typer(subject)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"crosswalk {version('crosswalk')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Keeps Auth0 identities and Salesforce records in step."""


def main() -> None:
    """Run the program; an expected failure becomes one message on stderr and exit code 1.

    Set `CROSSWALK_DEBUG=1` to get its traceback instead.
    """
    try:
        app()
    except CrosswalkError as error:
        if os.environ.get("CROSSWALK_DEBUG"):
            raise
        from crosswalk.cli.output import print_error  # noqa: PLC0415

        print_error(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
