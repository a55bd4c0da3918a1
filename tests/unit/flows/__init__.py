"""The flows, and what is to be done and undone for them."""
