"""`/api/v2/keys/signing`: the keys that sign the tenant's tokens, their rotation and revocation."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.routes.exchange import answer
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.signing_keys import SigningKey
from crosswalk_sandbox.auth0.tenant import Tenant


def signing_key_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of signing keys."""

    def wanted(request: Request) -> SigningKey:
        key = next((one for one in tenant.tokens.all_keys() if one.kid == request.path_params["kid"]), None)
        if key is None:
            raise Problem(404, "The signing key does not exist.", "inexistent_signing_key")
        return key

    async def list_keys(_request: Request) -> Response:
        with tenant.lock:
            return answer([shown(tenant, key) for key in tenant.tokens.all_keys()])

    async def get(request: Request) -> Response:
        with tenant.lock:
            return answer(shown(tenant, wanted(request)))

    async def rotate(request: Request) -> Response:
        with tenant.lock:
            following = tenant.tokens.rotate(tenant.clock())
            # All applications share this list.
            tenant.signing_keys[:] = tenant.tokens.current.of_applications()
            log_operation(tenant, request, "Rotate the Application Signing Key", {}, {"kid": following.kid}, 201)
        return answer({"kid": following.kid, "cert": following.pem()}, 201)

    async def revoke(request: Request) -> Response:
        with tenant.lock:
            key = wanted(request)
            if tenant.tokens.role_of(key) != "previous":
                raise Problem(400, "Only a previous signing key can be revoked.", "invalid_signing_key")
            tenant.tokens.revoke_key(key, tenant.clock())
            log_operation(tenant, request, "Revoke an Application Signing Key by its key id", {}, {"kid": key.kid})
        return answer({"kid": key.kid, "cert": key.pem()})

    return [
        Route("/keys/signing", list_keys, methods=["GET"]),
        Route("/keys/signing/rotate", rotate, methods=["POST"]),
        Route("/keys/signing/{kid}", get, methods=["GET"]),
        Route("/keys/signing/{kid}/revoke", revoke, methods=["PUT"]),
    ]


def shown(tenant: Tenant, key: SigningKey) -> dict[str, Any]:
    """Return a key as the API shows it: its certificate, and whether it signed, signs or will sign."""
    told: dict[str, Any] = {
        "kid": key.kid,
        "cert": key.pem(),
        "pkcs7": key.bundle(),
        "fingerprint": ":".join(re.findall("..", key.thumbprint())),
        "thumbprint": key.thumbprint(),
        tenant.tokens.role_of(key): True,
        "revoked": key.revoked_at is not None,
    }
    moments = {"current_since": key.since, "current_until": key.until, "revoked_at": key.revoked_at}
    return told | {name: iso_milliseconds(moment) for name, moment in moments.items() if moment is not None}
