"""Plans in a file, to be looked at and carried out later: one JSON object a line.

The first line names the sync and its definition, each further one holds a plan with the state of both sides that it
follows from, and the last one says how many there are, so that a file that was cut off is noticed.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.erasure import ErasurePolicy
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Plan
from crosswalk.domain.quarantine import LoopLimits
from crosswalk.domain.threshold import Thresholds
from crosswalk.engine.previewing import Preview
from crosswalk.reconcile.kinds import fingerprint_of

FORMAT = 1
LINES_AT_ONCE = 500


class BadPlanFile(CrosswalkError):
    """A file is no saved plan, or only a part of one."""


class Basis(StrEnum):
    """Where the state of the users was taken from: it is taken from there again before anything is written."""

    LIVE = "live"
    REPLICA = "replica"


class Header(Struct, frozen=True, tag="plan_file"):
    """The first line: the form of the file, which sync by which definition, and when the plans were made (UTC)."""

    format: int
    sync: str
    definition: str
    basis: Basis
    made_at: datetime


class SavedPlan(Struct, frozen=True, tag="plan"):
    """One plan, with what tells whether the world has moved since.

    Parameters
    ----------
    version
        The user's `updated_at`.
    link
        A digest of the record's replica and the base; empty where there was no link.
    fingerprint
        Of what is written.
    """

    version: str
    link: str
    fingerprint: str
    plan: Plan


class Footer(Struct, frozen=True, tag="end"):
    """The last line: how many plans there are."""

    plans: int


_decoder: msgspec.json.Decoder[Header | SavedPlan | Footer] = msgspec.json.Decoder(Header | SavedPlan | Footer)


def definition_digest(definition: SyncDefinition) -> str:
    """A digest of everything in a sync's definition that plans depend on; the lines it is written on do not count."""
    relevant = replace(
        definition, lanes=1, linger_ms=0, longest_linger_ms=0, thresholds=Thresholds(), loops=LoopLimits()
    )
    relevant = replace(relevant, on_erasure=ErasurePolicy())
    return _digest(_without_places(msgspec.to_builtins(relevant)))


def link_digest(link: Link | None) -> str:
    """A digest of the record's replica and the base; empty where there is no link."""
    if link is None:
        return ""
    return _digest((link.record.object, link.record.id, dict(link.record.fields), dict(link.base)))


def save(preview: Preview) -> SavedPlan:
    """A plan as it stands in a file."""
    return SavedPlan(
        preview.identity.version.updated_at, link_digest(preview.link), fingerprint_of(preview.plan), preview.plan
    )


class PlanFile:
    """Writes a file of plans; complete only once it was closed by `end`."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = file
        self._plans = 0
        self._write(header)

    def add(self, preview: Preview) -> None:
        """Write one plan."""
        self._plans += 1
        self._write(save(preview))

    def end(self) -> None:
        """Write the last line."""
        self._write(Footer(self._plans))

    def _write(self, line: Header | SavedPlan | Footer) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")


def read_header(path: Path) -> Header:
    """The first line of a file of plans, after a look at all others.

    Raises
    ------
    BadPlanFile
        It is no such file, or not all of it is there.
    """
    with path.open("rb") as file:
        header = _line(path, 1, file.readline())
        if not isinstance(header, Header) or header.format != FORMAT:
            raise BadPlanFile(f"{path} is no file of `crosswalk plan --out`, or one of another version")
        plans, last = 0, None
        for number, text in enumerate(file, 2):
            last = _line(path, number, text)
            plans += isinstance(last, SavedPlan)
    if not isinstance(last, Footer) or last.plans != plans:
        raise BadPlanFile(f"{path} is not complete: {plans} plans and no end; save the plans again")
    return header


def read_plans(path: Path) -> Iterator[list[SavedPlan]]:
    """The plans of a file, five hundred at a time."""
    batch: list[SavedPlan] = []
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            line = _line(path, number, text)
            if isinstance(line, SavedPlan):
                batch.append(line)
            if len(batch) == LINES_AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch


def _line(path: Path, number: int, text: bytes) -> Header | SavedPlan | Footer:
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise BadPlanFile(f"{path}:{number} is no line of `crosswalk plan --out`: {error}") from None


def _digest(value: object) -> str:
    return hashlib.blake2b(msgspec.json.encode(value, order="sorted"), digest_size=16).hexdigest()


def _without_places(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_places(each) for key, each in value.items() if key not in ("place", "filter_place")}
    return [_without_places(each) for each in value] if isinstance(value, list | tuple) else value
