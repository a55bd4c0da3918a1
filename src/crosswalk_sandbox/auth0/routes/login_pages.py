"""What the tables of the configuration do not hold of pages, domains and second factors, and what is no more."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.configuration.resource_table import RESOURCE_KINDS
from crosswalk_sandbox.auth0.configuration.settings_table import RENDERING_PATH, SETTINGS_DOCUMENTS
from crosswalk_sandbox.auth0.configuration.shapes import flags, lists, texts
from crosswalk_sandbox.auth0.paging import MOST_PER_PAGE, page_of
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.schema import check_body
from crosswalk_sandbox.auth0.tenant import Tenant

THEMES = next(kind for kind in RESOURCE_KINDS if kind.path == "/branding/themes")
DOMAINS = next(kind for kind in RESOURCE_KINDS if kind.path == "/custom-domains")
RENDERING = next(document for document in SETTINGS_DOCUMENTS if document.path == RENDERING_PATH)
FACTORS = ("sms", "push-notification", "otp", "email", "duo", "webauthn-roaming", "webauthn-platform", "recovery-code")
PAGED = ("page", "per_page", "include_totals", "fields", "include_fields")


def login_page_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes; they must come before those of the tables, whose ids would match them."""
    domains, pages = DomainRoutes(tenant), PageRoutes(tenant)
    return [
        Route("/custom-domains/default", domains.default, methods=["GET"]),
        Route("/custom-domains/default", domains.set_default, methods=["PATCH"]),
        Route("/custom-domains/{item}/verify", domains.verify, methods=["POST"]),
        Route("/branding/themes/default", pages.default_theme, methods=["GET"]),
        Route("/prompts/rendering", pages.renderings, methods=["GET"]),
        Route("/prompts/rendering", pages.change_renderings, methods=["PATCH"]),
        Route("/guardian/factors", pages.factors, methods=["GET"]),
        Route("/guardian/factors/{name}", pages.set_factor, methods=["PUT"]),
        Route("/rules", retired("rules"), methods=["GET", "POST"]),
        Route("/hooks", retired("hooks"), methods=["GET", "POST"]),
        Route("/rules-configs", retired("rules-configs"), methods=["GET"]),
        Route("/actions/modules", modules, methods=["GET"]),
        Route("/supplemental-signals", supplemental_signals, methods=["GET", "PATCH"]),
    ]


class DomainRoutes:
    """Verification and choice of custom domains."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def default(self, request: Request) -> Response:
        """Return the domain that e-mails and links name."""
        with self._tenant.lock:
            domains = self._tenant.resources.all(DOMAINS, DOMAINS.path)
            chosen = next((one for one in domains if one["is_default"]), {"domain": self._tenant.domain})
        return answer(chosen)

    async def set_default(self, request: Request) -> Response:
        """Choose the domain that e-mails and links name."""
        domain = check_body(await read_json(request), texts("domain"), required=("domain",))["domain"]
        with self._tenant.lock:
            domains = self._tenant.resources.all(DOMAINS, DOMAINS.path)
            if domain not in {self._tenant.domain, *(one["domain"] for one in domains)}:
                raise Problem(404, *DOMAINS.missing)
            for one in domains:
                change = {"is_default": one["domain"] == domain}
                self._tenant.resources.set_by_tenant(DOMAINS, DOMAINS.path, one["custom_domain_id"], change)
            log_operation(self._tenant, request, "Set the default custom domain", {}, {})
        return await self.default(request)

    async def verify(self, request: Request) -> Response:
        """Verify a domain: here every domain proves to be the tenant's."""
        change = {"status": "ready", "primary": True, "verification": {"status": "verified", "methods": []}}
        with self._tenant.lock:
            domain = self._tenant.resources.set_by_tenant(DOMAINS, DOMAINS.path, request.path_params["item"], change)
            log_operation(self._tenant, request, "Verify a custom domain", {}, {})
        return answer(domain)


class PageRoutes:
    """The default theme, how screens are rendered, and which second factors are on."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def default_theme(self, request: Request) -> Response:
        """Return the one theme that a tenant has."""
        with self._tenant.lock:
            ids = [one["themeId"] for one in self._tenant.resources.all(THEMES, THEMES.path)]
            return answer(self._tenant.resources.get(THEMES, THEMES.path, ids[0] if ids else ""))

    async def renderings(self, request: Request) -> Response:
        """Return one page of the screens whose rendering was ever set."""
        query = Query(request, (*PAGED, "prompt", "screen", "rendering_mode"))
        with self._tenant.lock:
            written = self._tenant.settings.written("/prompts/", "/rendering")
        configured = []
        for path, document in written.items():
            _, _, prompt, _, screen, _ = path.split("/")
            configured.append({"prompt": prompt, "screen": screen, "tenant": self._tenant.name, **document})
        for name in ("prompt", "screen", "rendering_mode"):
            if name in query:
                configured = [one for one in configured if one[name] == query.text(name)]
        return answer(page_of(configured, query, "configs", default_size=50))

    async def change_renderings(self, request: Request) -> Response:
        """Set the rendering of several screens."""
        body = await read_json(request)
        changed = []
        with self._tenant.lock:
            for one in check_body(body, lists("configs"), required=("configs",))["configs"]:
                named = check_body(
                    one, {**texts("prompt", "screen"), **(RENDERING.properties or {})}, PROMPT_AND_SCREEN
                )
                key = RENDERING.key({name: named[name] for name in PROMPT_AND_SCREEN})
                change = {name: value for name, value in named.items() if name not in PROMPT_AND_SCREEN}
                shown = self._tenant.settings.change(RENDERING, key, change)
                changed.append({name: named[name] for name in PROMPT_AND_SCREEN} | shown)
            log_operation(self._tenant, request, "Update rendering of screens", {}, {})
        return answer({"configs": changed})

    async def factors(self, request: Request) -> Response:
        """Return all second factors."""
        with self._tenant.lock:
            enabled = self._tenant.factors_enabled
            shown = [{"name": name, "enabled": name in enabled, "trial_expired": False} for name in FACTORS]
        return answer(shown)

    async def set_factor(self, request: Request) -> Response:
        """Turn a second factor on or off."""
        name = request.path_params["name"]
        if name not in FACTORS:
            raise invalid_property(f"No enum match for: {name}", "name", "Factor name")
        body = check_body(await read_json(request), flags("enabled"), required=("enabled",))
        with self._tenant.lock:
            if body["enabled"]:
                self._tenant.factors_enabled.add(name)
            else:
                self._tenant.factors_enabled.discard(name)
            log_operation(self._tenant, request, "Update a Multi-factor Authentication Factor", body, body)
        return answer({"enabled": bool(body["enabled"])})


PROMPT_AND_SCREEN = ("prompt", "screen")


def retired(name: str) -> Any:
    """Return the endpoint of a feature that new tenants no longer have: nothing is listed, nothing can be made."""

    async def endpoint(request: Request) -> Response:
        if request.method != "GET":
            raise Problem(403, "Insufficient privileges to use this deprecated feature", "operation_not_supported")
        if name == "rules-configs":
            return answer([])
        return answer(page_of([], Query(request, (*PAGED, "enabled", "triggerId")), name, default_size=50))

    return endpoint


async def modules(request: Request) -> Response:
    """Return that there are no modules that Actions share."""
    query = Query(request, ("page", "per_page"))
    page, size = query.number("page", default=0), query.number("per_page", default=50, maximum=MOST_PER_PAGE)
    return answer({"modules": [], "total": 0, "page": page, "per_page": size})


async def supplemental_signals(_request: Request) -> Response:
    """Answer as for a plan without Akamai's signals."""
    raise Problem(403, "Please upgrade your subscription to enable Akamai Signals.", "insufficient_scope")
