"""A local Auth0 tenant and Salesforce org for demos and tests. Imports nothing from `crosswalk`."""
