"""Faults on order, for tenant and org alike: what shall go wrong, when, and a record of what did.

Start with `rules`, the form of an order, and `effects`, what can go wrong. `engine` decides call by call, from a seed
and the sandbox's clock alone: the same order of calls gets the same faults. `layer` applies its decisions to HTTP
calls, `orders` are the short orders for common troubles, `routes` the control API. Imports neither half of the sandbox:
what a vendor answers comes from its own half, through the protocol in `answers`.
"""

from crosswalk_sandbox.faults.answers import Answer, VendorAnswers
from crosswalk_sandbox.faults.deliveries import Fate, arranged
from crosswalk_sandbox.faults.engine import Call, Faults
from crosswalk_sandbox.faults.files import read_fault_rules
from crosswalk_sandbox.faults.layer import ABORT_EXTENSION, ConnectionDropped, FaultLayer
from crosswalk_sandbox.faults.log import InjectedFault
from crosswalk_sandbox.faults.orders import FaultOrder
from crosswalk_sandbox.faults.routes import fault_routes, fleet_fault_routes, set_plan
from crosswalk_sandbox.faults.rules import FaultPlan, FaultRule, Match, When

__all__ = [
    "ABORT_EXTENSION",
    "Answer",
    "Call",
    "ConnectionDropped",
    "Fate",
    "FaultLayer",
    "FaultOrder",
    "FaultPlan",
    "FaultRule",
    "Faults",
    "InjectedFault",
    "Match",
    "VendorAnswers",
    "When",
    "arranged",
    "fault_routes",
    "fleet_fault_routes",
    "read_fault_rules",
    "set_plan",
]
