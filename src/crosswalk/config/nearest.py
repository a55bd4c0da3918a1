"""The valid name that a mistyped one was probably meant to be."""

from collections.abc import Iterable

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

LEAST_LIKENESS = 0.5
"""Below this share of equal letters a suggestion confuses more than it helps."""


def nearest_name(written: str, valid: Iterable[str], preferred: Iterable[str] = ()) -> str | None:
    """Find the name in `valid` that is most like `written`, or `None` when none is like it.

    Letter case counts for nothing, and a name's beginning is like it. Among equally near names those in `preferred`
    come first.
    """
    wanted = written.lower()
    favourites = frozenset(preferred)

    def likeness(name: str) -> tuple[float, bool, float]:
        candidate = name.lower()
        shortened = len(wanted) >= 3 and candidate.startswith(wanted)
        return (
            max(DamerauLevenshtein.normalized_similarity(wanted, candidate), LEAST_LIKENESS if shortened else 0),
            name in favourites,
            JaroWinkler.similarity(wanted, candidate),
        )

    best = max(((likeness(name), name) for name in sorted(set(valid))), default=None)
    if best is None or best[0][0] < LEAST_LIKENESS:
        return None
    return best[1]
