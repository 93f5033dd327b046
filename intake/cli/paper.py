"""`intake paper`: prints the paper sheet of a question set in one language."""

import argparse
from pathlib import Path

from intake.cli.site import NotReadyError
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
    question_set = _find_set(args.set, settings)
    _require_language(args.language, question_set, settings)
    sheet = render_sheet(question_set, args.language, settings, _clinic_name(args.clinic, settings))
    if args.pdf is None:
        print(sheet)
        return 0
    _write_pdf(sheet, args.pdf)
    return 0


def _find_set(set_id: str | None, settings: Settings) -> QuestionSet:
    if set_id is not None and set_id not in settings.question_sets:
        raise NotReadyError(
            f"There is no question set '{set_id}'; there are {', '.join(settings.question_sets)}."
        )
    return settings.question_sets[set_id] if set_id else settings.question_set


def _require_language(tag: str, question_set: QuestionSet, settings: Settings) -> None:
    """Raise NotReadyError unless the site offers the language and it is complete."""
    if tag not in settings.languages:
        raise NotReadyError(
            f"'{tag}' is not offered here; intake.toml has {', '.join(settings.languages)}."
        )
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
