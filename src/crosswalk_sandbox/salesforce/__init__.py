"""One Salesforce org in memory, close enough that the vendor's clients cannot tell.

May import Starlette, msgspec and joserfc, and nothing of Crosswalk. Start with `org` (rows and the rules for writing
them); `app` serves it, `front_door` is what every call passes, `soql` is the query language. Facts about the vendor's
behaviour come from the recorded payloads under `data/`, recorded REST traffic, and the vendor's documentation.

Emulated
    Tokens (client credentials, JWT bearer), the list of versions (50 to 64), describe of Lead, Contact and Account with
    the integration's own fields, calls about one record and about collections of records, upserts by every key field,
    queries with pages, limits, and the rules that a write can break. Composite with references, batch, graph and tree;
    `updated` and `deleted` by the vendor's windows; `If-Modified-Since` for describe results and records; parameterized
    search; Bulk API 2.0 with jobs that write and jobs that read (`bulk`). Recorded traffic settles that e-mail
    addresses are stored in lower case, that numbers may come as text, that an upsert by a null `Id` creates, and that
    rows come ordered by id.

Decided without a recording
    A JSON value of the wrong type refuses a whole collections call; an unknown or read-only field refuses its record
    alone. Records that share a key in one upsert are all refused with `DUPLICATE_VALUE`. The reply to a JWT bearer
    request has no `issued_at` and no `signature`. Each record of a collections call must name its type. A JSON error's
    line and column are always 1. Tokens end at a fixed time after they were issued. The error codes of composite calls
    that are refused whole. A text that is a reference alone keeps the JSON type of its value. A CSV row with more cells
    than the header fails alone, with fewer it is filled up; a repeated column fails its job. Files of results come with
    204 while a job is at work. A hard-deleted record is gone from `deleted` too. Search finds whole words, and the
    parts of an e-mail address are words.

Not emulated
    Pub/Sub, SOAP, Bulk API 1.0, jobs made in one multipart call, PK chunking, SOSL and metadata; sharing, profiles and
    field-level security; triggers,
    validation and duplicate rules; record types; lead conversion and merge; currencies. In queries: aggregates but
    `COUNT()`, GROUP BY, child sub-queries, date literals such as `TODAY`, aliases, and parents of parents.
"""

from crosswalk_sandbox.salesforce.administration import administration_routes
from crosswalk_sandbox.salesforce.app import create_app
from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused
from crosswalk_sandbox.salesforce.faults import FaultOrder
from crosswalk_sandbox.salesforce.org import Org

__all__ = ["ApiError", "FaultOrder", "Org", "RecordRefused", "administration_routes", "create_app"]
