"""A site's FHIR servers: clients, credentials, keys, and pinned write strategies."""
