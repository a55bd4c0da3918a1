"""Builds: making an Action ready to run, which is installing its npm packages.

The vendor builds in the background, so a build is watched, not waited for. Packages are installed once for each set of
them, in a directory of its own below the tenant's, by npm when it is there; without packages there is nothing to do.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crosswalk_sandbox.auth0.actions.environment import child_environment
from crosswalk_sandbox.auth0.knobs import Knobs

Status = Literal["pending", "building", "built", "failed"]
INSTALL_SECONDS = 120.0
OFFLINE_MARKS = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")
# How much of npm's last words an error repeats.
MOST_WORDS = 300

Packages = tuple[tuple[str, str], ...]


@dataclass(slots=True, eq=False)
class Installation:
    """Packages in a directory of their own, there or on their way; `reason` says why they cannot be there."""

    directory: Path
    reason: str = ""
    done: threading.Event = field(default_factory=threading.Event, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """One build, done or on its way.

    Attributes
    ----------
    started, earliest : float
        The monotonic moments of its begin, and before which it does not count as done.
    """

    started: float
    earliest: float
    installation: Installation

    def status(self) -> Status:
        """Return how far the build is: the first half of a slow one is ``pending``."""
        now = time.monotonic()
        if self.installation.done.is_set() and now >= self.earliest:
            return "failed" if self.installation.reason else "built"
        return "pending" if now < (self.started + self.earliest) / 2 else "building"


class Builder:
    """Builds the Actions of one tenant, each set of packages once."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._lock = threading.Lock()
        self._installed: dict[Packages, Installation] = {}
        self._own: Path | None = None

    def start(self, packages: Packages) -> Build:
        """Begin a build and return it; it goes on in the background."""
        started = time.monotonic()
        return Build(started, started + self._knobs.action_build_seconds, self._installation(packages))

    def _installation(self, packages: Packages) -> Installation:
        with self._lock:
            known = self._installed.get(packages)
            if known is not None and not known.reason:
                return known
            name = hashlib.sha256(repr(packages).encode()).hexdigest()[:20] if packages else "none"
            installation = self._installed[packages] = Installation(self._directory() / name)
        if packages:
            threading.Thread(target=self._install, args=(installation, packages), daemon=True).start()
        else:
            installation.done.set()
        return installation

    def close(self) -> None:
        """Remove what was installed, unless it lies in a directory that the tenant was given."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._own = None
            self._installed.clear()

    def _directory(self) -> Path:
        if self._knobs.actions_dir is not None:
            self._knobs.actions_dir.mkdir(parents=True, exist_ok=True)
            return self._knobs.actions_dir
        if self._own is None:
            self._own = Path(tempfile.mkdtemp(prefix="crosswalk-actions-"))
        return self._own

    def _install(self, installation: Installation, packages: Packages) -> None:
        try:
            installation.reason = self._npm_install(installation.directory, packages)
        except OSError as error:
            installation.reason = f"npm could not run: {error.strerror}"
        finally:
            installation.done.set()

    def _npm_install(self, directory: Path, packages: Packages) -> str:
        """Install `packages` and return an empty text, or why that failed."""
        npm = shutil.which(self._knobs.npm_command)
        if npm is None:
            return f"npm was not found (looked for {self._knobs.npm_command}), so dependencies cannot be installed"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "package.json").write_text('{"private": true}\n')
        wanted = [f"{name}@{version}" for name, version in packages]
        # Packages' own install scripts do not run: a build must not run code that no Action calls.
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        try:
            ran = subprocess.run(  # noqa: S603 - the packages' names and versions are checked
                [npm, "install", *options, "--", *wanted],
                cwd=directory,
                env=child_environment(self._knobs),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"npm did not finish within {INSTALL_SECONDS:g} seconds"
        if ran.returncode == 0:
            return ""
        if any(mark in ran.stderr for mark in OFFLINE_MARKS):
            return "npm could not reach its registry; is this machine offline?"
        return f"npm install failed: {' '.join(ran.stderr.split())[:MOST_WORDS]}"
