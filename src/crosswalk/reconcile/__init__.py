"""The pure heart: from what both sides have and last agreed on, to the least that has to be written.

Events are hints. Whatever arrives only says that an identity may have changed; what is to be done follows from the
states alone. So lost, repeated, reordered and echoed events come to the same end, and a loop cannot form: an echo
merges to an empty plan. Nothing here reads a file, a clock or a database.

May import `domain`, `expressions`, `mapping` and `matching`. Start with `merge`, then `planner`; `compiled` is what a
caller holds on to, and `explain` tells a person why a field has its value.
"""
