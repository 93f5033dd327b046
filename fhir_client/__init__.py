"""Writes a patient's own answers to a FHIR R4 server, as US Core asks."""
