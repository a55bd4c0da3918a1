"""In which order due work is done: by what it is for."""

from collections.abc import Mapping

from crosswalk.domain.purpose import Purpose

RANKS: Mapping[Purpose, int] = {
    Purpose.OFFBOARDING: 0,
    Purpose.PROFILE: 2,
    Purpose.ACTIVITY: 3,
    Purpose.BACKFILL: 4,
    Purpose.PROBE: 5,
}
"""What has the smaller number goes first."""

_PURPOSES = {rank: purpose for purpose, rank in RANKS.items()}

URGENT = RANKS[Purpose.OFFBOARDING]
"""What has this rank waits for no company and goes ahead of the other work of its sync."""

USUAL = RANKS[Purpose.PROFILE]


def purpose_of(rank: int) -> Purpose:
    """What work of a rank is for."""
    return _PURPOSES.get(rank, Purpose.PROFILE)
