"""With what the hub connects to PostgreSQL."""

from psycopg.conninfo import conninfo_to_dict

from crosswalk.store.connecting import conninfo


def test_both_ends_notice_within_half_a_minute_that_the_network_is_gone():
    made = conninfo_to_dict(conninfo("postgresql://ada:secret@db.example.com/hub", name="crosswalk"))

    assert made == {
        "host": "db.example.com",
        "user": "ada",
        "password": "secret",
        "dbname": "hub",
        "application_name": "crosswalk",
        "connect_timeout": "10",
        "keepalives": "1",
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "30000",
        "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
        " -c tcp_user_timeout=30000",
    }


def test_what_the_address_says_goes_first():
    uri = (
        "postgresql://db.example.com/hub?connect_timeout=3&keepalives_idle=60&tcp_user_timeout=0&application_name=mine"
        "&options=-c%20statement_timeout%3D5s"
    )

    made = conninfo_to_dict(conninfo(uri, name="crosswalk", options="-c statement_timeout=60000"))

    assert (made["connect_timeout"], made["keepalives_idle"], made["tcp_user_timeout"]) == ("3", "60", "0")
    assert (made["keepalives_interval"], made["application_name"]) == ("5", "mine")
    assert str(made["options"]).endswith("-c statement_timeout=60000 -c statement_timeout=5s")


def test_a_connection_string_in_words_is_taken_too():
    made = conninfo_to_dict(conninfo("host=/run/postgresql dbname=hub tcp_user_timeout=1000", name="crosswalk"))

    assert (made["host"], made["dbname"], made["tcp_user_timeout"]) == ("/run/postgresql", "hub", "1000")
