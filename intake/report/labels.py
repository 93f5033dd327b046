"""The report's words: what elements, states, metrics and reasons are called for people."""

ELEMENT_LABELS = {
    "race": "Race",
    "ethnicity": "Ethnicity",
    "spoken-language": "Spoken language",
    "written-language": "Written language",
    "interpreter": "Interpreter",
}

STATE_LABELS = {
    "self": "Patient said",
    "proxy": "Someone answered for them",
    "source-unknown": "On file, source not known",
    "declined": "Chose not to say",
    "dont-know": "Does not know",
    "not-asked": "Not asked",
    "unusable": "Not usable",
}

METRIC_LABELS = {
    "direct": "Direct self-report",
    "known": "Known",
    "asked": "Asked",
    "decline": "Declined, of those asked",
    "gap": "Gap",
    "gap-dont-know": "Gap: does not know",
    "gap-not-asked": "Gap: not asked",
    "gap-unusable": "Gap: not usable",
    "declined-as-complete": "Complete, declined counted as complete",
    "declined-as-incomplete": "Complete, declined counted as not complete",
    "known-1997": "Known, read as in 1997 (a Hispanic answer alone leaves race missing)",
    "direct-1997": "Direct self-report, read as in 1997",
    "detailed": "Detailed, of known",
    "current": "Current, of known",
    "stale": "Out of date, of known",
    "declined-later": "Declined since, of known",
    "reason-unknown": "Asked, reason not known, of does not know",
    "verified": "Checked in the health record, of answered or declined",
}

TOGETHER_LABELS = {
    "known": "Race, ethnicity and spoken language all known",
    "direct": "All three by direct self-report",
    "known-with-interpreter": "All three known, and interpreter where the language is not English",
}

EXCLUSION_LABELS = {
    "status-unknown": "Encounters with status unknown",
    "status-not-qualifying": "Encounters cancelled, planned, entered in error or of another status",
    "no-start-date": "Encounters without a start date",
    "no-clinic": "Encounters at no clinic of this report",
    "no-patient": "Encounters whose patient is not in the data",
    "merge-unresolved": "Patients whose merged record leads nowhere",
    "test-patient": "Test patients",
}

ALL_CLINICS = "All clinics"

NOTES = (
    "A count from 1 to 10 shows as <11. Other counts are withheld where they would give a hidden one away.",
    "A share is withheld where fewer than 30 people are counted.",
    "A patient seen at two clinics counts once in each row and once in the total, so rows need not sum.",
    "Ranges are 95 % Wilson intervals.",
)
