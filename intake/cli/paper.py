"""`intake paper`: prints the paper sheet of a question set in one language."""

import argparse
from pathlib import Path

from intake.cli.site import NotReadyError, find_question_set, require_offered_language
from intake.i18n import lint
from intake.patient.paper import render_sheet
from intake.questions import QuestionSet, question_texts
from intake.settings import Settings, load_settings
from intake.shipped import PDF_HINT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--language", default="en", metavar="TAG", help="default: en")
    parser.add_argument("--set", metavar="ID", help="the question set; default: the site's own")
    parser.add_argument("--clinic", metavar="ID", help="the clinic in the head of the sheet")
    parser.add_argument(
        "--pdf",
        type=Path,
        metavar="FILE",
        help="write a PDF file; without it, the sheet is printed as HTML",
    )


def run(args: argparse.Namespace) -> int:
    """Print the sheet, or write it as PDF."""
    settings = load_settings()
    question_set = find_question_set(settings, args.set) if args.set else settings.question_set
    require_offered_language(settings, args.language)
    _require_translation(args.language, question_set)
    sheet = render_sheet(question_set, args.language, settings, _clinic_name(args.clinic, settings))
    if args.pdf is None:
        print(sheet)
        return 0
    _write_pdf(sheet, args.pdf)
    return 0


def _require_translation(tag: str, question_set: QuestionSet) -> None:
    """Raise NotReadyError unless the language has every text of the sheet."""
    if faults := lint.find_language_faults(
        tag, {text.message for text in question_texts(question_set)}
    ):
        raise NotReadyError(f"{tag} is not complete: {faults[0]}")


def _clinic_name(clinic_id: str | None, settings: Settings) -> str:
    if clinic_id is None:
        return ""
    if clinic_id not in settings.clinics:
        raise NotReadyError(
            f"There is no clinic '{clinic_id}'; there are {', '.join(settings.clinics)}."
        )
    return settings.clinics[clinic_id].name


def _write_pdf(sheet: str, path: Path) -> None:
    try:
        # Optional, and large: only this option needs it.
        from weasyprint import HTML
    except (ImportError, OSError):
        raise NotReadyError(
            f"{PDF_HINT} Or open the HTML sheet in a browser and print it from there."
        ) from None
    HTML(string=sheet).write_pdf(path)
