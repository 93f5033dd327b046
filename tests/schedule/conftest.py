"""Fixtures of the schedule's tests: a server with appointments, and a site at it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from intake.settings import Clinic, Settings
from tests.support.schedule_server import ScheduleServer
from tests.support.sites import TestSite
from tests.support.stub_server import StubResponse, run_stub_server


@pytest.fixture
def schedule_server() -> Iterator[ScheduleServer]:
    with run_stub_server(lambda _: StubResponse(404)) as server:
        schedule_server = ScheduleServer(server)
        server.respond = schedule_server.respond
        yield schedule_server


@pytest.fixture
def settings(pages: TestSite, schedule_server: ScheduleServer) -> Settings:
    """The site's settings, with one clinic at the server of the test."""
    site_settings: Settings = pages.settings
    servers = {"main": replace(site_settings.servers["main"], base_url=schedule_server.base_url)}
    return replace(
        site_settings, servers=servers, clinics={"riverside": site_settings.clinics["riverside"]}
    )


@pytest.fixture
def clinic(settings: Settings) -> Clinic:
    return settings.clinics["riverside"]
