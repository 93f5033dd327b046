"""Writes a statement to a FHIR server by a write strategy, reads it back and undoes it."""
