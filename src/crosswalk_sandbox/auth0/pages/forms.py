"""Submitted forms as request bodies. Company, title, phone and consent live in `user_metadata`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION

METADATA_FIELDS = ("company", "title", "phone")
DRAFT_MARK = " (draft)"


def sign_up_body(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that creates the user of a sign-up form; fields left empty are left out."""
    metadata: dict[str, Any] = {name: form[name].strip() for name in METADATA_FIELDS if form.get(name, "").strip()}
    metadata["newsletter"] = "newsletter" in form
    body: dict[str, Any] = {
        "connection": DATABASE_CONNECTION,
        "email": form.get("email", "").strip(),
        "password": form.get("password", ""),
        "email_verified": "email_verified" in form,
        "user_metadata": metadata,
    }
    for name in ("given_name", "family_name"):
        if form.get(name, "").strip():
            body[name] = form[name].strip()
    if full_name := full_name_of(form):
        body["name"] = full_name
    return body


def update_body(form: Mapping[str, str], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that changes `document` into what the profile form says."""
    metadata: dict[str, Any] = {name: form.get(name, "").strip() or None for name in METADATA_FIELDS}
    metadata["newsletter"] = "newsletter" in form
    body: dict[str, Any] = {
        "given_name": form.get("given_name", "").strip() or None,
        "family_name": form.get("family_name", "").strip() or None,
        "blocked": "blocked" in form,
        "user_metadata": metadata,
    }
    if full_name := full_name_of(form):
        body["name"] = full_name
    email = form.get("email", "").strip()
    if email.lower() != document.get("email", ""):
        body["email"] = email
    if ("email_verified" in form) != document.get("email_verified", False):
        body["email_verified"] = "email_verified" in form
    return body


def draft_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first of two updates back to back: `body` with a job title that only lives for a moment."""
    metadata = body["user_metadata"]
    return {**body, "user_metadata": {**metadata, "title": f"{metadata['title'] or ''}{DRAFT_MARK}".strip()}}


def full_name_of(form: Mapping[str, str]) -> str:
    """Return given and family name together."""
    return f"{form.get('given_name', '').strip()} {form.get('family_name', '').strip()}".strip()
