"""The ends that touch the vendors: Auth0 and Salesforce.

May import `crosswalk.domain` only. `base` has the narrow protocols that the engine works with and the results of
writes; `errors` says what can go wrong with a call as a whole. Start with `salesforce.client` and `auth0.client`.
"""
