"""How long to wait before trying again."""

from collections.abc import Callable


def backoff(attempt: int, random: Callable[[], float], first_s: float = 0.5, longest_s: float = 60.0) -> float:
    """Return the seconds to wait before the next attempt: exponential, with full jitter.

    Full jitter (anything between nothing and the bound) spreads many workers that lost the same server over the whole
    interval; equal steps would bring them back together.

    Parameters
    ----------
    attempt
        How many attempts failed so far, from 1.
    random
        Gives a number in [0, 1).
    first_s, longest_s
        The bound of the first wait, and the bound that later ones grow to, in seconds.
    """
    # 2.0**1023 is the largest power a float holds; the bound is reached long before.
    bound = min(longest_s, first_s * 2.0 ** min(attempt - 1, 60))
    return bound * random()
