"""The codes that the report can read."""

from collections.abc import Mapping

from intake.terminology import load_concepts


def mapped_codes() -> Mapping[str, str]:
    """Every CDCREC code that may stand in a chart, with `race` or `ethnicity`."""
    return {code: concept.kind for code, concept in load_concepts().items()}
