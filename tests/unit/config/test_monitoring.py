"""Who may read metrics, as people write it."""

import pytest
from pydantic import SecretStr, ValidationError

from crosswalk.config.monitoring import MonitoringConfig

TOKEN = SecretStr("sixteen-or-more-characters")


def test_nobody_gets_metrics_unless_somebody_says_so():
    assert MonitoringConfig() == MonitoringConfig(token=None, host="127.0.0.1", port=None)


def test_a_port_that_other_machines_reach_needs_a_token():
    MonitoringConfig(port=9464)
    MonitoringConfig(port=9464, host="hub.internal", token=TOKEN)
    with pytest.raises(ValidationError, match="anybody who reaches this address could read the metrics"):
        MonitoringConfig(port=9464, host="hub.internal")


def test_a_short_token_is_refused_without_being_shown():
    with pytest.raises(ValidationError, match="this token is too short to be safe") as refused:
        MonitoringConfig(token=SecretStr("short-one"))
    assert "short-one" not in str(refused.value)
