"""The searches can be built before the first patient searches."""

from intake.patient import searches
from intake.settings import load_settings


def test_prepares_every_search_of_a_question_set() -> None:
    builders = (searches.race_search, searches.language_search, searches.tribe_search)
    for builder in builders:
        builder.cache_clear()
    searches.prepare_searches(load_settings().question_sets["spd15-2024-tribal"])
    built = [builder.cache_info().currsize for builder in builders]
    assert built == [1, 1, 1]
