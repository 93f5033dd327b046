"""What becomes of chart values that a combined question on race and ethnicity leaves open."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from fhir_client.model import Element, Json, UntouchedChoice
from fhir_client.uscore.code_systems import canonical_system
from fhir_client.uscore.elements.extensions import value_codings
from fhir_client.uscore.elements.spec import parse_coding
from fhir_client.uscore.statement import CDCREC, CategoryAnswer, Coding

NOT_HISPANIC = "2186-5"
Detail = tuple[str, str]
"""The group of a CDCREC code, and the code's name. A group belongs to itself."""


def _no_detail(_code: str) -> Detail | None:
    return None


@dataclass(frozen=True, slots=True)
class CombinedRules:
    """How the chart gives way to an answer about race and ethnicity together.

    `untouched` has the elements without an answer, although their question was answered.
    `own_values` are by element what earlier submissions of ours said, the newest first.
    `find_detail` knows the groups of CDCREC.
    """

    untouched: Mapping[Element, UntouchedChoice] = field(default_factory=dict)
    own_values: Mapping[Element, tuple[CategoryAnswer, ...]] = field(default_factory=dict)
    find_detail: Callable[[str], Detail | None] = _no_detail

    def choose_untouched(self, element: Element, items: Iterable[Json]) -> UntouchedChoice | None:
        """Return what happens to the chart's value of an element, None where it was touched."""
        choice = self.untouched.get(element)
        codings = list(_category_codings(items))
        # An unticked box alone never removes "Not Hispanic or Latino".
        if choice is None or {coding.code for coding in codings} == {NOT_HISPANIC}:
            return None if choice is None else UntouchedChoice.KEEP
        if self._is_own(element, codings, _texts(items)):
            # The informant's own earlier answer gives way to the new one.
            return UntouchedChoice.REMOVE
        return choice

    def keep_details(self, element: Element, answer: CategoryAnswer, item: Json) -> CategoryAnswer:
        """Return the answer with the details of others under the groups that it names.

        A detail that came through us goes with the answer that held it. A detail that was chosen
        anew replaces the details of its group.
        """
        chosen = {coding.code for coding in (*answer.categories, *answer.detailed)}
        own = {
            coding.code
            for value in self.own_values.get(element, ())
            for coding in (*value.categories, *value.detailed)
        }
        refined = {
            detail[0] for code in chosen if (detail := self.find_detail(code)) and detail[0] != code
        }
        kept: dict[str, Coding] = {}
        for coding in _category_codings([item]):
            detail = self.find_detail(coding.code)
            if detail is None or coding.code in chosen | own:
                continue
            group, name = detail
            if group != coding.code and group in chosen - refined:
                kept.setdefault(coding.code, Coding(CDCREC, coding.code, coding.display or name))
        if not kept:
            return answer
        names = ", ".join(str(coding.display) for coding in kept.values())
        return replace(
            answer,
            text="; ".join(filter(None, (answer.text, names))),
            detailed=(*answer.detailed, *kept.values()),
        )

    def _is_own(self, element: Element, codings: list[Coding], texts: set[str]) -> bool:
        newest = next(iter(self.own_values.get(element, ())), None)
        if newest is None:
            return False
        own_codes = {coding.code for coding in (*newest.categories, *newest.detailed)}
        chart_codes = {coding.code for coding in codings}
        return own_codes == chart_codes and (bool(own_codes) or texts == {newest.text})


def _category_codings(items: Iterable[Json]) -> Iterable[Coding]:
    for item in items:
        for part in (item, *item.get("extension", [])):
            for coding in map(parse_coding, value_codings(part)):
                if canonical_system(coding.system) == CDCREC:
                    yield coding


def _texts(items: Iterable[Json]) -> set[str]:
    return {
        str(part["valueString"])
        for item in items
        for part in item.get("extension", [])
        if part.get("url") == "text" and "valueString" in part
    }
