"""Short ways to write down the properties of a request body, for the tables of this package."""

from __future__ import annotations

from crosswalk_sandbox.auth0.schema import Property

Properties = dict[str, Property]


def texts(*names: str, longest: int | None = None) -> Properties:
    """Return properties that are strings or null."""
    return {name: Property(str, f"The value of {name}", nullable=True, max_length=longest) for name in names}


def flags(*names: str) -> Properties:
    """Return properties that are booleans or null."""
    return {name: Property(bool, f"Whether {name} is on", nullable=True) for name in names}


def numbers(*names: str) -> Properties:
    """Return properties that are numbers or null."""
    return {name: Property(float, f"The number of {name}", nullable=True) for name in names}


def whole_numbers(*names: str) -> Properties:
    """Return properties that are whole numbers or null."""
    return {name: Property(int, f"The number of {name}", nullable=True) for name in names}


def lists(*names: str) -> Properties:
    """Return properties that are arrays or null."""
    return {name: Property(list, f"The list of {name}", nullable=True) for name in names}


def objects(*names: str) -> Properties:
    """Return properties that are objects or null."""
    return {name: Property(dict, f"The settings of {name}", nullable=True) for name in names}


def choice(name: str, *values: str) -> Properties:
    """Return a property that is one of `values`, or null."""
    return {name: Property(str, f"The kind of {name}", nullable=True, choices=values)}
