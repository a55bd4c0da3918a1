"""Auth0 Actions: what the Management API keeps of them, and running them in Node where the vendor would.

`library` holds the Actions with their versions, `bindings` which of them run when, `builds` makes versions ready, and
`documents` is what the API shows of all that. Running: `runs` takes the Actions of one trigger to Node and back
(`node` is the child process, `runner/` its JavaScript, `executions` what is remembered of it), `pending` keeps that
outside the tenant's lock. `login`, `registration` and `exchange` are the moments at which Actions run, `event_objects`
what they are told, `claims` what may enter a token. `state` gathers it all; start there. May import the tenant's other
modules, neither `routes` nor `pages`.

Decided without a recording to settle it: post-login Actions come after the check of the organization's membership and
before second factor and consent, so that they can overrule the one and change what the other shows. Metadata that an
Action sets is stored when the run ends, also when one of them denies, but not when one throws. Logins without a browser
that Actions deny are answered with 500, as users of the vendor report. Secrets are masked in console output and errors.
The words of refusals other than those for undeployed bindings and unbuilt drafts are a best effort.
"""
