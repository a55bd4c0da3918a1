"""What moves: intake, the reconcile job, the writer, the sources that are pulled, and the hub that assembles them.

May import everything below it: domain, the pure core, config, connectors and store. Start with `lane` (the life of one
job) and `reconciler` (what it does to a batch); `intake` is how events get here.
"""
