"""In whose name a command is carried out."""

import getpass


def who_is_here() -> str:
    """The name of the account that runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process whose user has no name
        return "command line"
