"""Contract tests through npm clients."""
