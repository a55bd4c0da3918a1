"""`/api/v2/jobs`: imports and exports of users and verification e-mails, and the files that exports leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.jobs.exports import checked_fields, export_users
from crosswalk_sandbox.auth0.jobs.imports import MOST_BYTES, import_users
from crosswalk_sandbox.auth0.jobs.store import Failed, Job
from crosswalk_sandbox.auth0.logs import connection_fields
from crosswalk_sandbox.auth0.mails import mail_verification
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.routes.exchange import answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.routes.tickets import account_of
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.tenant import Tenant

EXPORT_PROPERTIES: dict[str, Property] = {
    "connection_id": Property(str, "connection_id of the connection from which users will be exported"),
    "format": Property(str, "Format of the file", choices=("json", "csv")),
    "limit": Property(int, "Limit the number of records"),
    "fields": Property(list, "List of fields to be included in the CSV"),
}
MAIL_PROPERTIES: dict[str, Property] = {
    "user_id": Property(str, "The user_id of the user to send the verification email to"),
    "client_id": Property(str, "client_id of the client (application)"),
    "identity": Property(dict, "The identity that the e-mail is for, when it is not the main one"),
    "organization_id": Property(str, "ID of the organization"),
}
IMPORT_FIELDS = ("connection_id", "upsert", "external_id", "send_completion_email")
OWNERS = "owners@tenant.example"


def job_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of jobs."""
    routes = JobRoutes(tenant)
    return [
        Route("/jobs/users-imports", routes.import_users, methods=["POST"]),
        Route("/jobs/users-exports", routes.export_users, methods=["POST"]),
        Route("/jobs/verification-email", routes.send_verification, methods=["POST"]),
        Route("/jobs/{id}", routes.get, methods=["GET"]),
        Route("/jobs/{id}/errors", routes.errors, methods=["GET"]),
    ]


def export_file_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the route of the files of exports, which are no part of the Management API and need no token."""

    async def download(request: Request) -> Response:
        with tenant.lock:
            job = tenant.jobs.downloaded(request.path_params["token"])
        if job is None:
            return PlainTextResponse("Request has expired", 403)
        return Response(job.result, media_type="application/gzip")

    return [Route("/exports/{token}/{name}", download, methods=["GET"])]


class JobRoutes:
    """The operations on jobs."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def import_users(self, request: Request) -> Response:
        """Start an import."""
        content, fields = await read_import(request)
        upsert = read_flag(fields, "upsert", default=False)
        wants_mail = read_flag(fields, "send_completion_email", default=True)
        origin = origin_of(request)
        with self._tenant.lock:
            connection = self._database(fields.get("connection_id", ""))
            told: dict[str, Any] = {"connection_id": connection.id}
            if fields.get("external_id"):
                told["external_id"] = fields["external_id"]
            job = self._tenant.jobs.create("users_import", told)
            steps = import_users(self._tenant, job, connection, content, upsert, origin)
            shown = {**job.document(), "upsert": upsert, "send_completion_email": wants_mail}
            log_operation(self._tenant, request, "Create import users job", told, shown, 202)
        self._start(job, self._then_tell(job, steps, connection, wants_mail=wants_mail))
        return answer(shown, 202)

    async def export_users(self, request: Request) -> Response:
        """Start an export."""
        body = await read_json(request)
        checked = check_body(body, EXPORT_PROPERTIES)
        file_format, limit = checked.get("format", "json"), checked.get("limit")
        if limit is not None and limit < 1:
            raise invalid_property(f"Value {limit} is less than minimum 1", "limit", "Limit the number of records")
        fields = checked_fields(checked.get("fields", []), file_format)
        with self._tenant.lock:
            name = ""
            if "connection_id" in checked:
                name = self._tenant.connections.find(checked["connection_id"]).name
            told: dict[str, Any] = {key: checked[key] for key in ("connection_id", "limit", "fields") if key in checked}
            job = self._tenant.jobs.create("users_export", {"format": file_format, **told})
            shown = job.document()
            log_operation(self._tenant, request, "Create export users job", body, shown)
        self._start(job, export_users(self._tenant, job, name, file_format, fields, limit))
        return answer(shown)

    async def send_verification(self, request: Request) -> Response:
        """Send a verification e-mail."""
        body = await read_json(request)
        checked = check_body(body, MAIL_PROPERTIES, required=("user_id",))
        with self._tenant.lock:
            account, email = account_of(self._tenant, checked["user_id"], checked)
            job = self._tenant.jobs.create("verification_email", {})
            shown = job.document()
            log_operation(self._tenant, request, "Send a verification email", body, shown, 201)
            user = self._tenant.users.get(self._tenant.users.owner_of(account) or "")
            entry = self._tenant.user_log(user, origin_of(request), {"email": email})
            self._tenant.log("svr", {"description": "Verification email request", **entry})
        self._start(job, self._mail(account, email, checked.get("client_id", "")))
        return answer(shown, 201)

    async def get(self, request: Request) -> Response:
        """Return one job; that of an export with a link to its file, good for a minute."""
        with self._tenant.lock:
            job = self._tenant.jobs.find(request.path_params["id"])
            shown = job.document()
            if job.result and job.status == "completed":
                token = self._tenant.jobs.download_token(job)
                name = f"{self._tenant.name}.{job.fields['format']}.gz"
                shown["location"] = f"https://{self._tenant.domain}/exports/{token}/{name}"
        return answer(shown)

    async def errors(self, request: Request) -> Response:
        """Return what is wrong with single users, or why the whole job failed; nothing when all is well."""
        with self._tenant.lock:
            job = self._tenant.jobs.find(request.path_params["id"])
        if job.errors:
            return answer(job.errors)
        return answer(job.document()) if job.status == "failed" else no_content()

    def _start(self, job: Job, steps: Iterator[None]) -> None:
        self._tenant.jobs.start(job, steps, self._tenant.knobs.job_delay)

    def _database(self, connection_id: str) -> Connection:
        if not connection_id:
            raise invalid_body("Missing required property: connection_id")
        connection = self._tenant.connections.find(connection_id)
        if connection.kind != "database":
            raise Problem(400, "The connection must be a database connection", "invalid_body")
        return connection

    def _mail(self, account: str, email: str, client_id: str) -> Iterator[None]:
        with self._tenant.lock:
            mail_verification(self._tenant, account, email, client_id)
        yield

    def _then_tell(
        self, job: Job, steps: Iterator[None], connection: Connection, *, wants_mail: bool
    ) -> Iterator[None]:
        """Do the steps of an import, then log its end and send the owners an e-mail."""
        try:
            yield from steps
        except Failed as failure:
            self._tell_end(job, connection, "fui", str(failure), wants_mail=wants_mail)
            raise
        self._tell_end(job, connection, "sui", "Successfully imported users", wants_mail=wants_mail)

    def _tell_end(self, job: Job, connection: Connection, log_type: str, description: str, *, wants_mail: bool) -> None:
        with self._tenant.lock:
            details = {"job_id": job.id, "summary": job.summary}
            self._tenant.log(
                log_type, {"description": description, **connection_fields(connection), "details": details}
            )
            if wants_mail:
                self._tenant.mailbox.send("import-completed", OWNERS, f"The user import {job.id}: {description}")


async def read_import(request: Request) -> tuple[bytes, dict[str, str]]:
    """Return file and fields of a multipart request.

    Raises
    ------
    Problem
        413 for a file of more than 500 KB, 400 for a request without one.
    """
    async with request.form() as form:
        upload = form.get("users")
        if not isinstance(upload, UploadFile):
            raise invalid_body("Users file is required")
        content = await upload.read()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if len(content) > MOST_BYTES:
        raise Problem(413, f"Payload content length greater than maximum allowed: {MOST_BYTES}")
    unknown = sorted(set(fields) - set(IMPORT_FIELDS))
    if unknown:
        raise invalid_body(f"Additional properties not allowed: {','.join(unknown)}")
    return content, fields


def read_flag(fields: dict[str, str], name: str, *, default: bool) -> bool:
    """Return a field that is true or false."""
    value = fields.get(name, str(default)).lower()
    if value not in {"true", "false"}:
        raise invalid_property(f"Expected type boolean but found type string: {value}", name, name)
    return value == "true"
