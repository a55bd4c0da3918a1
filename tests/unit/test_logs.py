"""The masker hides what an error message of a library or a vendor may carry along."""

import pytest

from crosswalk.logs import mask, mask_values


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("no mailbox ada.lovelace+new@example.co.uk here", "no mailbox ***@*** here"),
        ("q=ada%40example.com", "q=***@***"),
        ("call +44 (20) 7946-0018 back", "call *** back"),
        ("Authorization: Bearer eyJhbGciOi.JIUzI1NiJ9.x", "Authorization: Bearer ***"),
        (
            "GET https://org.example:8443/data/v62.0/query?q=SELECT+Id+WHERE+Phone%3D%27%2B442079460018%27 200",
            "GET https://org.example:8443/data/v62.0/query?*** 200",
        ),
        (
            "batch of 200 took 12.5 s at 2026-02-01T10:00:00.000Z",
            "batch of 200 took 12.5 s at 2026-02-01T10:00:00.000Z",
        ),
        ("user auth0|65f1c0ffee0123456789abcd", "user auth0|65f1c0ffee0123456789abcd"),
        ("Lead 00QHs0000000001MAA", "Lead 00QHs0000000001MAA"),
    ],
)
def test_personal_values_and_credentials_are_masked_and_ids_are_not(text: str, masked: str):
    assert mask(text) == masked


def test_a_librarys_own_message_is_masked_too():
    line = mask_values(None, "", {"event": "duplicate key (ada@example.com)", "level": "error", "user_id": "auth0|1"})

    assert line == {"event": "duplicate key (***@***)", "level": "error", "user_id": "auth0|1"}
