"""Crosswalk keeps Auth0 identities and Salesforce records in step.

Start reading at `crosswalk.reconcile`: one pure function turns what both sides have into a plan.
"""

from importlib.metadata import version

__version__ = version("crosswalk")
