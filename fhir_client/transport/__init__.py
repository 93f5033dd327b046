"""HTTP with a FHIR server: sessions, TLS, external files, exact JSON, and responses."""
