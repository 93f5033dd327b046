"""The worker: claims submissions, writes them to their FHIR servers, reads them back, and fetches the schedule."""
