"""Writes what a person says of themselves to a FHIR R4 server, as US Core asks; needs nothing of the application."""
