"""Makes the changes of a schedule on both sides, as fast as it should, and each until the vendor says that it is done.

Users are changed through the Management API, which troubles this client as it troubles the hub, so everything is tried
again; records through the sandbox's control API, as salespeople would change them.
"""

import threading
import time
from collections.abc import Callable, Sequence
from ssl import create_default_context
from typing import Any

import httpx

from crosswalk_sandbox.process import SandboxAccess, SandboxFailedError, SandboxProcess
from tests.chaos.people import OF_RECORD, Act, Deed, Origin, Person

DRIVERS = 4
CHANGES_PER_S = 130.0
PASSWORD = "Correct-Horse-7-Battery"
TWINS_CONNECTION = "second-database"
GIVE_UP_AFTER_S = 60.0
KEY = "Auth0_User_Id__c"


class Tenant:
    """A client of the Management API that does not give up."""

    def __init__(self, access: SandboxAccess) -> None:
        self._access = access
        tls = create_default_context(cafile=str(access.ca_file))
        self._http = httpx.Client(base_url=f"https://{access.auth0.domain}", verify=tls, timeout=3, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def insist(self, method: str, path: str, body: dict[str, Any] | None = None, done: tuple[int, ...] = ()) -> None:
        """Call until it is answered 2xx, or with one of the statuses that say that it was done before."""
        until = time.monotonic() + GIVE_UP_AFTER_S
        found = "nothing"
        while time.monotonic() < until:
            try:
                answer = self._http.request(method, path, json=body)
                if answer.is_success or answer.status_code in done:
                    return
                found = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code == 401:
                    self._sign_in()
                    continue
                if answer.status_code not in (429, 500, 502, 503):
                    break
            except httpx.TransportError as error:
                found = repr(error)
            time.sleep(0.02)
        raise AssertionError(f"{method} {path} was not done: {found}")

    def _sign_in(self) -> None:
        access = self._access
        answer = self._http.post(
            "/oauth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": access.auth0.client_id,
                "client_secret": access.auth0.client_secret,
                "audience": f"https://{access.auth0.domain}/api/v2/",
            },
        )
        if answer.is_success:
            self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


class Driver:
    """Carries deeds out in several threads, those of one person in their order.

    Attributes
    ----------
    made
        How many changes were made so far.
    progress
        How many deeds were taken up so far.
    """

    def __init__(self, sandbox: SandboxProcess, people: Sequence[Person], deeds: Sequence[Deed]) -> None:
        self._sandbox = sandbox
        self._people = people
        self._deeds = deeds
        self._contacts: dict[int, str] = {}
        self._late: list[Deed] = []
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._drive, args=(number,), daemon=True) for number in range(DRIVERS)]
        self.made = 0
        self.progress = 0

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def join(self, deadline_s: float) -> None:
        """Wait until all deeds are done but those that have to wait for a record; raises what went wrong."""
        until = time.monotonic() + deadline_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if self._errors:
            raise self._errors[0]
        if any(thread.is_alive() for thread in self._threads):
            raise AssertionError(f"the changes were not made within {deadline_s:g} s: {self.made} are")

    def catch_up(self, wait_until: Callable[[Callable[[], bool], str], None]) -> None:
        """Do what had to wait because the record was not there yet."""
        wanted = {self._people[deed.person].user_id for deed in self._late}
        wait_until(lambda: wanted <= self._records_by_user().keys(), "a record of everybody whose record is edited")
        records = self._records_by_user()
        for deed in self._late:
            self._edit_record(deed, records[self._people[deed.person].user_id])
            self.made += 1
        self._late.clear()

    def _drive(self, number: int) -> None:
        tenant = Tenant(self._sandbox.access)
        try:
            for at, deed in enumerate(self._deeds):
                if deed.person % DRIVERS != number:
                    continue
                time.sleep(max(0.0, self._began + at / CHANGES_PER_S - time.monotonic()))
                changed = self._do(tenant, deed)
                with self._lock:
                    self.made += changed
                    self.progress += 1
        except (AssertionError, SandboxFailedError, httpx.HTTPError) as error:
            self._errors.append(error)
        finally:
            tenant.close()

    def _do(self, tenant: Tenant, deed: Deed) -> int:
        """Carry one deed out; returns how many changes that made."""
        person = self._people[deed.person]
        path = f"/api/v2/users/{person.user_id}"
        match deed.act:
            case Act.MAKE_CONTACT:
                fields = {"FirstName": "F.", "LastName": f"Family{person.number}", "LeadSource": "Fair"}
                fields |= {"Email": f"Person{person.number}@Example.com", "Department": deed.value}
                made = self._sandbox.administer("save", object="Contact", fields=fields)
                self._contacts[person.number] = made["id"]
            case Act.SIGN_UP:
                tenant.insist("POST", "/api/v2/users", self._new_user(person, person.user_id), done=(409,))
                if person.origin is Origin.TWINS:
                    twin = {**self._new_user(person, person.twin_id), "connection": TWINS_CONNECTION}
                    tenant.insist("POST", "/api/v2/users", twin, done=(409,))
                    return 2
            case Act.RENAME:
                tenant.insist("PATCH", path, {"family_name": deed.value})
            case Act.MOVE:
                tenant.insist("PATCH", path, {"email": deed.value, "email_verified": True})
            case Act.TITLE:
                tenant.insist("PATCH", path, {"user_metadata": {"title": deed.value}})
            case Act.BLOCK | Act.UNBLOCK:
                tenant.insist("PATCH", path, {"blocked": deed.act is Act.BLOCK})
            case Act.SCRIBBLE_USER:
                tenant.insist("PATCH", path, {"app_metadata": {"crm": {"department": deed.value}}})
            case Act.LEAVE:
                return self._leave(tenant, deed, path)
            case _:
                return self._change_record(deed)
        return 1

    def _leave(self, tenant: Tenant, deed: Deed, path: str) -> int:
        """Delete the user, unless salespeople still have something to do with a record that is not there."""
        with self._lock:
            if any(late.person == deed.person for late in self._late):
                self._people[deed.person].left = False
                return 0
        tenant.insist("DELETE", path, done=(404,))
        return 1

    def _change_record(self, deed: Deed) -> int:
        record = self._contacts.get(deed.person)
        if record is None or self._waits(deed):
            with self._lock:
                self._late.append(deed)
            return 0
        self._edit_record(deed, record)
        return 1

    def _waits(self, deed: Deed) -> bool:
        with self._lock:
            return any(late.person == deed.person for late in self._late)

    def _edit_record(self, deed: Deed, record: str) -> None:
        if deed.act not in OF_RECORD:
            raise AssertionError(f"{deed.act} is no change of a record")
        name = {Act.DEPARTMENT: "Department", Act.POSITION: "Title", Act.SCRIBBLE_RECORD: "FirstName"}[deed.act]
        self._sandbox.administer("save", object="Contact", id=record, fields={name: deed.value})

    def _records_by_user(self) -> dict[str, str]:
        contacts = self._sandbox.state()["salesforce"]["Contact"]
        return {contact[KEY]: contact["Id"] for contact in contacts if KEY in contact}

    @staticmethod
    def _new_user(person: Person, user_id: str) -> dict[str, Any]:
        title = {} if person.title_side == "record" else {"user_metadata": {"title": f"Founder {person.number}"}}
        return {
            "user_id": user_id.removeprefix("auth0|"),
            "connection": "Username-Password-Authentication",
            "email": f"person{person.number}@example.com",
            "email_verified": True,
            "password": PASSWORD,
            "given_name": person.given,
            "family_name": f"Family{person.number}",
            **title,
        }
