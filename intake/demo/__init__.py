"""A clinic to try: a FHIR server, invented people, pages and worker, all on this machine."""
