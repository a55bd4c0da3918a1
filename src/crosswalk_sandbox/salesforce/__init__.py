"""One Salesforce org in memory, close enough that the vendor's clients cannot tell.

May import Starlette, msgspec and joserfc, and nothing of Crosswalk. Start with `org` (rows and the rules for writing
them); `app` serves it, `front_door` is what every call passes, `soql` is the query language. Facts about the vendor's
behaviour come from the recorded payloads under `data/`, recorded REST traffic, and the vendor's documentation.
"""

from crosswalk_sandbox.salesforce.app import create_app
from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused
from crosswalk_sandbox.salesforce.faults import FaultOrder
from crosswalk_sandbox.salesforce.org import Org

__all__ = ["ApiError", "FaultOrder", "Org", "RecordRefused", "create_app"]
