"""What an object of the org looks like."""

from urllib.parse import quote

import msgspec

from crosswalk.connectors.base import ObjectDescription
from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.connectors.salesforce.transport import Transport

_decode = msgspec.json.Decoder(ObjectDescription).decode


async def describe(transport: Transport, object_name: str) -> ObjectDescription:
    """Return the description of one object.

    Raises
    ------
    CallRefused
        With code NOT_FOUND when the org has no such object, or the user may not see it.
    MalformedAnswer
        The answer is no description.
    """
    path = f"sobjects/{quote(object_name, safe='')}/describe"
    answer = await transport.send("GET", path)
    try:
        return _decode(answer)
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Salesforce", f"GET {path}", "an object description as JSON", "something else") from error
