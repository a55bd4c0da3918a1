"""Everything goes wrong at once, from a seed: real processes, killed and frozen, and vendors that fail.

Both sides have to agree in the end. `make chaos` runs it, and the same seed draws the same people, changes, incidents
and fault rules again. Start with `one_run`, which puts the parts together: `schedule` draws what happens, `people`
knows what each person does and has in the end (the oracle's memory, which asks nothing of Crosswalk), `machine` has the
processes, `database` and `disk` what they store, `network` their lines, `wall_clock` their clocks, `driver` makes the
changes, `incidents` the trouble, and `oracle` compares both sides with the people. `vendor_faults` has the rules by
which tenant and org fail.
"""
