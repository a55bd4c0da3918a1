"""The Salesforce half of the sandbox, against the vendor's recorded traffic and an independent client."""
