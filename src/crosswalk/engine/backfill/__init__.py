"""The back-fill at work: everybody who was there before the hub, matched first, written once somebody wants it."""
