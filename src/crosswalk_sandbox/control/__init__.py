"""The control API: what tests, the demo and the pages use to look into the sandbox and to trouble it.

Start with `app`, which gives each tenant and org its calls: those of a tenant are in `tenant_calls`, those of an org in
`org_calls`, both lists of method, path and endpoint. Further lists, such as `salesforce.administration_routes`, are
added there.
"""

from crosswalk_sandbox.control.app import create_app
from crosswalk_sandbox.control.fleet_calls import fleet_calls
from crosswalk_sandbox.control.orders import OrgSettings, TenantSettings
from crosswalk_sandbox.control.org_calls import org_calls
from crosswalk_sandbox.control.tenant_calls import tenant_calls

__all__ = ["OrgSettings", "TenantSettings", "create_app", "fleet_calls", "org_calls", "tenant_calls"]
