"""How long dead letters are kept, as people write it."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from crosswalk.config.dead_letters import DeadLettersConfig


def test_letters_are_kept_for_ever_unless_a_time_is_given():
    assert DeadLettersConfig().expire_after is None
    assert DeadLettersConfig.model_validate({"expire_after": "2160h"}).expire_after == timedelta(days=90)


def test_nobody_could_look_at_a_letter_within_minutes():
    with pytest.raises(ValidationError, match="nobody could look at a letter before"):
        DeadLettersConfig.model_validate({"expire_after": "30m"})
