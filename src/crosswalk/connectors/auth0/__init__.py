"""The Auth0 end: reading users, following events and logs, and understanding what arrives.

May import `crosswalk.domain` and the modules directly in `crosswalk.connectors`. `events` and `log_events` are pure
and shared with the webhooks; start there, then `client`.
"""
