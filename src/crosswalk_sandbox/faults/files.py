"""Rules from a file: a JSON object as `FaultPlan` describes it."""

from pathlib import Path

import msgspec

from crosswalk_sandbox.faults.rules import FaultPlan


def read_fault_rules(path: Path) -> FaultPlan:
    """Read a plan; each of its rules has to name its vendor.

    Raises
    ------
    ValueError
        When the file is no such plan, with the place and what was expected there.
    OSError
        When it cannot be read.
    """
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=FaultPlan)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    check_vendors(plan)
    return plan


def check_vendors(plan: FaultPlan) -> None:
    """Raise a `ValueError` for a rule that does not say whose calls it concerns."""
    for index, rule in enumerate(plan.rules):
        if rule.vendor is None:
            raise ValueError(
                f"rule {index + 1} names no vendor; add `auth0` or `salesforce` as `vendor` - at `$.rules[{index}]`"
            )
