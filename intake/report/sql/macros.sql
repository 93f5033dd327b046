-- DuckDB macros for the parts of FHIR resources that fill the flat tables.

-- The key of a reference to a resource of this type: its id, or `?system|value`.
CREATE MACRO ref_key(kind, ref) AS CASE
    WHEN starts_with(ref.reference, kind || '/') THEN split_part(ref.reference, '/', 2)
    WHEN ref.reference IS NULL THEN
        '?' || nullif(
            coalesce(ref.identifier.system, '') || '|' || coalesce(ref.identifier.value, ''), '|')
    WHEN contains(ref.reference, kind || '?') THEN
        '?' || url_decode(regexp_extract(ref.reference, '[?&]identifier=([^&]*)', 1))
    WHEN contains(ref.reference, '/' || kind || '/') THEN
        split_part(split_part(ref.reference, kind || '/', -1), '/', 1)
    WHEN starts_with(ref.reference, 'urn:uuid:') OR starts_with(ref.reference, 'urn:oid:') THEN
        split_part(ref.reference, ':', 3)
END;

-- A system without scheme, `urn:`, version and closing slash: charts write these in several ways.
CREATE MACRO plain_system(system) AS regexp_replace(
    regexp_replace(lower(trim(system)), '^(https?://|urn:oid:|urn:)', ''), '([|].*|/+|#)$', '');

-- A code of a system that the report can read stands alone; any other code keeps its system.
CREATE MACRO code_key(coding) AS CASE
    WHEN coding.code IS NULL THEN NULL
    WHEN coding.system IS NULL OR coding.system IN (
        'urn:oid:2.16.840.1.113883.6.238',
        'http://terminology.hl7.org/CodeSystem/v3-Race',
        'http://terminology.hl7.org/CodeSystem/v3-Ethnicity',
        'http://terminology.hl7.org/CodeSystem/v3-NullFlavor',
        'http://terminology.hl7.org/CodeSystem/data-absent-reason',
        'urn:ietf:bcp:47',
        'http://snomed.info/sct',
        'urn:iso:std:iso:639:-1',
        'urn:iso:std:iso:639:-2',
        'http://hl7.org/fhir/sid/iso-639-1',
        'http://terminology.hl7.org/CodeSystem/iso639-1',
        'http://terminology.hl7.org/CodeSystem/iso639-2',
        'http://terminology.hl7.org/CodeSystem/iso639-3',
        'http://terminology.hl7.org/CodeSystem/Languages')
        -- The list above decides most codings without the dearer comparison.
        OR list_contains(getvariable('readable_systems'), plain_system(coding.system))
    THEN coding.code ELSE coding.system || '|' || coding.code END;
CREATE MACRO code_keys(codings) AS
    list_filter([code_key(c) FOR c IN coalesce(codings, [])], lambda k: k IS NOT NULL);

-- A language tag in small letters with its shortest primary code: ENG and eng are en.
CREATE MACRO plain_tag(code) AS replace(lower(trim(code)), '_', '-');
CREATE MACRO language_tag(code) AS
    coalesce(
        getvariable('shortest_codes')[split_part(plain_tag(code), '-', 1)],
        split_part(plain_tag(code), '-', 1))
    || regexp_extract(plain_tag(code), '-.*');

-- FHIR dates may lack a time, a day or a month. `moment` reads a time, `day_of` a date of any
-- precision, `instant` either.
CREATE MACRO moment(t) AS CASE WHEN length(t) > 10 THEN try_cast(t AS TIMESTAMPTZ) END;
CREATE MACRO day_of(t) AS CASE length(t)
    WHEN 10 THEN try_cast(t AS DATE)
    WHEN 7 THEN try_cast(t || '-01' AS DATE)
    WHEN 4 THEN try_cast(t || '-01-01' AS DATE) END;
CREATE MACRO instant(t) AS coalesce(moment(t), day_of(t)::TIMESTAMPTZ);

CREATE MACRO has_test_tag(meta) AS coalesce(
    list_contains([c.code FOR c IN coalesce(meta.tag, [])], 'HTEST')
    OR list_contains([c.code FOR c IN coalesce(meta.security, [])], 'HTEST'), false);
CREATE MACRO as_identifiers(identifiers) AS [
    coalesce(i.system, '') || '|' || i.value
    FOR i IN coalesce(identifiers, []) IF i.value IS NOT NULL];

-- Every extension of one URL counts: a chart may have more than the profile allows.
CREATE MACRO us_core_url(name) AS
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-' || name;
CREATE MACRO hl7_url(name) AS 'http://hl7.org/fhir/StructureDefinition/' || name;
-- The parts of all race or ethnicity extensions: a chart may have one more than the profile allows.
-- Some charts have the value at the top, as if it were the category.
CREATE MACRO group_parts(extensions, name) AS flatten([
    CASE WHEN e.valueCoding IS NULL AND e.valueCodeableConcept IS NULL
        THEN coalesce(e.extension, [])
        ELSE list_append(coalesce(e.extension, []), {
            'url': 'ombCategory', 'valueCoding': e.valueCoding,
            'valueCodeableConcept': e.valueCodeableConcept, 'valueString': NULL::VARCHAR}) END
    FOR e IN coalesce(extensions, [])
    IF e.url = us_core_url(name)]);
CREATE MACRO group_codes(parts) AS code_keys(flatten([
    list_append(coalesce(p.valueCodeableConcept.coding, []), p.valueCoding)
    FOR p IN parts IF p.url IN ('ombCategory', 'detailed')]));
-- Several texts are separated by a character that no FHIR string may contain (states.py).
CREATE MACRO group_text(parts) AS array_to_string(list_filter([
    trim(CASE WHEN p.url = 'text' THEN p.valueString ELSE p.valueCodeableConcept.text END)
    FOR p IN parts], lambda t: t <> ''), chr(31));

-- self, proxy, other or NULL: the person who answered.
CREATE MACRO source_of(method) AS CASE
    WHEN method = 'self-reported' THEN 'self'
    WHEN method = 'reported-by-related-person' THEN 'proxy'
    WHEN method IS NOT NULL THEN 'other' END;
-- The first source that a list of methods or agents names; a person comes before another source.
CREATE MACRO first_source(sources) AS coalesce(
    list_filter(sources, lambda s: s IN ('self', 'proxy'))[1],
    list_filter(sources, lambda s: s IS NOT NULL)[1]);
CREATE MACRO source_of_agent(who) AS CASE
    WHEN who.type = 'RelatedPerson' OR contains(who.reference, 'RelatedPerson/') THEN 'proxy'
    WHEN who.type = 'Patient' OR starts_with(who.reference, 'Patient')
        OR contains(who.reference, '/Patient/') THEN 'self' END;

-- The id of a resource of this type. Any other JSON stops the fast read: the loader then sifts the
-- file line by line and names the broken line.
CREATE MACRO checked(kind, resource_type, id) AS CASE
    WHEN resource_type = kind AND id <> '' THEN id
    ELSE error('not a ' || kind || ' with an id') END;
