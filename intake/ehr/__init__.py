"""A site's FHIR servers: clients, credentials, keys, and the pinned write strategy."""
