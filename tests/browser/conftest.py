"""A browser for each module, and what its pages complain about."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.callback import listening_application
from tests.browser.chromium import chromium, note_troubles

expect.set_options(timeout=60_000)  # a busy machine takes longer than the usual five seconds


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def troubles() -> list[str]:
    """What the pages wrote to the browser's console as errors."""
    return []


@pytest.fixture
def visitor(browser: Browser, troubles: list[str]) -> Iterator[Page]:
    """A page that trusts the sandbox's private authority."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    note_troubles(page, troubles)
    yield page
    context.close()


@pytest.fixture
def application() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """An application's callback, and what it was told there."""
    with listening_application() as application:
        yield application
