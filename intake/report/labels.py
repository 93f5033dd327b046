"""The report's labels for elements, states, metrics and reasons."""

from intake.report.values import Edition, MissingPart

ELEMENT_LABELS = {
    "race": "Race",
    "ethnicity": "Ethnicity",
    "spoken-language": "Spoken language",
    "written-language": "Written language",
    "interpreter": "Interpreter",
}

STATE_LABELS = {
    "self": "Patient answered",
    "proxy": "Someone answered for the patient",
    "source-unknown": "On file, source not known",
    "declined": "Declined",
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
    "declined-as-complete": "Complete, with declined counted as complete",
    "declined-as-incomplete": "Complete, with declined counted as incomplete",
    "known-1997": "Known by the 1997 standard (a Hispanic answer alone leaves race missing)",
    "direct-1997": "Direct self-report by the 1997 standard",
    "detailed": "Detailed, of known",
    "current": "Current, of known",
    "stale": "Out of date, of known",
    "declined-later": "Declined later, of known",
    "reason-unknown": "Asked, reason unknown, of does not know",
    "verified": "Verified in the EHR, of answered or declined",
    "changed": "Changed from the earlier chart value, of verified",
}

TOGETHER_LABELS = {
    "known": "Race, ethnicity and spoken language all known",
    "direct": "All three by direct self-report",
    "known-with-interpreter": "All three known, and the interpreter unless English",
}

EXCLUSION_LABELS = {
    "status-unknown": "Encounters with status unknown",
    "status-not-qualifying": "Encounters with another status, such as planned or cancelled",
    "no-start-date": "Encounters without a start date",
    "no-clinic": "Encounters outside the clinics of this report",
    "no-patient": "Encounters whose patient is not in the data",
    "merge-unresolved": "Patients whose merged record cannot be followed",
    "test-patient": "Test patients",
}

ALL_CLINICS = "All clinics"

EDITION_NAMES = {Edition.INTERNAL: "Internal, exact", Edition.SHARE: "To share, rounded"}

EDITION_LABELS = {
    Edition.INTERNAL: "Internal edition: small counts, not for sharing",
    Edition.SHARE: "Edition to share: rounded, need not sum",
}

INTERNAL_NOTES = (
    "This edition has exact, small counts. It is for the clinic's own quality work only.",
)

SHARE_NOTES = (
    "A count from 1 to 10 shows as <11.",
    "Any other count shows the middle of its bin of five: 11 to 15 shows 13.",
    "A count is withheld if a reader could work out a hidden count from it; asked and gap always.",
    "Percentages come from the shown counts. A share of fewer than 30 people is withheld.",
)

NOTES = (
    "A patient seen at two clinics counts once in each row and once in the total.",
    "For that reason the rows need not sum to the total.",
    "Ranges are 95 % Wilson intervals.",
)

PLACEHOLDER_LABELS = {
    "declined": "counted as declined",
    "unknown": "counted as does not know",
    "not-asked": "counted as not asked",
    "unusable": "counted as not usable",
    "invisible": "counted as not usable",
}
NO_VISIBLE_TEXT = "(no visible text)"


def describe_missing(part: MissingPart) -> str:
    """Return one sentence, without its full stop, that says what is missing."""
    if not part.kind:
        return f"The folder {part.file} is not complete: {part.cause}"
    return (
        f"{part.file} cannot be read beyond line {part.lines} ({part.cause}):"
        f" every {part.kind} after that is missing"
    )


def list_notes(edition: Edition) -> tuple[str, ...]:
    """Return the sentences that say how to read the edition."""
    return (*(SHARE_NOTES if edition is Edition.SHARE else INTERNAL_NOTES), *NOTES)
