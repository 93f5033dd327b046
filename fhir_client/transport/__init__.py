"""HTTP with a FHIR server: session, TLS, addresses, responses and exact JSON; knows no profile."""
