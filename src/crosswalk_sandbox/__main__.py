"""`python -m crosswalk_sandbox`: runs the sandbox until it is told to stop, and says in one JSON line where it is."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from crosswalk_sandbox.foreground import run_until_stopped
from crosswalk_sandbox.hosted import OrgSpec, TenantSpec
from crosswalk_sandbox.seeds import SCENARIOS
from crosswalk_sandbox.server import Sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m crosswalk_sandbox", description="A local Auth0 tenant and Salesforce org for demos and tests."
    )
    parser.add_argument("--state-dir", type=Path, required=True, help="directory for certificates and keys")
    parser.add_argument("--auth0-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--salesforce-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--pubsub-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--control-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind")
    parser.add_argument("--tenants", type=int, default=1, metavar="N", help="how many tenants")
    parser.add_argument("--orgs", type=int, default=1, metavar="N", help="how many orgs")
    parser.add_argument("--seed", choices=SCENARIOS, help="people and records to start with")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when standard input closes")
    options = parser.parse_args(arguments)
    sandbox = Sandbox(
        options.state_dir,
        control_port=options.control_port,
        host=options.host,
        seed=options.seed,
        tenants=[TenantSpec(port=options.auth0_port), *[TenantSpec()] * (options.tenants - 1)],
        orgs=[
            OrgSpec(port=options.salesforce_port, pubsub_port=options.pubsub_port),
            *[OrgSpec()] * (options.orgs - 1),
        ],
    )
    try:
        uvloop.run(run_until_stopped(sandbox, when_ready=_say_ready, exit_with_parent=options.exit_with_parent))
    except OSError as error:
        sys.stderr.write(f"sandbox: {error.strerror or error}\n")
        return 1
    return 0


def _say_ready(sandbox: Sandbox) -> None:
    sys.stdout.write(json.dumps(sandbox.ready_line()) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
