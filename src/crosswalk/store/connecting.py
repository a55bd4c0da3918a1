"""How connections to PostgreSQL are made: with an end to waiting for a server or a network that is gone.

By default TCP notices a network that was cut after a quarter of an hour where data is under way, and after two hours
where none is. So both ends look sooner: this one, whose calls would hang, and the server, which would keep the locks of
a session that nobody uses any more. Whatever the address itself says goes first.
"""

from psycopg.conninfo import conninfo_to_dict, make_conninfo

CONNECT_TIMEOUT_S = 10

SILENT_FOR_S = 10
LOOK_EVERY_S = 5
LOOKS = 3
"""A connection over which nothing came for ten seconds is looked at every five; the third look without an answer ends
it."""

UNANSWERED_FOR_MS = 30_000
"""What was sent, and is not acknowledged for so long, ends the connection; on Linux, elsewhere it has no effect."""

OURS = {
    "connect_timeout": str(CONNECT_TIMEOUT_S),
    "keepalives": "1",
    "keepalives_idle": str(SILENT_FOR_S),
    "keepalives_interval": str(LOOK_EVERY_S),
    "keepalives_count": str(LOOKS),
    "tcp_user_timeout": str(UNANSWERED_FOR_MS),
}
"""What libpq is told; none of it matters for a socket on this machine."""

OF_THE_SERVER = (
    f"-c tcp_keepalives_idle={SILENT_FOR_S} -c tcp_keepalives_interval={LOOK_EVERY_S} -c tcp_keepalives_count={LOOKS}"
    f" -c tcp_user_timeout={UNANSWERED_FOR_MS}"
)
"""The same for the server's end."""


def conninfo(uri: str, *, name: str, options: str = "") -> str:
    """Return the connection string to connect with.

    Parameters
    ----------
    uri
        A libpq connection string or address; what it sets stays as it is.
    name
        What the server calls the connection where `uri` does not say.
    options
        Further settings of the session, as on a server's command line: `-c timezone=UTC`.

    Raises
    ------
    psycopg.ProgrammingError
        `uri` is no connection string.
    """
    given = {key: str(value) for key, value in conninfo_to_dict(uri).items()}
    # The last one counts, so the address's own come last.
    settings = " ".join(part for part in (OF_THE_SERVER, options, given.get("options")) if part)
    return make_conninfo(**{**OURS, "application_name": name, **given, "options": settings})
