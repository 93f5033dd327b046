"""HTTP with a FHIR server; this room knows no profile."""
