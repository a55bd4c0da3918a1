"""What people say with what they do by hand, as it is noted beside it: who they are, and why."""

LONGEST_NAME = 100


def in_one_line(text: str) -> str:
    """The text in one line, without NUL, which PostgreSQL's texts cannot hold."""
    return " ".join(text.replace("\0", " ").split())


def noted_name(by: str) -> str:
    """The name in one line, cut where it is too long; `somebody` where there is none."""
    return in_one_line(by)[:LONGEST_NAME] or "somebody"
