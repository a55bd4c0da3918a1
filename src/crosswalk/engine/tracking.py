"""Which fields of an object a sync has to know; see `crosswalk.reconcile.tracking`."""

from crosswalk.reconcile.tracking import NO_FLOWS, tracked_fields, watched_fields

__all__ = ["NO_FLOWS", "tracked_fields", "watched_fields"]
