"""Jobs: imports and exports of users and verification e-mails, which the tenant works off beside its requests.

`store` holds the jobs and runs them; `imports`, `password_hashes` and `exports` know the formats of the files. May
import the tenant's other modules.
"""
