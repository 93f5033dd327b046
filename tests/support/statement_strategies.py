"""Statements for hypothesis to draw from."""

from dataclasses import replace

from hypothesis import strategies as st

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
    Language,
    TribalAffiliation,
)
from tests.support.merge_examples import CANTONESE, CHINESE, MANDARIN, NOTHING, SIGN, SPANISH
from tests.support.statements import NAVAJO_TRIBE, UNLISTED_TRIBE

reasons = st.sampled_from(AbsentReason)
categories = st.builds(
    CategoryAnswer, st.text(min_size=1, max_size=9), st.just((Coding(CDCREC, "2028-9"),))
)
languages = st.sampled_from(
    [
        SPANISH,
        replace(SPANISH, own_words="Braille"),
        replace(SPANISH, own_words="de Oaxaca"),
        CANTONESE,
        MANDARIN,
        CHINESE,
        SIGN,
        Language("Mixteco bajo"),
    ]
)
affiliations = st.sampled_from(
    [TribalAffiliation((NAVAJO_TRIBE,)), TribalAffiliation((NAVAJO_TRIBE, UNLISTED_TRIBE))]
)
element_values = st.fixed_dictionaries(
    {},
    optional={
        Element.RACE: reasons | categories,
        Element.ETHNICITY: reasons | categories,
        Element.SPOKEN_LANGUAGE: reasons | languages,
        Element.WRITTEN_LANGUAGE: reasons | languages,
        Element.INTERPRETER: reasons | st.builds(Interpreter, st.booleans()),
        Element.TRIBAL_AFFILIATION: reasons | affiliations,
    },
)
statements = st.builds(replace, st.just(NOTHING), values=element_values)
"""Any elements answered, declined or unknown, and the others not asked."""
