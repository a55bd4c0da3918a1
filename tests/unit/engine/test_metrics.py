"""What a batch adds to this process's metrics."""

import time

from prometheus_client.registry import CollectorRegistry

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.engine.books import Booking
from crosswalk.engine.metrics import REGISTRY, batch_done
from crosswalk.store.audit import AuditEntry
from crosswalk.store.problems import Problem, ProblemKind
from tests.unit.engine.builders import a_state

SYNC = SyncName("of-the-metrics-test")


def figure(name: str, **labels: str) -> float:
    registry: CollectorRegistry = REGISTRY
    return registry.get_sample_value(name, {"sync": SYNC, **labels}) or 0.0


def test_a_batch_counts_outcomes_fields_problems_and_how_long_events_waited():
    written = AuditEntry(SYNC, "auth0|1", "Lead", "00Q1", "update", "Company", None, "A", "changed", "x:1", "crosswalk")
    failed = Problem(SYNC, "auth0|2", ProblemKind.RETRYING, "Lead", "", "UNABLE_TO_LOCK_ROW", "text")
    due = [a_state(1, "auth0|1", age_s=2.0), a_state(2, "auth0|1", age_s=1.5), a_state(3, "auth0|2", age_s=70.0)]
    bookings = [
        Booking(UserId("auth0|1"), "written", audit=(written, written)),
        Booking(UserId("auth0|2"), None, problems=(failed,)),
    ]

    batch_done(SYNC, due, bookings, time.monotonic() - 0.6)

    assert figure("crosswalk_identities_reconciled_total", outcome="written") == 1
    assert figure("crosswalk_identities_reconciled_total", outcome="postponed") == 1
    assert figure("crosswalk_fields_written_total", object="Lead") == 2
    assert figure("crosswalk_problems_found_total", kind="retrying", code="UNABLE_TO_LOCK_ROW") == 1
    # The events of who is tried again are not dealt with, so only two have a lag: 2.6 and 2.1 seconds.
    assert figure("crosswalk_event_lag_seconds_bucket", outcome="written", le="1.0") == 0
    assert figure("crosswalk_event_lag_seconds_bucket", outcome="written", le="60.0") == 2
    assert 4.7 <= figure("crosswalk_event_lag_seconds_sum", outcome="written") < 60
    assert figure("crosswalk_batch_seconds_count") == 1
