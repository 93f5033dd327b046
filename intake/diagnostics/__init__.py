"""What `intake check` and the write test find out about a FHIR server."""
