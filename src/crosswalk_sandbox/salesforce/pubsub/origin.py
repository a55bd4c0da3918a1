"""Where a change came from, as `changeOrigin` tells it: the API, its version, and the client that the call names."""

import re
from contextvars import ContextVar

CHANGE_ORIGIN: ContextVar[str] = ContextVar("CHANGE_ORIGIN", default="")
"""The origin of the call that is being served."""

PAGE_ORIGIN = "com/salesforce/api/soap/62.0;client=SfdcInternalAPI/"
"""As recorded for changes that a person made."""

_VERSIONED = re.compile(r"/services/data/v(\d+\.\d)/(jobs/)?")
_CLIENT = re.compile(r"(?:^|[,;])\s*client\s*=\s*([^,;]+)")


def origin_of(path: str, call_options: str) -> str:
    """The origin of a call.

    Parameters
    ----------
    path
        Its path.
    call_options
        Its header `Sforce-Call-Options`, such as `client=crosswalk`; empty without one.
    """
    versioned = _VERSIONED.match(path)
    if versioned is None:
        return ""
    api = "bulkapi" if versioned.group(2) else "rest"
    client = _CLIENT.search(call_options)
    return f"com/salesforce/api/{api}/{versioned.group(1)}" + (f";client={client.group(1).strip()}" if client else "")
