"""The drift check: both sides against what the hub knows, on schedule or by hand, looked at closely and repaired."""
