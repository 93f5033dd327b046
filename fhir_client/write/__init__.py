"""Writes a statement to a FHIR server, reads it back and undoes it."""
