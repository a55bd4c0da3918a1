"""Channels: which of the org's topics can be subscribed to by long polling, and where a subscription starts."""

from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.pubsub.bus import EventBus, ReplayExpired
from crosswalk_sandbox.salesforce.pubsub.topics import Topic, find_topic
from crosswalk_sandbox.salesforce.streaming.refusals import (
    channel_missing,
    channel_name_malformed,
    channel_name_missing,
    denied,
    generic_channel_missing,
    replay_id_invalid,
)

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

NEW_EVENTS, ALL_EVENTS = -1, -2
"""Replay ids that stand for "from now on" and "all that are kept"."""


def names_of(subscription: object) -> list[str]:
    """The channels that a message names, one or a list of them; `Refusal` for what is none."""
    given = subscription if isinstance(subscription, list) else [subscription]
    names = [name for name in given if isinstance(name, str) and name]
    if not names or len(names) < len(given):
        raise channel_name_missing()
    if not all(name.startswith("/") for name in names):
        raise channel_name_malformed()
    return names


def find_channel(org: "Org", name: str) -> Topic:
    """The topic of a channel; `Refusal` when nobody can subscribe to it."""
    topic = find_topic(org, name)
    if topic is not None:
        return topic
    if name.startswith(("/data/", "/event/", "/topic/")):
        raise channel_missing(name)
    raise generic_channel_missing() if name.startswith("/u/") else denied("create")


def start_of(bus: EventBus, channel: str, extensions: Any) -> int:
    """The place in the stream that a subscription starts behind, by the message's replay extension.

    Raises
    ------
    Refusal
        When the events after the replay id are not all there any more, or it is none.
    """
    by_channel = extensions.get("replay") if isinstance(extensions, dict) else None
    given = by_channel.get(channel) if isinstance(by_channel, dict) else None
    if given is None:
        return bus.end()
    try:
        number = int(given) if isinstance(given, str) else given
        if isinstance(number, bool) or not isinstance(number, int):
            raise replay_id_invalid(given)
        if number == NEW_EVENTS:
            return bus.end()
        return bus.start() if number == ALL_EVENTS else bus.check(number)
    except (ValueError, ReplayExpired):
        raise replay_id_invalid(given) from None
