"""Thresholds as people write them."""

import pytest
from pydantic import ValidationError

from crosswalk.config.thresholds import ThresholdsConfig, define_thresholds
from crosswalk.domain.threshold import Threshold, WriteKind


def test_what_takes_something_away_is_limited_from_the_start_and_nothing_else_is():
    thresholds = define_thresholds(ThresholdsConfig())

    tenth = Threshold(100, 10)
    assert thresholds.window_s == 3600
    assert thresholds.limits == {
        WriteKind.DELETE: tenth,
        WriteKind.DEACTIVATE: tenth,
        WriteKind.REVOKE: tenth,
        WriteKind.CLEAR: tenth,
    }


def test_a_number_a_share_and_off_are_understood():
    written = {"window": "30m", "clear": "off", "create": 1000, "update": "5000 and 2.5 %", "delete": False}

    thresholds = define_thresholds(ThresholdsConfig.model_validate(written))

    assert thresholds.window_s == 1800
    assert WriteKind.CLEAR not in thresholds.limits
    assert WriteKind.DELETE not in thresholds.limits
    assert thresholds.limits[WriteKind.CREATE] == Threshold(1000)
    assert thresholds.limits[WriteKind.UPDATE] == Threshold(5000, 2.5)


def test_every_kind_of_write_has_its_key():
    assert set(ThresholdsConfig.model_fields) == {"window", *(kind.value for kind in WriteKind)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clear", "10%"),
        ("clear", "-1"),
        ("clear", "100 and 0%"),
        ("clear", "100 and 101%"),
        ("clear", True),
        ("clear", 1.5),
        ("clears", 100),
        ("window", "10s"),
        ("window", "25h"),
    ],
)
def test_what_is_no_threshold_is_refused(key: str, value: object):
    with pytest.raises(ValidationError):
        ThresholdsConfig.model_validate({key: value})
