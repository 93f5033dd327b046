"""A clinic to try: a FHIR server, people in it, pages and worker, all on this machine."""
