"""The main job, played through without a person.

Nothing here uses our own connectors: `auth0-python` makes the changes and `simple-salesforce` finds the results.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import requests
from auth0.management import ManagementClient
from msgspec import Struct

from crosswalk.demo.errors import DemoFailed
from crosswalk_sandbox.process import SandboxAccess, SandboxProcess

DEADLINE_S = 20.0
POLL_EVERY_S = 0.02
CROWD = 60


class Step(Struct, frozen=True):
    """Something that was done, what came of it, and how long that took, in milliseconds."""

    did: str
    result: str
    took_ms: float


def play(sandbox: SandboxProcess) -> Iterator[Step]:
    """Play the main job through, yielding each step once its result is there.

    Raises
    ------
    DemoFailed
        A result did not come within twenty seconds, or is not what it must be.
    """
    with _auth0(sandbox.access) as auth0, _salesforce(sandbox.access) as salesforce:
        script = _Script(sandbox, auth0, salesforce)
        yield script.sign_up_becomes_a_lead()
        yield script.profile_change_follows()
        yield script.two_changes_make_one_write()
        yield script.existing_contact_is_linked()
        yield script.contact_gets_the_new_phone()
        yield script.salesforces_value_reaches_the_user()
        yield script.crowd_signs_up_in_few_calls()


@contextmanager
def _auth0(access: SandboxAccess) -> Iterator[ManagementClient]:
    """The vendor's SDK, on the sandbox's tenant."""
    context = ssl.create_default_context(cafile=str(access.ca_file))
    with httpx.Client(verify=context, timeout=10, trust_env=False) as http:
        answer = http.post(
            f"https://{access.auth0.domain}/oauth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": access.auth0.client_id,
                "client_secret": access.auth0.client_secret,
                "audience": f"https://{access.auth0.domain}/api/v2/",
            },
        )
        token = answer.raise_for_status().json()["access_token"]
        yield ManagementClient(domain=access.auth0.domain, token=token, httpx_client=http)


@contextmanager
def _salesforce(access: SandboxAccess) -> Iterator[Any]:
    """The independent client, on the sandbox's org."""
    try:
        from simple_salesforce.api import Salesforce  # noqa: PLC0415  # only the demo needs it
    except ImportError as error:
        raise DemoFailed("the demo needs simple-salesforce: pip install 'crosswalk[demo]'") from error
    with requests.Session() as session:
        session.trust_env = False  # a proxy or CA bundle of the environment is not meant for the sandbox
        session.verify = str(access.ca_file)
        answer = session.post(
            f"{access.salesforce.instance_url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": access.salesforce.client_id,
                "client_secret": access.salesforce.client_secret,
            },
            timeout=10,
        )
        answer.raise_for_status()
        yield Salesforce(
            instance_url=access.salesforce.instance_url,
            session_id=answer.json()["access_token"],
            session=session,
            version="62.0",
        )


class _Script:
    def __init__(self, sandbox: SandboxProcess, auth0: ManagementClient, salesforce: Any) -> None:
        self._sandbox = sandbox
        self._auth0 = auth0
        self._salesforce = salesforce
        self._ada = ""
        self._grace = ""

    def sign_up_becomes_a_lead(self) -> Step:
        user = self._auth0.users.create(
            connection="Username-Password-Authentication",
            email="ada@analytical-engines.example",
            email_verified=True,
            password="Difference-Engine-2",  # noqa: S106  # of a user in the sandbox
            given_name="Ada",
            family_name="Lovelace",
            user_metadata={"company": "Analytical Engines", "title": "Mathematician", "phone": "+44 20 7946 0018"},
        )
        self._ada = _known(user.user_id)
        began = time.monotonic()
        lead = self._wait_for("Lead", self._ada, lambda lead: lead["Company"] == "Analytical Engines")
        return Step("Ada signs up", f"Lead {lead['Name']} at {lead['Company']}", _ms_since(began))

    def profile_change_follows(self) -> Step:
        self._auth0.users.update(self._ada, user_metadata={"title": "Countess of Computing"})
        began = time.monotonic()
        lead = self._wait_for("Lead", self._ada, lambda lead: lead["Title"] == "Countess of Computing")
        return Step("Ada changes her title", f"Lead's Title is {lead['Title']}", _ms_since(began))

    def two_changes_make_one_write(self) -> Step:
        writes = 0
        for company in ("Babbage & Lovelace", "Lovelace & Babbage", "Babbage, Byron & Lovelace"):
            writes, took_ms = self._change_company_twice(company)
            if writes == 1:
                return Step("Ada changes her company twice in a row", "one write", took_ms)
            # The machine stood still between the two for longer than a change waits for others: once more.
        raise DemoFailed(f"two changes in a row made {writes} writes; expected 1")

    def _change_company_twice(self, company: str) -> tuple[int, float]:
        """How many writes that made, and how long it took, milliseconds."""
        before = self._writes()
        self._auth0.users.update(self._ada, user_metadata={"company": "Babbage"})
        self._auth0.users.update(self._ada, user_metadata={"company": company})
        began = time.monotonic()
        self._wait_for("Lead", self._ada, lambda lead: lead["Company"] == company)
        return self._writes() - before, _ms_since(began)

    def existing_contact_is_linked(self) -> Step:
        contact_id = self._salesforce.Contact.create(
            {"FirstName": "Grace", "LastName": "Hopper", "Email": "grace@compiler-works.example"}
        )["id"]
        user = self._auth0.users.create(
            connection="Username-Password-Authentication",
            email="grace@compiler-works.example",
            email_verified=True,
            password="Nanosecond-30cm",  # noqa: S106  # of a user in the sandbox
            given_name="Grace",
            family_name="Hopper",
        )
        self._grace = _known(user.user_id)
        began = time.monotonic()
        contact = self._wait_for("Contact", self._grace, lambda _: True)
        took_ms = _ms_since(began)
        if contact["Id"] != contact_id or self._find("Lead", self._grace):
            raise DemoFailed("the sign-up of an existing Contact made another record")
        return Step("Grace, a Contact already, signs up", "her Contact is linked, no Lead", took_ms)

    def contact_gets_the_new_phone(self) -> Step:
        self._auth0.users.update(self._grace, user_metadata={"phone": "+1 (212) 555-0142"})
        began = time.monotonic()
        contact = self._wait_for("Contact", self._grace, lambda contact: contact["Phone"] == "+12125550142")
        return Step("Grace changes her phone", f"Contact's Phone is {contact['Phone']}", _ms_since(began))

    def salesforces_value_reaches_the_user(self) -> Step:
        contact = self._wait_for("Contact", self._grace, lambda _: True)
        self._salesforce.Contact.update(contact["Id"], {"Department": "Compilers"})
        began = time.monotonic()
        while (metadata := self._auth0.users.get(self._grace).app_metadata or {}).get("department") != "Compilers":
            _fail_after(began, "the department in Grace's app_metadata")
        return Step(
            "A CRM user moves Grace to Compilers", f"her app_metadata says {metadata['department']}", _ms_since(began)
        )

    def crowd_signs_up_in_few_calls(self) -> Step:
        calls_before = self._sandbox.calls()["total"]
        for number in range(CROWD):
            self._auth0.users.create(
                connection="Username-Password-Authentication",
                email=f"guest{number}@crowd.example",
                password="Many-At-Once-1",  # noqa: S106  # of users in the sandbox
                given_name="Guest",
                family_name=f"Number {number}",
            )
        began = time.monotonic()
        where = "SELECT COUNT() FROM Lead WHERE Email LIKE 'guest%@crowd.example'"
        polls = 0
        while (found := self._salesforce.query(where)["totalSize"]) < CROWD:
            polls += 1
            _fail_after(began, f"{CROWD} Leads ({found} are there)")
        calls = self._sandbox.calls()["total"] - calls_before - polls - 1
        return Step(
            f"{CROWD} guests sign up one after another", f"{found} Leads in {calls} API calls", _ms_since(began)
        )

    def _wait_for(self, object_name: str, user_id: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The user's record, as soon as it is there and `holds` is true of it."""
        began = time.monotonic()
        while True:
            record = self._find(object_name, user_id)
            if record is not None and holds(record):
                return record
            _fail_after(began, f"the {object_name} of {user_id}")

    def _find(self, object_name: str, user_id: str) -> dict[str, Any] | None:
        fields = "Id, Name, Email, Phone, Title" + (", Company" if object_name == "Lead" else "")
        # Formatted by the client's own escaping; the object's name is one of two written above.
        from simple_salesforce.format import format_soql  # noqa: PLC0415  # only the demo needs it

        query = format_soql(f"SELECT {fields} FROM {object_name} WHERE Auth0_User_Id__c = {{}}", user_id)  # noqa: S608
        records = self._salesforce.query(query)["records"]
        if len(records) > 1:
            raise DemoFailed(f"{user_id} has {len(records)} {object_name} records; expected one")
        return dict(records[0]) if records else None

    def _writes(self) -> int:
        return len(self._sandbox.writes())


def _known(user_id: str | None) -> str:
    if user_id is None:
        raise DemoFailed("the tenant created a user without a user_id")
    return user_id


def _ms_since(began: float) -> float:
    return (time.monotonic() - began) * 1000


def _fail_after(began: float, what: str) -> None:
    if time.monotonic() - began > DEADLINE_S:
        raise DemoFailed(f"{what} did not come within {DEADLINE_S:g} s; see the hub's log")
    time.sleep(POLL_EVERY_S)
