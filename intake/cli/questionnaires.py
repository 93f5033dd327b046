"""`intake questionnaires`: the question sets as FHIR Questionnaires, printed or published on the FHIR servers."""

import argparse
from collections.abc import Iterable
from typing import Any

from intake.cli.site import NotReadyError, print_message
from intake.questions import QuestionSet
from intake.settings import Server, Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    what = parser.add_subparsers(dest="what", required=True)
    printing = what.add_parser("print", help="print one question set's Questionnaire")
    printing.add_argument(
        "--language",
        metavar="TAG",
        help="flattened into this language, without translation extensions",
    )
    publishing = what.add_parser(
        "publish", help="create or update the Questionnaires on the FHIR servers"
    )
    publishing.add_argument(
        "--server", metavar="ID", help="this FHIR server only, as in intake.toml"
    )
    for each, default in ((printing, "the site's own"), (publishing, "all of them")):
        each.add_argument("--set", metavar="ID", help=f"the question set; else {default}")


def run(args: argparse.Namespace) -> int:
    """Print or publish."""
    from intake.settings import load_settings

    settings = load_settings()
    return _print(args, settings) if args.what == "print" else _publish(args, settings)


def _print(args: argparse.Namespace, settings: Settings) -> int:
    from fhir_client.transport import exact_json
    from fhir_client.uscore.questionnaire import flatten_translations

    [questions] = _sets(args.set or settings.question_set.id, settings)
    found = _questionnaire(questions, settings)
    if args.language is not None:
        if args.language not in settings.languages:
            raise NotReadyError(
                f"'{args.language}' is not offered here; intake.toml has {', '.join(settings.languages)}."
            )
        found = flatten_translations(found, args.language)
    print(exact_json.format_json(found, indent=2))
    return 0


def _publish(args: argparse.Namespace, settings: Settings) -> int:
    made = [_questionnaire(each, settings) for each in _sets(args.set, settings)]
    done = [_published(server, made) for server in _servers(args.server, settings)]
    return 0 if all(done) else 1


def _published(server: Server, made: Iterable[dict[str, Any]]) -> bool:
    """Publish on one server and say what was done; returns whether it all was."""
    from fhir_client.errors import FhirError
    from fhir_client.write.publication import publish_questionnaire
    from intake.ehr.clients import build_client

    try:
        with build_client(server) as client:
            for each in made:
                print(
                    f"{server.id}: {publish_questionnaire(client, each)} {each['url']}|{each['version']}",
                    flush=True,
                )
    except FhirError as error:
        print_message(f"{server.id}: {error.message}")
        return False
    return True


def _questionnaire(questions: QuestionSet, settings: Settings) -> dict[str, Any]:
    """Return the Questionnaire in every offered language; raises NotReady where one of them is not whole."""
    from fhir_client.uscore.questionnaire import build_questionnaire
    from intake.i18n import lint
    from intake.mapping.questionnaires import build_form, form_messages

    for tag in settings.languages:
        if faults := lint.find_language_faults(tag, form_messages(questions)):
            raise NotReadyError(
                f"{tag} is not whole: {faults[0]}. `intake i18n check {tag}` names every fault."
            )
    return build_questionnaire(build_form(questions, settings.languages))


def _sets(named: str | None, settings: Settings) -> list[QuestionSet]:
    if named is None:
        return list(settings.question_sets.values())
    if named not in settings.question_sets:
        raise NotReadyError(
            f"There is no question set '{named}'; there are {', '.join(settings.question_sets)}."
        )
    return [settings.question_sets[named]]


def _servers(named: str | None, settings: Settings) -> list[Server]:
    if named is None:
        return list(settings.servers.values())
    if named not in settings.servers:
        raise NotReadyError(
            f"There is no FHIR server '{named}' in intake.toml; there are {', '.join(settings.servers)}."
        )
    return [settings.servers[named]]
