"""The admin API of links: which one a user or a record has, and forgetting it."""

from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from crosswalk.engine.forgetting_links import (
    LONGEST_REASON,
    ForgettableLink,
    LinkForgetter,
    UnknownLink,
)
from crosswalk.engine.held_lanes import LanesBusy
from crosswalk.engine.noted import LONGEST_NAME

Who: TypeAlias = Annotated[
    str, Query(min_length=1, max_length=300, description="An Auth0 user id, or the id of a record.")
]
OfSync: TypeAlias = Annotated[
    str | None, Query(max_length=300, description="The sync, where several have a link of it.")
]


class LinkRefused(BaseModel):
    """Why no link was shown or forgotten."""

    detail: str


class LinkAnswer(BaseModel):
    """A link."""

    sync: str
    user_id: str
    object: str
    record_id: str
    evidence: Annotated[str, Field(description="Why the two were linked: a match rule, `created`, a person.")]
    found_again_by: Annotated[
        str,
        Field(
            description="The field in which the record carries the user’s id, by which it is found again unless it is "
            "emptied; empty where it carries none."
        ),
    ]

    @classmethod
    def of(cls, found: ForgettableLink) -> "LinkAnswer":
        """Answer with a link."""
        return cls(
            sync=found.sync,
            user_id=found.link.user_id,
            object=found.link.record.object,
            record_id=found.link.record.id,
            evidence=found.link.evidence,
            found_again_by=found.found_again_by,
        )


class ForgetOrder(BaseModel):
    """Which link to forget."""

    who: Annotated[str, Field(min_length=1, max_length=300, description="A user id, or the id of a record.")]
    sync: Annotated[str | None, Field(max_length=300, description="The sync, where several have a link of it.")] = None
    by: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Who orders it; it is noted.")] = (
        "admin API"
    )
    reason: Annotated[str, Field(max_length=LONGEST_REASON, description="Why; it is noted.")] = ""


def add_links(router: APIRouter, forgetter: LinkForgetter) -> None:
    """Add the routes of links to the admin API."""
    unknown: dict[int | str, dict[str, Any]] = {
        404: {"model": LinkRefused, "description": "There is no such link, or several: the message says which."}
    }

    @router.get("/links", summary="The link of a user or of a record", responses=unknown)
    async def look(who: Who, sync: OfSync = None) -> LinkAnswer:
        try:
            return LinkAnswer.of(await forgetter.find(_storable(who), sync))
        except UnknownLink as error:
            raise HTTPException(404, str(error)) from error

    @router.post(
        "/links/forget",
        summary="Forget a link; its user is matched anew",
        responses={
            **unknown,
            400: {"model": LinkRefused, "description": "The body is no JSON."},
            409: {"model": LinkRefused, "description": "The sync is too busy. Nothing was forgotten."},
        },
    )
    async def forget(order: ForgetOrder) -> LinkAnswer:
        try:
            found = await forgetter.forget(
                _storable(order.who), _storable(order.by), order.sync, _storable(order.reason)
            )
        except UnknownLink as error:
            raise HTTPException(404, str(error)) from error
        except LanesBusy as error:
            raise HTTPException(409, str(error)) from error
        return LinkAnswer.of(found)


def _storable(text: str) -> str:
    """The text without NUL, which PostgreSQL's texts cannot hold."""
    return text.replace("\0", "")
