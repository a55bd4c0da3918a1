"""What each flow wants, given the states: pure functions from a subject to its effects.

A flow is a template of a behaviour that a sync enables. It says what ought to be while something holds, never what to
do about an event; `crosswalk.reconcile.effects` compares that with what is held. May import `domain`,
`expressions` and `reconcile`. Start with `deactivation`.
"""
