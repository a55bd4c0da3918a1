"""What everything is: plain, frozen data that every other package speaks in.

Imports nothing of ours. Start with `identity` and `record` (the two sides), then `link` (what ties them) and
`plan` (what reconcile decides about them).
"""
