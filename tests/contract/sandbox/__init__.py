"""The sandbox as a whole: many tenants and orgs, seeds, the pytest plugin."""
