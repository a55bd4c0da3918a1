"""The sandbox as a child process, with its control API as plain methods: for the demo and for tests."""

import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from crosswalk_sandbox.access import Auth0Access, SalesforceAccess, SandboxAccess, read_access
from crosswalk_sandbox.faults import FaultRule

__all__ = ["Auth0Access", "SalesforceAccess", "SandboxAccess", "SandboxFailedError", "SandboxProcess"]

_READY_SECONDS = 60.0
_STOP_SECONDS = 8.0
_CONTROL_SECONDS = 30.0
_SEEDED_PER_SECOND = 500  # at the very least, on a machine that does much else
_SHOWN_ERROR = 4000


class SandboxFailedError(Exception):
    """The sandbox process did not start or did not do what it was asked for."""


class SandboxProcess:
    """The sandbox in a process of its own, from `with` to its end.

    Parameters
    ----------
    state_dir
        Directory for certificates and keys.
    auth0_port, salesforce_port, pubsub_port, control_port
        Ports; 0 takes a free one.
    tenants, orgs
        How many; all but the first take free ports. Their names are `tenant-1`, `tenant-2`, … and `org-1`, `org-2`, …
    seed
        Scenario to start the first tenant and the first org with, or None.

    Notes
    -----
    The methods are about the first tenant and the first org unless they are given the name of another.
    """

    access: SandboxAccess

    def __init__(
        self,
        state_dir: Path,
        *,
        auth0_port: int = 0,
        salesforce_port: int = 0,
        pubsub_port: int = 0,
        control_port: int = 0,
        tenants: int = 1,
        orgs: int = 1,
        seed: str | None = None,
    ) -> None:
        self._command = [sys.executable, "-m", "crosswalk_sandbox", "--exit-with-parent"]
        self._command += ["--state-dir", str(state_dir), "--auth0-port", str(auth0_port)]
        self._command += ["--salesforce-port", str(salesforce_port), "--control-port", str(control_port)]
        self._command += ["--pubsub-port", str(pubsub_port)]
        self._command += ["--tenants", str(tenants), "--orgs", str(orgs)]
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
        process = self._launch(self._command)
        self._process = process
        lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()  # type: ignore[union-attr]  # a pipe
        self._reader = threading.Thread(target=self._keep_errors, args=(process,), daemon=True)
        self._reader.start()
        try:
            line = lines.get(timeout=_READY_SECONDS)
            self.access = read_access(msgspec.json.decode(line), SandboxAccess)
        except (queue.Empty, msgspec.DecodeError) as error:
            self.stop()
            raise SandboxFailedError(
                f"the sandbox did not get ready (it has {_READY_SECONDS:g} s); it wrote: {self.errors() or 'nothing'}"
            ) from error
        self._client = httpx.Client(base_url=self.access.control_url, timeout=_CONTROL_SECONDS, trust_env=False)
        return self.access

    def _launch(self, command: list[str]) -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)  # noqa: S603 - our own module

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

    def add_tenant(self, name: str = "", *, port: int = 0) -> Auth0Access:
        """Start one more tenant; its name is found when none is given."""
        return read_access(self._post("/tenants", {"name": name, "port": port}), Auth0Access)

    def remove_tenant(self, name: str) -> None:
        """Stop and forget a tenant; the last one stays."""
        self._read(self._client.delete(f"/tenants/{name}"))

    def add_org(self, name: str = "", *, port: int = 0, pubsub_port: int = 0) -> SalesforceAccess:
        """Start one more org; its name is found when none is given."""
        return read_access(
            self._post("/orgs", {"name": name, "port": port, "pubsub_port": pubsub_port}), SalesforceAccess
        )

    def remove_org(self, name: str) -> None:
        """Stop and forget an org; the last one stays."""
        self._read(self._client.delete(f"/orgs/{name}"))

    def reset(self, *, tenant: str | None = None, org: str | None = None) -> None:
        """Empty the named tenant and org, or all of them when none is named."""
        if tenant is None and org is None:
            self._post("/reset")
        if tenant is not None:
            self._post(f"{_tenant_path(tenant)}/reset")
        if org is not None:
            self._post(f"{_org_path(org)}/reset")

    def seed(
        self,
        scenario: str = "company",
        *,
        people: int = 25,
        number: int = 1,
        overlap: float = 0.4,
        tenant: str | None = None,
        org: str | None = None,
    ) -> None:
        """Add people and records; the same number makes the same people.

        The scenarios, and what `overlap` is to one of them, are told at `seeds.scenarios.SeedOrder`.
        """
        order = {"scenario": scenario, "people": people, "number": number, "overlap": overlap}
        where = {"tenant": tenant, "org": org}
        timeout = _CONTROL_SECONDS + people / _SEEDED_PER_SECOND
        self._read(self._client.post("/seed", json=order | where, timeout=timeout))

    def truth(self) -> list[dict[str, Any]]:
        """Who of the seeded people is who: `users` and `records` of one person, and `case` for an awkward case."""
        response = self._client.get("/truth")
        if response.is_error:
            self._read(response)
        return [msgspec.json.decode(line) for line in response.content.splitlines()]

    def faults(self, *, org: str | None = None, **order: Any) -> None:
        """Trouble an org; the arguments are those of `salesforce.FaultOrder`."""
        self._post(f"{_org_path(org)}/faults", order)

    def auth0_faults(self, *, tenant: str | None = None, **order: Any) -> None:
        """Trouble a tenant; the arguments are those of `faults.FaultOrder`."""
        self._post(f"{_tenant_path(tenant)}/faults", order)

    def fault_rules(self, rules: Sequence[FaultRule | dict[str, Any]], *, seed: int = 0, add: bool = False) -> None:
        """Let tenants and orgs fail by these rules, in Python's or JSON's form, each of which names its vendor.

        They replace the rules before them unless `add` is set; the same seed gives the same faults to the same calls.
        """
        self._post("/faults/rules", {"rules": msgspec.to_builtins(list(rules)), "seed": seed, "add": add})

    def fault_log(self) -> list[dict[str, Any]]:
        """What was injected since the last reset, oldest first: `faults.InjectedFault` and the `vendor`."""
        result: list[dict[str, Any]] = self._get("/faults/log")
        return result

    def settings(self, *, org: str | None = None, **settings: Any) -> None:
        """Change an org's `latency_ms`, `daily_limit`, `concurrent_limit` or `token_lifetime_s`."""
        self._post(f"{_org_path(org)}/settings", settings)

    def administer(self, action: str, /, *, org: str | None = None, **order: Any) -> dict[str, Any]:
        """Play an org's administrator or users: `save`, `delete`, `convert`, `merge`, …

        The actions and their orders are those of `salesforce.administration`.
        """
        result: dict[str, Any] = self._post(f"{_org_path(org)}/{action}", order)
        return result

    def clock(self, *, advance: float = 0.0, speed: float | None = None) -> dict[str, Any]:
        """The sandbox's time: first let it run `speed` times as fast as real time, then jump by `advance` seconds.

        Returns what it is then: `now`, `ahead_seconds` of the computer's time, and `speed`.
        """
        result: dict[str, Any] = self._post("/clock", {"advance": advance, "speed": speed})
        return result

    def auth0_settings(self, *, tenant: str | None = None, **settings: Any) -> None:
        """Change a tenant's knobs, such as `duplicate_every` or `shuffle_seed`."""
        self._post(f"{_tenant_path(tenant)}/settings", settings)

    def mails(self, *, to: str = "", tenant: str | None = None) -> list[dict[str, Any]]:
        """The e-mails that a tenant would have sent, oldest first: all of them, or those to one address."""
        result: list[dict[str, Any]] = self._get(f"{_tenant_path(tenant)}/mails", to=to)
        return result

    def writes(self, after: int = 0, *, org: str | None = None) -> list[dict[str, Any]]:
        """An org's writes in order, from the one after the given number."""
        result: list[dict[str, Any]] = self._get(f"{_org_path(org)}/writes", after=after)
        return result

    def calls(self, *, org: str | None = None) -> dict[str, Any]:
        """An org's calls since the last reset: `total`, and `by_path`."""
        result: dict[str, Any] = self._get(f"{_org_path(org)}/calls")
        return result

    def state(self, *, tenant: str | None = None, org: str | None = None) -> dict[str, Any]:
        """Snapshots of a tenant and an org: `auth0` and `salesforce`."""
        return {
            "auth0": self._get(f"{_tenant_path(tenant)}/state"),
            "salesforce": self._get(f"{_org_path(org)}/state"),
        }

    def _keep_errors(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stderr is None:
            return
        with process.stderr as stream:
            for line in stream:
                self._errors += line
                del self._errors[: -4 * _SHOWN_ERROR]

    def _get(self, path: str, **query: Any) -> Any:
        return self._read(self._client.get(path, params=query))

    def _post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._read(self._client.post(path, json=body or {}))

    def _read(self, response: httpx.Response) -> Any:
        if response.is_error:
            raise SandboxFailedError(
                f"the sandbox's control API answered {response.status_code} to {response.request.url.path}: "
                f"{response.text[:_SHOWN_ERROR]}"
            )
        return response.json()


def _tenant_path(name: str | None) -> str:
    return "/auth0" if name is None else f"/tenants/{name}"


def _org_path(name: str | None) -> str:
    return "/salesforce" if name is None else f"/orgs/{name}"
