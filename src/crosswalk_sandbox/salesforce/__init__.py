"""One Salesforce org in memory, close enough that the vendor's clients cannot tell.

May import Starlette, msgspec and joserfc, and nothing of Crosswalk. Start with `org` (rows and the rules for writing
them); `app` serves it, `front_door` is what every call passes, `soql` is the query language, `administration` is what
the control API can do as the org's administrator and users. Facts about the vendor's behaviour come from the recorded
payloads under `data/`, recorded REST traffic, and the vendor's documentation.

Emulated
    Tokens (client credentials, JWT bearer), the list of versions (50 to 64), describe of the 21 objects in `catalog`
    with the integration's own fields, custom objects and fields, Person Accounts, calls about one record and about
    collections of records, upserts by every key field, queries with pages, limits, and the rules that a write can
    break. Composite with references, batch, graph and tree; `updated` and `deleted` by the vendor's windows;
    `If-Modified-Since` for describe results and records; parameterized search; Bulk API 2.0 with jobs that write and
    jobs that read (`bulk`). Recorded traffic settles that e-mail addresses are stored in lower case, that numbers may
    come as text, that an upsert by a null `Id` creates, and that rows come ordered by id. Lead conversion, merges,
    deletions with their children, the recycle bin, validation rules, duplicate rules with `allowSave`, and field-level
    security of the integration user. In queries: parents up to five levels up, also of several kinds (`Who.Type`), one
    level of children, `IN (SELECT …)`, groups with COUNT, COUNT_DISTINCT, MIN, MAX, SUM and AVG, HAVING, and date
    literals in UTC.

Decided without a recording
    A JSON value of the wrong type refuses a whole collections call; an unknown or read-only field refuses its record
    alone. Records that share a key in one upsert are all refused with `DUPLICATE_VALUE`. The reply to a JWT bearer
    request has no `issued_at` and no `signature`. Each record of a collections call must name its type. A JSON error's
    line and column are always 1. Tokens end at a fixed time after they were issued. The error codes of composite calls
    that are refused whole. A text that is a reference alone keeps the JSON type of its value. A CSV row with more cells
    than the header fails alone, with fewer it is filled up; a repeated column fails its job. Files of results come with
    204 while a job is at work. Search finds whole words, and the parts of an e-mail address are words. A lookup to a
    deleted record is emptied without a trace in time stamps. A merge's master may take unique values of its losers. A
    person's contact can be written, and the account shows it. Which field an event without a duration lacks. Validation
    and duplicate rules hold for clients and for the page, not for seeds; a duplicate rule matches whole values. An
    administrator's reset takes custom objects away. A page of a query shows its records as they are when it is fetched.

Not emulated
    SOAP, Bulk API 1.0, PK chunking, SOSL and metadata; sharing, object permissions and what profiles allow;
    triggers and formula fields; record types; price books, and amounts of opportunities that follow their products;
    recurring events; currencies. In queries: TYPEOF, FIELDS(), aliases of objects, geolocation, roll-ups (GROUP BY
    ROLLUP, CUBE) and functions of dates.
"""

from crosswalk_sandbox.faults import FaultOrder
from crosswalk_sandbox.salesforce.administration import administration_routes
from crosswalk_sandbox.salesforce.app import create_app
from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused
from crosswalk_sandbox.salesforce.org import Org

__all__ = ["ApiError", "FaultOrder", "Org", "RecordRefused", "administration_routes", "create_app"]
