"""What the child processes of Actions see of this process's environment."""

from __future__ import annotations

import os

from crosswalk_sandbox.auth0.knobs import Knobs

# Enough to find programs, their settings and a proxy; nothing that may hold a secret of somebody else.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def child_environment(knobs: Knobs) -> dict[str, str]:
    """Return the environment of Node and npm; Node trusts the sandbox's authority beside the public ones."""
    kept = {
        name: value for name, value in os.environ.items() if name.upper() in PASSED_ON or name.startswith("npm_config_")
    }
    if knobs.actions_ca_file is not None:
        kept["NODE_EXTRA_CA_CERTS"] = str(knobs.actions_ca_file)
    return kept
