"""Looks at FHIR servers as the worker will use them: reads only, and never shows whom they know."""
