"""JavaScript expressions over an Auth0 user, and the types of the values they give.

May import `domain` only. Start with `program` (many expressions over many users in one call), then `sandbox` (what an
expression can and cannot reach, with `harden.js` and `driver.js`), `recovery` (what happens when one runs wild),
`picks` (what needs no QuickJS) and `types` (how values are checked, normalised and compared).
"""
