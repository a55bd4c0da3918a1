"""`/sandbox-controls` of each tenant and org: its state, seeds, clock, faults and reset for people, in a browser.

The same as the control API, on the vendor's own address but before its front door, so that a page that ends an outage
is never out itself. May import the fleet. Start with `routes`; `forms` is what each form does, `page` what is shown.
"""

from crosswalk_sandbox.controls.routes import PATH, with_controls

__all__ = ["PATH", "with_controls"]
