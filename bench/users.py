"""Realistic users and events, deterministic by number: about 1.8 KB of JSON each."""

import msgspec

TENANT = "acme"
TOKEN = "a-token-for-the-benchmark"

FIRST = ("Ada", "Grace", "Zoë", "Björn", "Mei", "Tariq", "Noor", "Ivan", "Lucía", "Kwame")
LAST = ("Lovelace", "Hopper", "Müller", "Åkesson", "Chen", "Haddad", "Khan", "Petrov", "García", "Mensah")
COMPANIES = ("Analytical Engines", "Compiler Works", "Nordlicht GmbH", "Blue Ocean Ltd", "Savanna Labs")


def a_user(number: int, revision: int = 0) -> dict[str, object]:
    """One Auth0 user; another `revision` of the same one has another job title, phone and company."""
    first, last = FIRST[number % 10], LAST[number // 10 % 10]
    email = f"{first}.{last}.{number}@example.com".lower().encode("ascii", "ignore").decode()
    seconds = revision % 60
    return {
        "user_id": f"auth0|{number:024x}",
        "email": email,
        "email_verified": True,
        "name": f"{first} {last}",
        "given_name": first,
        "family_name": last,
        "nickname": f"{first.lower()}{number}",
        "picture": f"https://s.gravatar.com/avatar/{number:032x}?s=480&r=pg&d=https%3A%2F%2Fcdn.example.com%2Favatars%2Fal.png",
        "phone_number": f"+1212{(number * 37 + revision) % 8000000 + 2000000}",
        "phone_verified": True,
        "created_at": "2026-01-05T09:30:00.000Z",
        "updated_at": f"2026-02-01T10:{revision // 60 % 60:02d}:{seconds:02d}.000Z",
        "last_login": "2026-01-31T22:10:11.120Z",
        "last_ip": f"203.0.113.{number % 250}",
        "logins_count": number % 300,
        "blocked": False,
        "identities": [
            {
                "connection": "Username-Password-Authentication",
                "user_id": f"{number:024x}",
                "provider": "auth0",
                "isSocial": False,
            },
            {
                "connection": "google-oauth2",
                "user_id": f"10{number:019d}",
                "provider": "google-oauth2",
                "isSocial": True,
                "profileData": {"email": email, "email_verified": True, "name": f"{first} {last}", "locale": "en"},
            },
        ],
        "user_metadata": {
            "company": f"{COMPANIES[number % 5]} {revision}",
            "title": ("Engineer", "Director", "Analyst")[(number + revision) % 3],
            "country": "US",
            "city": "New York",
            "street": f"{number % 900 + 1} Example Avenue",
            "postal_code": f"{10000 + number % 900}",
            "language": "en-US",
            "newsletter": number % 2 == 0,
            "interests": ["data", "identity", "crm"],
            "theme": {"mode": "dark", "density": "compact", "accent": "#3366ff"},
        },
        "app_metadata": {
            "tier": ("free", "team", "enterprise")[number % 3],
            "seats": number % 50,
            "source": "spring-campaign",
            "tenant_id": f"org_{number % 97}",
            "roles": ["member", "billing"] if number % 7 == 0 else ["member"],
        },
    }


def an_event(number: int, revision: int = 0, event_id: str | None = None) -> bytes:
    """The CloudEvent that says this user was updated, as an event stream sends it."""
    user = a_user(number, revision)
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "type": "user.updated",
            "source": "urn:auth0:acme.auth0app.com",
            "id": event_id or f"evt_{number:012d}{revision:06d}",
            "time": user["updated_at"],
            "data": {"object": user},
            "a0tenant": "acme",
            "a0stream": "est_benchmark",
        }
    )
