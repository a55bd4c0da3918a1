"""The HTTP face of the tenant: one module per resource, each a list of routes over a `Tenant`.

Start with `management`, which puts authentication, the request limit and the vendor's error shape around all of
`/api/v2`; `oauth` is the token endpoint beside it.
"""
