"""Budgets at work: leave for each call out of what all processes may spend, and what there is to see of it."""
