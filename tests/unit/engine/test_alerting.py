"""What somebody is told of."""

from datetime import UTC, datetime

from pydantic import SecretStr

from crosswalk.config.alerts import AlertsConfig
from crosswalk.connectors.alert_webhook import signature_of
from crosswalk.connectors.secret import Secret
from crosswalk.engine import supervise
from crosswalk.engine.alerting import Seen, conditions
from crosswalk.engine.budget.view import BudgetView
from crosswalk.store.alerts import FailingPart
from crosswalk.store.monitoring import Backlog, OpenProblems
from crosswalk.store.source_hours import Silence

LIMITS = AlertsConfig(url=SecretStr("https://alerts.example.com/secret-part"))
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def a_budget(kind: str = "org", share: int | None = 800, left: int | None = 80) -> BudgetView:
    return BudgetView(
        kind=kind,
        name="acme",
        limit=1000,
        used=720,
        told_at=NOW,
        share=share,
        left=left,
        own=5,
        reserve=0.2,
        forecast="It lasts until 17:40 UTC.",
        lasts_until=NOW,
        richness=0.1,
        workers=1,
        endpoints=(),
        spent=(),
    )


def a_silence(source: str = "event_stream", *, hours: float, usual_hours: float, known_days: float) -> Silence:
    return Silence("acme", "", source, hours * 3600.0, known_days * 86_400.0, usual_hours * 3600.0, NOW)


def keys(**seen: object) -> list[str]:
    return [each.key for each in conditions(Seen(**seen), LIMITS)]  # type: ignore[arg-type]  # its own fields


def test_nobody_is_told_of_a_hub_that_is_well():
    assert (
        keys(
            backlogs=[Backlog("customers", 4, 1, 899.0)],
            problems=[OpenProblems("customers", "dead_letter", 0), OpenProblems("customers", "conflict", 50)],
            budgets=[a_budget(left=80)],
            failing=[FailingPart("log poll of acme", "Unreachable", 299.0)],
            silences=[
                a_silence(hours=6, usual_hours=1, known_days=28),
                a_silence(hours=240, usual_hours=120, known_days=28),
                a_silence(hours=48, usual_hours=0, known_days=6),
            ],
            drift={"customers": 0},
        )
        == []
    )


def test_each_limit_that_is_passed_has_a_cause_and_a_subject():
    assert keys(
        backlogs=[Backlog("customers", 4, 1, 901.0), Backlog("partners", 0, 0, 0.0)],
        problems=[
            OpenProblems("customers", "dead_letter", 1),
            OpenProblems("customers", "conflict", 51),
            OpenProblems("customers", "retrying", 5000),
        ],
        budgets=[a_budget(left=79), a_budget("tenant", share=None, left=None)],
        failing=[FailingPart("log poll of acme", "Unreachable", 301.0)],
        silences=[
            a_silence(hours=7, usual_hours=1, known_days=7),
            a_silence("log_stream", hours=25, usual_hours=12, known_days=28),
        ],
        pauses=[("tenant acme", "CREDENTIALS_REFUSED")],
        drift={"customers": 3},
        holds=2,
    ) == [
        "dead_letters/customers",
        "conflicts/customers",
        "lag/customers",
        "budget/org acme",
        "source_stopped/log poll of acme",
        "source_quiet/event stream of acme",
        "source_quiet/log stream of acme",
        "paused/tenant acme",
        "drift/customers",
        "writes_held/all",
    ]


def test_whoever_is_told_of_a_budget_learns_how_long_it_lasts():
    (spent,) = conditions(Seen(budgets=[a_budget(left=0)]), LIMITS)

    assert spent.summary == (
        "0 % of the hub's share of the daily API calls to org acme are left. It lasts until 17:40 UTC."
    )
    assert spent.figures == {"left": 0, "share": 800, "least_percent": 10}


def test_whoever_is_told_of_a_silence_learns_since_when_and_what_to_look_at():
    (quiet,) = conditions(Seen(silences=[a_silence(hours=30, usual_hours=1, known_days=28)]), LIMITS)

    assert quiet.summary == (
        "the event stream of acme has been silent since 2026-02-01 00:00 UTC, for 30 hours; `crosswalk doctor` says "
        "whether it is set up and switched on"
    )
    assert quiet.figures == {"silent_s": 108_000, "allowed_s": 21_600}


def test_a_sentence_says_how_bad_it_is():
    (lag,) = conditions(Seen(backlogs=[Backlog("customers", 40, 1, 1800.0)]), LIMITS)

    assert lag.summary == "the oldest event of customers has waited for 30 minutes"
    assert lag.figures == {"oldest_s": 1800.0, "allowed_s": 900.0, "waiting": 40}


def test_the_signature_is_that_of_time_and_body():
    # printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac topsecret
    assert signature_of(b'{"a":1}', Secret("topsecret"), 1_700_000_000) == (
        "t=1700000000,v1=6a939b0c71853d606167625a15168ee9188c6a511c773ef4f42d307f3849e50f"
    )


def test_a_part_fails_from_its_first_failure_until_it_ran_well_for_a_while(monkeypatch):
    monkeypatch.setattr(supervise, "_failures", {})

    supervise._note_failure("poll", ValueError(), 1000.0)
    supervise._note_failure("poll", KeyError(), 1060.0)

    assert supervise.failing(1100.0) == {"poll": ("KeyError", 100.0)}
    assert supervise.failing(1150.0) == {}
    supervise._note_failure("poll", ValueError(), 5000.0)
    assert supervise.failing(5010.0) == {"poll": ("ValueError", 10.0)}
