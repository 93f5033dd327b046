"""From answers to a FHIR statement, and from question sets to FHIR Questionnaires."""
