"""Auth0 Actions: what the Management API keeps of them, and running them in Node where the vendor would.

`library` holds the Actions with their versions, `bindings` which of them run when, `builds` makes versions ready, and
`documents` is what the API shows of all that. Running: `runs` takes the Actions of one trigger to Node and back
(`node` is the child process, `runner/` its JavaScript, `executions` what is remembered of it), `pending` keeps that
outside the tenant's lock. `login`, `registration` and `exchange` are the moments at which Actions run, `event_objects`
what they are told, `claims` what may enter a token. `state` gathers it all; start there. May import the tenant's other
modules, neither `routes` nor `pages`.
"""
