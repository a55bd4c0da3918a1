"""How people sign in and applications get tokens: authorization requests, sessions, codes, refresh tokens, claims.

`state` gathers what is remembered between requests; `requests` reads ``/authorize``; `flow` decides which page a person
sees next, or that Actions come next, and ends with a code; `forms` does what the pages' forms are for; `exchange` is
the token endpoint. No HTTP and no HTML here: those are in `routes` and `pages`. May import the tenant's other modules,
not these two.
"""
