"""`intake questionnaires`: prints or publishes the question sets as FHIR Questionnaires."""

import argparse
from collections.abc import Iterable
from typing import Any

from fhir_client.errors import FhirError
from fhir_client.transport import exact_json
from fhir_client.uscore.questionnaire import build_questionnaire, flatten_translations
from fhir_client.write.publication import publish_questionnaire
from intake.cli.output import print_message
from intake.cli.site import (
    NotReadyError,
    find_question_set,
    find_server,
    offered_languages,
    require_offered_language,
)
from intake.ehr.clients import build_client
from intake.i18n import lint
from intake.mapping.questionnaires import build_form, form_messages
from intake.questions import QuestionSet
from intake.settings import Server, Settings, load_settings, load_site_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True)
    print_parser = actions.add_parser("print", help="print one question set's Questionnaire")
    print_parser.add_argument(
        "--language",
        metavar="TAG",
        help="flattened into this language, without translation extensions",
    )
    publish_parser = actions.add_parser(
        "publish", help="create or update the Questionnaires on the FHIR servers"
    )
    publish_parser.add_argument(
        "--server", metavar="ID", help="only this FHIR server, as in intake.toml"
    )
    for action, default in ((print_parser, "the site's own"), (publish_parser, "all of them")):
        action.add_argument("--set", metavar="ID", help=f"the question set; default: {default}")


def run(args: argparse.Namespace) -> int:
    """Print or publish."""
    if args.action == "print":
        return _print_questionnaire(args, load_settings())
    return _publish_all(args, load_site_settings())


def _print_questionnaire(args: argparse.Namespace, settings: Settings) -> int:
    [question_set] = _select_sets(args.set or settings.question_set.id, settings)
    questionnaire = _build_translated(question_set, settings)
    if args.language is not None:
        require_offered_language(settings, args.language)
        questionnaire = flatten_translations(questionnaire, args.language)
    # Indentation would double the size, and the readers are programs.
    print(exact_json.format_json(questionnaire, indent=0))
    return 0


def _publish_all(args: argparse.Namespace, settings: Settings) -> int:
    # All of them are built before the first is sent: an incomplete language publishes nothing.
    questionnaires = [
        _build_translated(question_set, settings)
        for question_set in _select_sets(args.set, settings)
    ]
    servers = (
        [find_server(settings, args.server)] if args.server else list(settings.servers.values())
    )
    results = [_publish_to_server(server, questionnaires) for server in servers]
    return 0 if all(results) else 1


def _publish_to_server(server: Server, questionnaires: Iterable[dict[str, Any]]) -> bool:
    """Publish to one server and print each result; returns whether all succeeded."""
    try:
        with build_client(server) as client:
            for questionnaire in questionnaires:
                result = publish_questionnaire(client, questionnaire)
                canonical = f"{questionnaire['url']}|{questionnaire['version']}"
                print(f"{server.id}: {result} {canonical}", flush=True)
    except FhirError as error:
        print_message(f"{server.id}: {error.message}")
        return False
    return True


def _build_translated(question_set: QuestionSet, settings: Settings) -> dict[str, Any]:
    """Return the Questionnaire in every offered language; raises NotReadyError."""
    tags = offered_languages(settings)
    for tag in tags:
        if faults := lint.find_language_faults(tag, form_messages(question_set)):
            raise NotReadyError(
                f"{tag} is not complete: {faults[0]}. `intake i18n check {tag}` names every fault."
            )
    return build_questionnaire(build_form(question_set, tags))


def _select_sets(set_id: str | None, settings: Settings) -> list[QuestionSet]:
    """Return the named question set, else all of them; raises NotReadyError."""
    if set_id is None:
        return list(settings.question_sets.values())
    return [find_question_set(settings, set_id)]
