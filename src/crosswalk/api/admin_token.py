"""The admin token: configured, or generated once and kept where only its owner can read it."""

import os
import secrets
from pathlib import Path

from crosswalk.connectors.secret import Secret

FILE_NAME = "admin-token"


def admin_token(configured: Secret | None, state_dir: Path) -> Secret:
    """The token that opens the console and the admin API.

    Generated at the first start when none is configured; several processes that start at once agree on one.
    """
    if configured is not None:
        return configured
    path = state_dir / FILE_NAME
    state_dir.mkdir(parents=True, exist_ok=True)
    own = path.with_suffix(f".{os.getpid()}")
    own.touch(mode=0o600)
    own.write_text(secrets.token_urlsafe(24))
    try:
        os.link(own, path)  # fails when there is a token already; never leaves a half-written one
    except FileExistsError:
        pass
    finally:
        own.unlink()
    return Secret(path.read_text().strip())
