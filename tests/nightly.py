"""Whether property tests try new examples. By day they try the same ones on every machine."""

import os

NIGHTLY = bool(os.environ.get("CROSSWALK_NIGHTLY"))
"""Set by `make nightly`."""
