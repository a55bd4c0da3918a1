"""Any number of tenants and orgs in one event loop, by name; they come and go while the others are served."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from starlette.types import ASGIApp

from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.faults import Faults
from crosswalk_sandbox.hosted import Hosted, HostedOrg, HostedTenant, OrgSpec, TenantSpec
from crosswalk_sandbox.seeds import Same, SeedOrder, Truth, seeding
from crosswalk_sandbox.tls import Certificates

Member = TypeVar("Member", bound=Hosted)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_FIRST_USERNAME = "integration@crosswalk.example"


class UnknownMember(LookupError):
    """No tenant or org has this name."""


class Fleet:
    """The tenants and orgs that are served.

    Parameters
    ----------
    state_dir
        Directory for the orgs' keys.
    host
        Address to bind.
    certificates
        What all of them show to clients.

    Attributes
    ----------
    clock
        The time that all of them live by.
    truth
        What the seeds know about who is who.
    around
        What is put around the application of each of those that are made from then on.
    tenants, orgs
        By name, in the order of their start; the first ones are what `/auth0` and `/salesforce` stand for.
    """

    def __init__(self, state_dir: Path, host: str, certificates: Certificates) -> None:
        self._state_dir = state_dir
        self._host = host
        self._certificates = certificates
        self.clock = SandboxClock()
        self.truth = Truth()
        self.around: Callable[[ASGIApp, HostedTenant | HostedOrg], ASGIApp] = lambda app, member: app
        self.tenants: dict[str, HostedTenant] = {}
        self.orgs: dict[str, HostedOrg] = {}

    def tenant(self, name: str | None = None) -> HostedTenant:
        """The tenant of this name, the first one for None; `UnknownMember` when there is none."""
        return _member(self.tenants, name, "tenant")

    def org(self, name: str | None = None) -> HostedOrg:
        """The org of this name, the first one for None; `UnknownMember` when there is none."""
        return _member(self.orgs, name, "org")

    def members(self) -> list[Hosted]:
        """All tenants, then all orgs."""
        return [*self.tenants.values(), *self.orgs.values()]

    def faults(self) -> list[Faults]:
        """The fault rules of each of them."""
        return [
            *(hosted.tenant.faults for hosted in self.tenants.values()),
            *(hosted.org.faults for hosted in self.orgs.values()),
        ]

    def make(self, tenants: Sequence[TenantSpec], orgs: Sequence[OrgSpec]) -> None:
        """Bind all of these, without serving them yet.

        Raises
        ------
        ValueError
            For a name that is not free or not well formed.
        OSError
            For a port that is taken.
        """
        for each in tenants:
            self._make_tenant(each)
        for each_org in orgs:
            self._make_org(each_org)

    async def start(self) -> None:
        """Serve what `make` has bound."""
        await asyncio.gather(*(each.start() for each in self.members()))

    async def stop(self) -> None:
        """Stop all of them."""
        await asyncio.gather(*(each.stop() for each in self.members()))

    async def add_tenant(self, spec: TenantSpec) -> HostedTenant:
        """Make and serve one more tenant; raises as `make` does."""
        hosted = self._make_tenant(spec)
        try:
            return await hosted.start()
        except BaseException:
            await self._forget(self.tenants, hosted)
            raise

    async def add_org(self, spec: OrgSpec) -> HostedOrg:
        """Make and serve one more org; raises as `make` does."""
        hosted = self._make_org(spec)
        try:
            return await hosted.start()
        except BaseException:
            await self._forget(self.orgs, hosted)
            raise

    async def remove_tenant(self, name: str) -> None:
        """Stop and forget a tenant; `ValueError` for the last one."""
        member = self.tenant(name)
        _check_not_last(self.tenants, name, "tenant")
        await self._forget(self.tenants, member)
        self.truth.forget(tenant=name)

    async def remove_org(self, name: str) -> None:
        """Stop and forget an org; `ValueError` for the last one."""
        member = self.org(name)
        _check_not_last(self.orgs, name, "org")
        await self._forget(self.orgs, member)
        self.truth.forget(org=name)

    def reset(self) -> None:
        """Every tenant and org back to its empty start, and all of them to the computer's time."""
        self.clock.reset()
        self.truth.forget()
        for each in self.members():
            each.reset()

    def seeding(self, order: SeedOrder, *, tenant: str | None = None, org: str | None = None) -> Iterator[int]:
        """Seed the named tenant and org, the first ones without a name, step by step; yields how many people are done.

        Raises
        ------
        UnknownMember
            When there is no tenant or org of this name.
        """
        of_tenant, of_org = self.tenant(tenant), self.org(org)

        def tell(same: Same) -> None:
            self.truth.add(of_tenant.name, of_org.name, same)

        yield from seeding(order, of_tenant.tenant, of_org.org, tell)

    def access(self) -> dict[str, Any]:
        """What clients have to know of all of them, by name."""
        return {
            "tenants": {name: each.access() for name, each in self.tenants.items()},
            "orgs": {name: each.access() for name, each in self.orgs.items()},
        }

    @staticmethod
    async def _forget(members: dict[str, Member], member: Member) -> None:
        del members[member.name]
        await member.stop()

    def _make_tenant(self, spec: TenantSpec) -> HostedTenant:
        spec = msgspec.structs.replace(spec, name=_free_name(self.tenants, spec.name, "tenant"))
        hosted = HostedTenant(spec, self._host, self._certificates, self.clock)
        hosted.after_reset = lambda: self.truth.forget(tenant=spec.name)
        hosted.around = lambda app: self.around(app, hosted)
        self.tenants[spec.name] = hosted
        return hosted

    def _make_org(self, spec: OrgSpec) -> HostedOrg:
        spec = msgspec.structs.replace(spec, name=_free_name(self.orgs, spec.name, "org"))
        is_first = not self.orgs
        hosted = HostedOrg(
            spec,
            self._host,
            self._certificates,
            self.clock,
            # A username is the name of one user of all orgs there are.
            username=_FIRST_USERNAME if is_first else f"integration@{spec.name}.example",
            private_key_file=self._state_dir / f"salesforce{'' if is_first else f'_{spec.name}'}_jwt_key.pem",
        )
        hosted.after_reset = lambda: self.truth.forget(org=spec.name)
        hosted.around = lambda app: self.around(app, hosted)
        self.orgs[spec.name] = hosted
        return hosted


def _member(members: Mapping[str, Member], name: str | None, kind: str) -> Member:
    if name is None:
        return next(iter(members.values()))
    found = members.get(name)
    if found is None:
        raise UnknownMember(f"expected one of the {kind}s {', '.join(members)}, found {name!r}")
    return found


def _free_name(members: Mapping[str, Hosted], name: str, kind: str) -> str:
    if not name:
        number = len(members) + 1
        while f"{kind}-{number}" in members:
            number += 1
        return f"{kind}-{number}"
    if not _NAME.fullmatch(name):
        raise ValueError(f"a {kind}'s name has 3 to 63 lower-case letters, digits and dashes, found {name!r}")
    if name in members:
        raise ValueError(f"there is a {kind} {name!r} already; choose another name or remove it first")
    return name


def _check_not_last(members: Mapping[str, Hosted], name: str, kind: str) -> None:
    if len(members) == 1:
        raise ValueError(f"{name!r} is the last {kind}, and the sandbox needs one; add another first")
