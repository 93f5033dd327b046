"""The specs of all elements: the one place that a new element is added to."""

from collections.abc import Mapping

from fhir_client.model import Element
from fhir_client.uscore.datatypes import GRAVITY, GRAVITY_CODES, LOINC
from fhir_client.uscore.elements.category import CategorySpec
from fhir_client.uscore.elements.interpreter import (
    INTERPRETER_NEEDED,
    INTERPRETER_REQUIRED,
    InterpreterSpec,
)
from fhir_client.uscore.elements.language import SpokenLanguageSpec, WrittenLanguageSpec
from fhir_client.uscore.elements.spec import ElementSpec, ObservationSpec
from fhir_client.uscore.elements.tribal_affiliation import (
    TRIBAL_AFFILIATION,
    TribalAffiliationSpec,
)
from fhir_client.uscore.statement import Coding
from fhir_client.uscore.versions import US_CORE

OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
PERSONAL = Coding(GRAVITY_CODES, "personal-characteristic", "Personal Characteristic")
SURVEY = Coding(OBSERVATION_CATEGORY, "survey", "Survey")

# fhir_client/MAPPING.md lists the codes and URLs of every element.
RACE = CategorySpec(
    Element.RACE,
    ObservationSpec(
        Coding(LOINC, "72826-1", "Race OMB.1997"),
        PERSONAL,
        f"{GRAVITY}StructureDefinition/SDOHCC-ObservationRaceOMB",
        has_method=True,
    ),
    (f"{US_CORE}us-core-race",),
)
ETHNICITY = CategorySpec(
    Element.ETHNICITY,
    ObservationSpec(
        Coding(LOINC, "69490-1", "Ethnicity OMB.1997"),
        PERSONAL,
        f"{GRAVITY}StructureDefinition/SDOHCC-ObservationEthnicityOMB",
        has_method=True,
    ),
    (f"{US_CORE}us-core-ethnicity",),
)
INTERPRETER = InterpreterSpec(
    Element.INTERPRETER,
    ObservationSpec(Coding(LOINC, "54588-9", "Interpreter needed"), SURVEY),
    (INTERPRETER_REQUIRED, INTERPRETER_NEEDED),
)
TRIBES = TribalAffiliationSpec(
    Element.TRIBAL_AFFILIATION,
    ObservationSpec(Coding(LOINC, "95370-3", "Tribal affiliation"), SURVEY),
    (TRIBAL_AFFILIATION,),
)
SPOKEN_LANGUAGE = SpokenLanguageSpec(
    Element.SPOKEN_LANGUAGE,
    ObservationSpec(Coding(LOINC, "54899-0", "Preferred language"), SURVEY),
)
# The written language has no Observation: fhir_client/MAPPING.md, "Observations".
WRITTEN_LANGUAGE = WrittenLanguageSpec(Element.WRITTEN_LANGUAGE, None)

# The written language comes after the spoken one, because both can share an entry.
SPECS: Mapping[Element, ElementSpec] = {
    spec.element: spec
    for spec in (RACE, ETHNICITY, INTERPRETER, TRIBES, SPOKEN_LANGUAGE, WRITTEN_LANGUAGE)
}
"""Each element's spec, in the order in which they are merged and Provenance names them."""

OBSERVATION_CODES: Mapping[Element, Coding] = {
    element: observation.code
    for element in Element
    if (observation := SPECS[element].observation) is not None
}
"""The LOINC code of each element that has an Observation, in the order of the questions."""

EXTENSION_URLS = frozenset(url for spec in SPECS.values() for url in spec.extension_urls)
"""The URLs of all extensions of a Patient that this library writes."""
