"""What a request to the console asks for: the number in its address, the fields of its form, who sends it."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from crosswalk.engine.noted import LONGEST_NAME, in_one_line

MOST_FORM_BYTES = 16_384


def number_in_path(request: Request) -> int:
    """What is asked for by its number; no page is at what is none, or one that no table could have."""
    number = request.path_params["number"]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise HTTPException(404)
    return int(number)


async def form_field(request: Request, name: str) -> str:
    """One text field of a posted form; empty when it is missing."""
    if int(request.headers.get("content-length") or MOST_FORM_BYTES + 1) > MOST_FORM_BYTES:
        raise HTTPException(413, "The form is larger than any form of this console.")
    value = (await request.form(max_files=0, max_fields=10, max_part_size=MOST_FORM_BYTES)).get(name, "")
    return value if isinstance(value, str) else ""


async def line_of(request: Request, name: str) -> str:
    """One text field in one line."""
    return in_one_line(await form_field(request, name))


async def who(request: Request) -> str:
    """The name in the form; everybody here has the admin token, so it is as good as its giver."""
    return (await line_of(request, "by"))[:LONGEST_NAME] or "console"


def nothing_there(error: Exception) -> HTTPException:
    """The page that says what was not found, in the error's own words."""
    return HTTPException(404, f"{str(error)[:1].upper()}{str(error)[1:]}.")
