"""Jobs through the vendor's management client: imports, exports, verification e-mails."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.errors import (
    BadRequestError,
    ContentTooLargeError,
    NotFoundError,
    TooManyRequestsError,
)
from auth0.management.types import (
    CreateExportUsersFields,
    EventStreamCloudEventUserCreatedCloudEvent,
    GetJobResponseContent,
)

from crosswalk_sandbox.auth0 import Problem, Tenant
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION_ID

from .conftest import ada, wait_until
from .signing_in import Application, Browser, returned, types_logged

NO_RETRY: Any = {"max_retries": 0}
SECRET = "Difference-Engine-1"


@pytest.fixture(autouse=True)
def prompt_jobs(tenant: Tenant) -> None:
    """Jobs start at once."""
    tenant.knobs.job_delay = 0.0


@pytest.fixture
def time_travel(tenant: Tenant) -> Iterator[Callable[[float], None]]:
    """Moves the sandbox's clock forward by seconds."""
    yield tenant.time.advance
    tenant.time.reset()


def done(auth0: ManagementClient, job_id: str) -> GetJobResponseContent:
    """Poll a job until it is done, and return it."""

    def read() -> GetJobResponseContent | None:
        job = auth0.jobs.get(job_id)
        return job if job.status in {"completed", "failed"} else None

    job: GetJobResponseContent = wait_until(read, "end of the job")
    return job


def imported(auth0: ManagementClient, users: Any, **more: Any) -> GetJobResponseContent:
    """Import users from a file and wait for the end."""
    content = users if isinstance(users, bytes) else json.dumps(users).encode()
    job = auth0.jobs.users_imports.create(
        connection_id=DATABASE_CONNECTION_ID, users=("users.json", content, "application/json"), **more
    )
    return done(auth0, job.id)


def exported(auth0: ManagementClient, http: httpx.Client, **wanted: Any) -> str:
    """Export users, wait for the end, and return what the file holds."""
    job = done(auth0, auth0.jobs.users_exports.create(**wanted).id)
    file = http.get(job.location or "")
    assert file.headers["content-type"] == "application/gzip"
    return gzip.decompress(file.content).decode()


def codes(auth0: ManagementClient, job: GetJobResponseContent) -> list[tuple[Any, Any]]:
    """Code and path of each error of a job."""
    listed: Any = auth0.jobs.errors.get(job.id)
    return [(error.code, error.path) for one in listed for error in one.errors]


def test_an_import_makes_users_with_their_own_ids_and_events(auth0: ManagementClient, tenant: Tenant) -> None:
    users = [
        {"email": "Ada@example.com", "user_id": "ada-1", "email_verified": True, "app_metadata": {"plan": "pro"}},
        {"email": "grace@example.com", "given_name": "Grace", "username": "grace"},
    ]

    job = imported(auth0, users, external_id="from-the-crm")

    assert (job.status, job.type, job.connection_id) == ("completed", "users_import", DATABASE_CONNECTION_ID)
    assert job.summary is not None
    assert job.summary.dict() == {"failed": 0, "updated": 0, "inserted": 2, "total": 2}
    assert job.dict()["external_id"] == "from-the-crm"
    user = auth0.users.get("auth0|ada-1")
    assert (user.email, user.email_verified, user.app_metadata) == ("ada@example.com", True, {"plan": "pro"})
    assert auth0.jobs.errors.get(job.id) is None
    events = tenant.events.read(tenant.events.position_at(""), 10)
    assert [event["type"] for event in events] == ["user.created", "user.created"]
    EventStreamCloudEventUserCreatedCloudEvent.model_validate({**events[0], "a0stream": "est_1"})
    assert [mail["kind"] for mail in tenant.mailbox.mails()] == ["import-completed"]
    assert types_logged(tenant) == ["sui"]


def test_the_answer_tells_that_the_job_waits(auth0: ManagementClient, tenant: Tenant) -> None:
    tenant.knobs.job_delay = 0.2

    created = auth0.jobs.users_imports.create(
        connection_id=DATABASE_CONNECTION_ID, users=("users.json", b"[]"), send_completion_email=False
    )

    assert (created.status, auth0.jobs.get(created.id).status) == ("pending", "pending")
    assert created.id.startswith("job_") and len(created.id) == 20
    assert created.dict()["send_completion_email"] is False
    assert done(auth0, created.id).status == "completed"
    assert tenant.mailbox.mails() == []


def test_an_upsert_changes_some_attributes_and_replaces_metadata(auth0: ManagementClient, ada_id: str) -> None:
    auth0.users.update(ada_id, app_metadata={"plan": "free", "since": 1843})
    body = {"email": "ada@example.com", "given_name": "Augusta", "blocked": True, "app_metadata": {"plan": "pro"}}

    refused = imported(auth0, [body])
    job = imported(auth0, [body], upsert=True)

    assert codes(auth0, refused) == [("DUPLICATED_USER", "email")]
    assert job.summary is not None and (job.summary.updated, job.summary.inserted) == (1, 0)
    assert codes(auth0, imported(auth0, [body, body], upsert=True)) == [("DUPLICATED_USER", "email")]
    user = auth0.users.get(ada_id)
    assert (user.given_name, user.app_metadata, user.blocked) == ("Augusta", {"plan": "pro"}, None)


def test_wrong_users_are_reported_and_the_others_are_imported(auth0: ManagementClient) -> None:
    users: list[Any] = [
        {"given_name": "Nobody"},
        {"email": "not an address"},
        {"email": "a@example.com", "email_verified": "yes"},
        {"email": "b@example.com", "shoe_size": 43},
        {"email": "c@example.com", "app_metadata": {"user_id": "x"}},
        {"email": "d@example.com", "password_hash": "$2b$04$tooshort"},
        {"email": "e@example.com", "custom_password_hash": {"algorithm": "rot13", "hash": {"value": "secret"}}},
        {"email": "right@example.com"},
        {"email": "RIGHT@example.com"},
        "somebody",
    ]

    job = imported(auth0, users)

    assert job.status == "completed" and job.summary is not None
    assert job.summary.dict() == {"failed": 9, "updated": 0, "inserted": 1, "total": 10}
    assert codes(auth0, job) == [
        ("OBJECT_REQUIRED", "email"),
        ("FORMAT", "email"),
        ("INVALID_TYPE", "email_verified"),
        ("OBJECT_ADDITIONAL_PROPERTIES", "shoe_size"),
        ("NOT_PASSED", "app_metadata.user_id"),
        ("PATTERN", "password_hash"),
        ("NOT_PASSED", "custom_password_hash"),
        ("DUPLICATED_USER", "email"),
        ("INVALID_TYPE", ""),
    ]


def test_reports_mask_hashes(auth0: ManagementClient, http: httpx.Client, token: str) -> None:
    custom = {"algorithm": "rot13", "hash": {"value": "very-secret"}}
    job = imported(auth0, [{"email": "e@example.com", "custom_password_hash": custom}])

    report = http.get(f"/api/v2/jobs/{job.id}/errors", headers={"authorization": f"Bearer {token}"})

    assert "very-secret" not in report.text
    assert report.json()[0]["user"]["custom_password_hash"]["hash"]["value"] == "*****"


def test_a_file_that_is_no_list_fails_as_a_whole(auth0: ManagementClient, tenant: Tenant) -> None:
    job = imported(auth0, b'{"email": ')

    assert job.status == "failed"
    assert types_logged(tenant) == ["fui"]
    assert job.status_details is not None and "Failed to parse users file JSON" in job.status_details
    report: Any = auth0.jobs.errors.get(job.id)
    assert report.status == "failed"


def test_files_of_more_than_500_kb_are_refused(auth0: ManagementClient) -> None:
    with pytest.raises(ContentTooLargeError):
        imported(auth0, b"[" + b" " * 512_000 + b"]")


def test_a_third_import_has_to_wait_for_the_two_before(auth0: ManagementClient, tenant: Tenant) -> None:
    tenant.knobs.job_delay = 0.3
    first, second = (
        auth0.jobs.users_imports.create(connection_id=DATABASE_CONNECTION_ID, users=b"[]") for _ in range(2)
    )

    with pytest.raises(TooManyRequestsError, match="There are 2 active import users jobs"):
        auth0.jobs.users_imports.create(connection_id=DATABASE_CONNECTION_ID, users=b"[]", request_options=NO_RETRY)

    assert [done(auth0, one.id).status for one in (first, second)] == ["completed"] * 2
    tenant.knobs.job_delay = 0.0
    assert imported(auth0, []).status == "completed"


def sha256_salted() -> dict[str, Any]:
    digest = hashlib.sha256(b"salt" + SECRET.encode()).hexdigest()
    return {"algorithm": "sha256", "hash": {"value": digest, "encoding": "hex"}, "salt": {"value": "salt"}}


def pbkdf2() -> dict[str, Any]:
    def text(value: bytes) -> str:
        return base64.b64encode(value).decode().rstrip("=")

    key = hashlib.pbkdf2_hmac("sha256", SECRET.encode(), b"0123456789abcdef", 1_000, 32)
    value = f"$pbkdf2-sha256$i=1000,l=32${text(b'0123456789abcdef')}${text(key)}"
    return {"algorithm": "pbkdf2", "hash": {"value": value, "encoding": "utf8"}}


def scrypt() -> dict[str, Any]:
    key = hashlib.scrypt(SECRET.encode(), salt=b"salt", n=1024, r=8, p=1, dklen=32)
    salt = {"value": "salt", "encoding": "utf8"}
    stored = {"value": base64.b64encode(key).decode(), "encoding": "base64"}
    return {"algorithm": "scrypt", "hash": stored, "salt": salt, "keylen": 32, "cost": 1024}


def keyed() -> dict[str, Any]:
    digest = hmac.new(b"the-key", SECRET.encode(), "sha512").hexdigest()
    stored = {"value": digest, "encoding": "hex", "digest": "sha512", "key": {"value": "the-key"}}
    return {"algorithm": "hmac", "hash": stored}


def ldap() -> dict[str, Any]:
    digest = hashlib.sha1(SECRET.encode() + b"salt").digest()  # noqa: S324 - the format of directories
    return {"algorithm": "ldap", "hash": {"value": "{SSHA}" + base64.b64encode(digest + b"salt").decode()}}


@pytest.mark.parametrize("make", [sha256_salted, pbkdf2, scrypt, keyed, ldap])
def test_imported_hashes_let_log_in(
    auth0: ManagementClient, browser: Browser, shop: Application, make: Callable[[], dict[str, Any]]
) -> None:
    job = imported(auth0, [{"email": "ada@example.com", "custom_password_hash": make()}])
    assert job.summary is not None and job.summary.inserted == 1

    browser.open(shop.authorize_url())
    assert "Wrong email or password" in browser.log_in(password="something-else").text
    for _ in range(2):
        assert "code" in returned(browser.log_in(password=SECRET))
        browser.open(shop.authorize_url(prompt="login"))


def test_jobs_are_gone_after_a_day(
    auth0: ManagementClient, tenant: Tenant, time_travel: Callable[[float], None]
) -> None:
    job = imported(auth0, [])
    # In the process, because the client's token would be too old as well.
    time_travel(86_000)
    assert tenant.jobs.find(job.id).status == "completed"

    time_travel(401)

    with pytest.raises(Problem, match="The job does not exist"):
        tenant.jobs.find(job.id)


def test_an_export_is_lines_of_json(auth0: ManagementClient, http: httpx.Client, ada_id: str) -> None:
    auth0.users.create(**ada(email="grace@example.com", user_metadata={"theme": "dark"}))
    fields = [
        CreateExportUsersFields(name="email"),
        CreateExportUsersFields(name="identities[0].connection", export_as="provider"),
        CreateExportUsersFields(name="user_metadata"),
    ]

    text = exported(auth0, http, format="json", fields=fields)

    assert [json.loads(line) for line in text.splitlines()] == [
        {"email": "ada@example.com", "provider": "Username-Password-Authentication"},
        {
            "email": "grace@example.com",
            "provider": "Username-Password-Authentication",
            "user_metadata": {"theme": "dark"},
        },
    ]
    whole = json.loads(exported(auth0, http, limit=1))
    assert (whole["user_id"], whole["given_name"]) == (ada_id, "Ada")
    assert "app_metadata" not in whole


def test_an_export_as_csv_protects_spreadsheets(auth0: ManagementClient, http: httpx.Client) -> None:
    auth0.users.create(**ada(name='=1+1,"x"', email_verified=True))
    fields = [CreateExportUsersFields(name=name) for name in ("email", "name", "email_verified", "created_at")]

    text = exported(auth0, http, format="csv", connection_id=DATABASE_CONNECTION_ID, fields=fields)

    heading, row = csv.reader(io.StringIO(text))
    assert heading == ["email", "name", "email_verified", "created_at"]
    assert row[:3] == ["'ada@example.com", '\'=1+1,"x"', "true"]
    assert row[3].endswith("Z") and not row[3].startswith("'")


def test_an_export_holds_the_users_of_its_connection(auth0: ManagementClient, http: httpx.Client) -> None:
    partners = auth0.connections.create(name="partners", strategy="auth0").id or ""
    auth0.users.create(**ada())
    auth0.users.create(**ada(email="grace@example.com", connection="partners"))

    text = exported(auth0, http, connection_id=partners)

    assert [json.loads(line)["email"] for line in text.splitlines()] == ["grace@example.com"]


def test_the_link_to_an_export_is_good_for_a_minute(
    auth0: ManagementClient, tenant: Tenant, http: httpx.Client, time_travel: Callable[[float], None]
) -> None:
    job = done(auth0, auth0.jobs.users_exports.create(format="json").id)
    assert job.location is not None and job.location.endswith(f"/{tenant.name}.json.gz")
    time_travel(61)

    assert http.get(job.location).status_code == 403
    assert http.get(auth0.jobs.get(job.id).location or "").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "csv", "fields": [CreateExportUsersFields(name="app_metadata")]},
        {"format": "csv", "fields": [CreateExportUsersFields(name=f"user_metadata.f{n}") for n in range(31)]},
        {"limit": 0},
    ],
)
def test_impossible_exports_are_refused(auth0: ManagementClient, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        auth0.jobs.users_exports.create(**wrong)


async def test_the_async_client_imports_and_exports(async_auth0: AsyncManagementClient) -> None:
    started = await async_auth0.jobs.users_imports.create(
        connection_id=DATABASE_CONNECTION_ID, users=("users.json", b'[{"email": "ada@example.com"}]')
    )
    exporting = await async_auth0.jobs.users_exports.create(format="csv")

    for job_id in (started.id, exporting.id):
        while (await async_auth0.jobs.get(job_id)).status not in {"completed", "failed"}:
            pass
    assert [user.email async for user in await async_auth0.users.list()] == ["ada@example.com"]


def test_a_verification_mail_is_sent(auth0: ManagementClient, tenant: Tenant, browser: Browser, ada_id: str) -> None:
    job = done(auth0, auth0.jobs.verification_email.create(user_id=ada_id).id)

    mail = tenant.mailbox.mails(to="ada@example.com")[-1]
    browser.open(mail["link"])

    assert types_logged(tenant) == ["svr", "sv"]
    assert (job.type, job.status, mail["kind"]) == ("verification_email", "completed", "verification")
    assert auth0.users.get(ada_id).email_verified is True
    with pytest.raises(NotFoundError):
        auth0.jobs.get("job_0000000000000000")
