"""Measured comparisons: `python -m bench` runs them all, prints the figures as ratios and writes `results.json`."""
