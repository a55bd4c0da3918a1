"""A quarantined field in words: what flips, between which values, who writes it, and what to do."""

import json

from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.values import FieldValue, Side

_PLACES = {Side.SALESFORCE: "Salesforce", Side.AUTH0: "Auth0"}


def in_words(quarantine: Quarantine) -> str:
    """A sentence or two for the person who has to find the other writer."""
    where = _PLACES[quarantine.side]
    writers = "; ".join(quarantine.writers) or f"{where} does not say who"
    return (
        f"{quarantine.field} flips between {_shown(quarantine.hub_value)}, which the hub writes to {where}, and "
        f"{_shown(quarantine.other_value)}, which somebody else writes there: the hub wrote it back "
        f"{quarantine.writes} times within an hour. Who else writes it: {writers}. The field is left alone until "
        f"{quarantine.until:%Y-%m-%d %H:%M} UTC; stop the other writer, or give the field another owner in the "
        "mapping, then release it."
    )


def _shown(value: FieldValue) -> str:
    if value is None or value == "":
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
