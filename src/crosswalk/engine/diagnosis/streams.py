"""Whether a tenant's streams send to the hub, what it needs, and whether they are switched on. Pure."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from crosswalk.connectors.auth0.events import USER_EVENTS
from crosswalk.connectors.auth0.streams import StreamSetup
from crosswalk.domain.event import Source
from crosswalk.engine.diagnosis.finding import Finding, fault, good, warning

LOG_CATEGORIES = frozenset({"auth.signup.success", "user.success", "management.success"})
"""The categories of logs that tell of changed users."""

PATHS = {Source.EVENT_STREAM: "events", Source.LOG_STREAM: "logs"}
WORDS = {Source.EVENT_STREAM: "event stream", Source.LOG_STREAM: "log stream"}
SCOPES = {Source.EVENT_STREAM: "read:event_streams", Source.LOG_STREAM: "read:log_streams"}
NEEDED = {Source.EVENT_STREAM: frozenset(USER_EVENTS), Source.LOG_STREAM: LOG_CATEGORIES}
_WHERE = {Source.EVENT_STREAM: "Event Streams", Source.LOG_STREAM: "Monitoring > Streams"}


def not_looked_at(subject: str, source: Source) -> Finding:
    """The application may not see streams."""
    return warning(
        subject,
        f"{WORDS[source]}: the application lacks the scope {SCOPES[source]}, so how it is set up was not looked at",
        f"in Auth0, Applications > APIs > Management API > Machine to Machine, give it {SCOPES[source]}",
    )


def check_streams(
    subject: str, tenant: str, source: Source, public_url: str | None, streams: Sequence[StreamSetup]
) -> list[Finding]:
    """How the streams of one kind are set up, as far as they send to this hub.

    Parameters
    ----------
    public_url
        The hub's own address, where it is configured; without it, any host with the right path counts.
    streams
        All of the tenant's.
    """
    path = f"/intake/auth0/{tenant}/{PATHS[source]}"
    ours = [each for each in streams if _is_ours(each.url, path, public_url)]
    words, where = WORDS[source], _WHERE[source]
    if not ours:
        address = (public_url or "https://HUB").rstrip("/") + path
        return [
            fault(
                subject,
                f"{words}: none of the tenant's {len(streams)} sends to {address}",
                f"in Auth0, {where}, make one with a webhook to {address} and the token of the configuration",
            )
        ]
    sending = [each for each in ours if each.sends]
    if not sending:
        return [
            fault(
                subject,
                f"{words} {each.name}: it is {each.status}, and sends nothing",
                f"switch it on in Auth0, {where}, once the hub can be reached: what fails too often is switched off",
            )
            for each in ours
        ]
    return [*_of_types(subject, source, sending)] or [good(subject, f"{words}: it sends to this hub what it needs")]


def _of_types(subject: str, source: Source, sending: Sequence[StreamSetup]) -> Iterator[Finding]:
    if source is Source.LOG_STREAM and any(not each.wants for each in sending):
        return
    lacking = sorted(NEEDED[source] - frozenset().union(*(each.wants for each in sending)))
    if lacking:
        names = " and ".join(each.name for each in sending)
        yield fault(
            subject,
            f"{WORDS[source]} {names}: it does not send {', '.join(lacking)}",
            f"in Auth0, {_WHERE[source]}, select {', '.join(lacking)}, too",
        )


def _is_ours(url: str, path: str, public_url: str | None) -> bool:
    if not urlsplit(url).path.endswith(path):
        return False
    return public_url is None or url.rstrip("/") == public_url.rstrip("/") + path
