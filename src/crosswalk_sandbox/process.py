"""The sandbox as a child process, with its control API as plain methods: for the demo and for tests."""

import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

_READY_SECONDS = 20.0
_STOP_SECONDS = 8.0
_CONTROL_SECONDS = 30.0
_SEEDED_PER_SECOND = 3000  # at the very least
_SHOWN_ERROR = 4000


class Auth0Access(msgspec.Struct, frozen=True):
    """How to reach the tenant."""

    domain: str
    client_id: str
    client_secret: str
    signup_url: str

    def __repr__(self) -> str:
        return f"Auth0Access(domain={self.domain!r})"


class SalesforceAccess(msgspec.Struct, frozen=True):
    """How to reach the org."""

    instance_url: str
    client_id: str
    client_secret: str
    username: str
    private_key_file: Path
    page_url: str

    def __repr__(self) -> str:
        return f"SalesforceAccess(instance_url={self.instance_url!r})"


class SandboxAccess(msgspec.Struct, frozen=True):
    """What a running sandbox says about itself."""

    auth0: Auth0Access
    salesforce: SalesforceAccess
    control_url: str
    ca_file: Path


def _read_path(kind: type, value: Any) -> Any:
    return kind(value)


class SandboxFailedError(Exception):
    """The sandbox process did not start or did not do what it was asked for."""


class SandboxProcess:
    """The sandbox in a process of its own, from `with` to its end.

    Parameters
    ----------
    state_dir
        Directory for certificates and keys.
    auth0_port, salesforce_port, control_port
        Ports; 0 takes a free one.
    seed
        Scenario to start with, or None.
    """

    access: SandboxAccess

    def __init__(
        self,
        state_dir: Path,
        *,
        auth0_port: int = 0,
        salesforce_port: int = 0,
        control_port: int = 0,
        seed: str | None = None,
    ) -> None:
        self._command = [sys.executable, "-m", "crosswalk_sandbox", "--exit-with-parent"]
        self._command += ["--state-dir", str(state_dir), "--auth0-port", str(auth0_port)]
        self._command += ["--salesforce-port", str(salesforce_port), "--control-port", str(control_port)]
        self._command += ["--seed", seed] if seed else []
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = bytearray()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process's id, None when it does not run."""
        return self._process.pid if self._process is not None else None

    def start(self) -> SandboxAccess:
        """Start the process and wait until it serves.

        Raises
        ------
        SandboxFailedError
            When it is not ready within 20 s, with what it wrote to standard error.
        """
        pipe = subprocess.PIPE
        process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)  # noqa: S603 - our own module
        self._process = process
        lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()  # type: ignore[union-attr]  # a pipe
        self._reader = threading.Thread(target=self._keep_errors, args=(process,), daemon=True)
        self._reader.start()
        try:
            line = lines.get(timeout=_READY_SECONDS)
            self.access = msgspec.json.decode(line, type=SandboxAccess, dec_hook=_read_path)
        except (queue.Empty, msgspec.DecodeError) as error:
            self.stop()
            raise SandboxFailedError(
                f"the sandbox did not get ready (it has {_READY_SECONDS:g} s); it wrote: {self.errors() or 'nothing'}"
            ) from error
        self._client = httpx.Client(base_url=self.access.control_url, timeout=_CONTROL_SECONDS, trust_env=False)
        return self.access

    def stop(self) -> None:
        """End the process: closing its input, then terminate, then kill; returns when it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        if hasattr(self, "_client"):
            self._client.close()
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
        self._reader.join(_STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()

    def errors(self) -> str:
        """The end of what the process wrote to standard error."""
        return self._errors[-_SHOWN_ERROR:].decode(errors="replace").strip()

    def reset(self) -> None:
        """Empty the tenant and the org."""
        self._post("/reset")

    def seed(self, scenario: str = "company", *, people: int = 25, number: int = 1) -> None:
        """Add people and records; the same number makes the same people."""
        order = {"scenario": scenario, "people": people, "number": number}
        self._read(self._client.post("/seed", json=order, timeout=_CONTROL_SECONDS + people / _SEEDED_PER_SECOND))

    def faults(self, **order: Any) -> None:
        """Trouble the org; the arguments are those of `salesforce.FaultOrder`."""
        self._post("/salesforce/faults", order)

    def settings(self, **settings: Any) -> None:
        """Change the org's `latency_ms`, `daily_limit` or `token_lifetime_s`."""
        self._post("/salesforce/settings", settings)

    def administer(self, action: str, /, **order: Any) -> dict[str, Any]:
        """Play the org's administrator or users: `save`, `delete`, `convert`, `merge`, …

        The actions and their orders are those of `salesforce.administration`.
        """
        result: dict[str, Any] = self._read(self._client.post(f"/salesforce/{action}", json=order))
        return result

    def auth0_settings(self, **settings: Any) -> None:
        """Change the tenant's knobs, such as `duplicate_every` or `shuffle_seed`."""
        self._post("/auth0/settings", settings)

    def writes(self, after: int = 0) -> list[dict[str, Any]]:
        """The org's writes in order, from the one after the given number."""
        result: list[dict[str, Any]] = self._get("/salesforce/writes", after=after)
        return result

    def calls(self) -> dict[str, Any]:
        """The org's calls since the last reset: `total`, and `by_path`."""
        result: dict[str, Any] = self._get("/salesforce/calls")
        return result

    def state(self) -> dict[str, Any]:
        """Snapshots of both: `auth0` and `salesforce`."""
        result: dict[str, Any] = self._get("/state")
        return result

    def _keep_errors(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stderr is None:
            return
        with process.stderr as stream:
            for line in stream:
                self._errors += line
                del self._errors[: -4 * _SHOWN_ERROR]

    def _get(self, path: str, **query: Any) -> Any:
        return self._read(self._client.get(path, params=query))

    def _post(self, path: str, body: dict[str, Any] | None = None) -> None:
        self._read(self._client.post(path, json=body or {}))

    def _read(self, response: httpx.Response) -> Any:
        if response.is_error:
            raise SandboxFailedError(
                f"the sandbox's control API answered {response.status_code} to {response.request.url.path}: "
                f"{response.text[:_SHOWN_ERROR]}"
            )
        return response.json()
