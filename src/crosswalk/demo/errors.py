"""What can go wrong in the demo."""

from crosswalk.domain.errors import CrosswalkError


class DemoFailed(CrosswalkError):
    """The demo could not be started, or what it shows did not happen."""
