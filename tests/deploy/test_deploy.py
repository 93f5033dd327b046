"""The deployment files agree with the application: limits, headers, paths, reasons, commands."""

import re
from configparser import RawConfigParser

import pytest

from intake import i18n
from intake.app import LARGEST_BODY
from intake.cli import COMMANDS
from intake.pages import addresses, errors, headers
from intake.shipped import CONFIG
from intake.store.outbox.held_reasons import HeldReason

DEPLOY = CONFIG / "deploy"
README = (DEPLOY / "README.md").read_text("utf-8")
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")
CADDY = (DEPLOY / "Caddyfile").read_text("utf-8")


@pytest.mark.parametrize("text", [NGINX, CADDY], ids=["nginx", "caddy"])
def test_configures_proxies_like_the_application(text: str) -> None:
    assert f'"{headers.HSTS}"' in text
    assert re.search(rf"{LARGEST_BODY // 1024}\s?K", text, re.IGNORECASE)
    assert "/unavailable.html" in text


def test_keeps_tokens_out_of_nginx_logs() -> None:
    masked = re.findall(r"~\^(/\S+?)/\s+\1/-;", NGINX)
    assert masked == [addresses.LINK_PATH, addresses.SIGN_IN_PATH]
    [logged] = re.findall(r"log_format intake '([^']*)'", NGINX)
    assert not {"$request", "$request_uri", "$uri", "$http_referer", "$remote_addr"} & set(
        logged.split()
    )


def test_replaces_a_visitors_forwarding_headers_in_nginx() -> None:
    assert set(re.findall(r"proxy_set_header X-Forwarded-(\w+) \$(\w+);", NGINX)) == {
        ("For", "remote_addr"),
        ("Proto", "scheme"),
        ("Host", "host"),
    }


@pytest.mark.parametrize("tag", ["en", "es", "ar"])
def test_uses_the_catalogs_words_on_the_unavailable_page(tag: str) -> None:
    page = (DEPLOY / "unavailable.html").read_text("utf-8")
    section = re.search(
        rf'<section lang="{tag}" dir="{i18n.find_locale(tag).direction}">(.*?)</section>',
        page,
        re.DOTALL,
    )
    assert section is not None
    assert re.findall(r">([^<>]+)</", section[1]) == [
        i18n.load_translator(tag).gettext(words) for words in errors.PATIENT_WORDS[500]
    ]


@pytest.mark.parametrize(
    ("name", "command"),
    [("intake", "serve"), ("intake-web", "web"), ("intake-worker", "worker")],
    ids=["serve", "web", "worker"],
)
def test_runs_a_real_command_in_each_unit(name: str, command: str) -> None:
    unit = RawConfigParser(strict=False)
    unit.read(DEPLOY / f"{name}.service", "utf-8")
    assert unit["Service"]["ExecStart"].split()[1] == command
    assert command in COMMANDS
    assert unit["Service"]["Restart"] == "on-failure"


def test_confines_every_unit_alike() -> None:
    def confined(name: str) -> list[str]:
        lines = (DEPLOY / f"{name}.service").read_text("utf-8").splitlines()
        return [
            line
            for line in lines
            if line.startswith(
                ("User", "Protect", "Private", "Restrict", "SystemCall", "No", "Cap")
            )
        ]

    assert confined("intake") == confined("intake-web") == confined("intake-worker")
    assert len(confined("intake")) > 15


def test_names_only_real_commands() -> None:
    named = set(re.findall(r"\b(?:run|`intake) (\w+)", README)) - {"as"}
    assert {"check", "migrate", "keys", "users", "devices", "submissions"} <= named <= set(COMMANDS)


def test_explains_every_held_reason() -> None:
    reasons = {reason.value for reason in HeldReason}
    first_cells = "".join(re.findall(r"^\| (.*?) \|", README, re.MULTILINE))
    explained = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", first_cells))
    assert reasons <= explained
