"""What `crosswalk plan` prints: each plan as it comes, and at the end how many of what."""

import sys

import msgspec

from crosswalk.cli.output import print_json
from crosswalk.cli.plan_text import difference_as_text, plan_as_text
from crosswalk.cli.progress import Progress
from crosswalk.cli.summary_text import summary_as_text, totals
from crosswalk.engine.previewing import Preview
from crosswalk.reconcile.difference import Difference, difference
from crosswalk.reconcile.summary import Summary


class PlanReport:
    """Prints plans and counts them; its memory does not grow with their number.

    Parameters
    ----------
    details
        Whether each plan is printed, or the summary alone.
    as_json
        With details one JSON object a line, otherwise one JSON object.
    """

    def __init__(self, *, details: bool, as_json: bool) -> None:
        self._details = details
        self._as_json = as_json
        self._summary = Summary()
        self._seen = 0
        self._withdrawn = 0
        self._compared = False
        self._progress = Progress("identities planned")

    @property
    def with_writes(self) -> int:
        """How many identities have something to write."""
        return self._summary.with_writes

    def add(self, preview: Preview) -> None:
        """Take in one plan, and print it where details are wanted."""
        self._seen += 1
        self._progress.at(self._seen)
        if preview.before is None:
            self._summary.add(preview.plan)
            if self._details:
                self._print(msgspec.json.encode(preview.plan) if self._as_json else plan_as_text(preview.plan))
            return
        self._compared = True
        found = difference(preview.before, preview.plan)
        if found is None:
            return
        self._summary.add(found.plan)
        self._withdrawn += len(found.withdrawn)
        if self._details:
            self._print(_as_json(found) if self._as_json else difference_as_text(found))

    def end(self) -> None:
        """Print what stands at the end."""
        self._progress.end()
        data = self._summary.data()
        if self._as_json:
            if not self._details:
                compared = {"planned": self._seen, "withdrawn": self._withdrawn} if self._compared else {}
                print_json({**msgspec.to_builtins(data), **compared})
            return
        self._print([totals(data)] if self._details else summary_as_text(data))
        if self._compared:
            self._print([f"of {self._seen:,} planned; {self._withdrawn:,} field writes would be made no more"])

    def _print(self, what: bytes | list[str]) -> None:
        text = what.decode() if isinstance(what, bytes) else "\n".join(what)
        sys.stdout.write(text + "\n")


def _as_json(found: Difference) -> bytes:
    plan = {**msgspec.to_builtins(found.plan), "withdrawn": msgspec.to_builtins(found.withdrawn)}
    return msgspec.json.encode(plan)
