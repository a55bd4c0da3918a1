"""What planning a batch came to."""

from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.decision import Decisions
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import EndedLink, Link
from crosswalk.domain.plan import Plan
from crosswalk.domain.quarantine import Quarantine
from crosswalk.store.claims import Claim


class Planned(Struct, frozen=True):
    """The plans of a batch.

    Parameters
    ----------
    plans
        One for each identity that could be decided.
    waiting
        Why each of the others could not be: the org did not answer the question which records it has.
    claims
        What has to be claimed before the plans are carried out.
    links
        The links as they were before.
    since
        The moment before anything was looked at, by the database's clock.
    awaited
        The match keys (see `crosswalk.matching.awaited`) of identities that had no link; none of those that are gone.
    begun
        What was about to be written before, of which nobody knows what became of it.
    accounts
        Identity → the users that its state names as its accounts.
    """

    plans: Mapping[UserId, Plan]
    waiting: Mapping[UserId, ConnectorError]
    claims: tuple[Claim, ...]
    links: Mapping[UserId, Link]
    since: datetime
    awaited: Mapping[UserId, Collection[bytes]] = {}
    begun: Mapping[UserId, BegunWrites] = {}
    accounts: Mapping[UserId, tuple[UserId, ...]] = {}

    def replaced_by(self, anew: "Planned", of: Collection[UserId]) -> "Planned":
        """The same plans, but for some identities those that were made anew."""
        return Planned(
            plans={user_id: plan for user_id, plan in self.plans.items() if user_id not in of} | dict(anew.plans),
            waiting=dict(self.waiting) | dict(anew.waiting),
            claims=(*(claim for claim in self.claims if claim.user_id not in of), *anew.claims),
            links=self.links,
            since=self.since,
            awaited=dict(self.awaited) | dict(anew.awaited),
            begun=self.begun,
            accounts={**self.accounts, **anew.accounts},
        )

    def gives(self, link: Link) -> bool:
        """Whether the link is to a record that its identity did not have when it was planned for."""
        before = self.links.get(link.user_id)
        return before is None or before.record.id != link.record.id

    def without(self, waiting: Mapping[UserId, ConnectorError]) -> "Planned":
        """The same plans, but for those of identities that have to wait."""
        if not waiting:
            return self
        kept = {user_id: plan for user_id, plan in self.plans.items() if user_id not in waiting}
        return replace(self, plans=kept, waiting={**self.waiting, **waiting})


class Verdicts(Struct, frozen=True):
    """What is settled before the rules are asked: by people, and by what somebody else keeps writing back.

    `begun` is what the hub itself was about to write, and may have written.
    """

    decisions: Decisions
    quarantines: Mapping[UserId, tuple[Quarantine, ...]]
    begun: Mapping[UserId, BegunWrites] = {}


class Part(Struct, frozen=True):
    """What came of planning a part of a batch: plans, why some wait, and whose link ended on the way."""

    plans: Mapping[UserId, Plan] = {}
    waiting: Mapping[UserId, ConnectorError] = {}
    ended: Mapping[UserId, EndedLink] = {}
