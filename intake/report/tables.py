"""The flat tables: a contract of columns that DuckDB fills from NDJSON, and that another engine may fill as well.

patient(id, merged_into, test, race_codes, race_text, ethnicity_codes, ethnicity_text, spoken_codes, spoken_text,
written_codes, written_text, interpreter_codes) · encounter(id, patient, status, start_at, start_on, organization,
locations, appointments) · observation(id, patient, element, source, told_at, codes, text, absent) ·
provenance(target, element, source, told_at) · place(kind, id, name, identifiers, parent, organization) ·
appointment(id, locations).

References are keys: a resource's id, or `?system|value` where only an identifier is told. Codes are bare for CDCREC,
SNOMED CT, null flavors, absent reasons and language tags, else `system|code`. `source` is self, proxy, other or NULL.
"""

PATIENT = """
CREATE TABLE patient AS
WITH typed AS (
    SELECT checked('Patient', resourceType, id) AS id, meta, extension AS extensions, link AS links,
        list_transform(extension, lambda e: e.url) AS urls, coalesce(communication, []) AS spoken_or_written
    FROM source
), found AS (
    SELECT id, meta, links, us_core(extensions, urls, 'race') AS race,
        us_core(extensions, urls, 'ethnicity') AS ethnicity,
        us_core(extensions, urls, 'interpreter-needed').valueCoding AS needed,
        hl7(extensions, urls, 'patient-interpreterRequired').valueBoolean AS required,
        [{'language': c.language, 'preferred': coalesce(c.preferred, false), 'ways': list_filter(flatten(
            [[n.valueCoding.code FOR n IN coalesce(e.extension, []) IF n.url = 'type']
             FOR e IN coalesce(c.extension, []) IF ends_with(e.url, '/StructureDefinition/patient-proficiency')]),
            lambda w: w IS NOT NULL)}
         FOR c IN spoken_or_written IF c.language IS NOT NULL] AS languages
    FROM typed
), chosen AS (
    SELECT *, list_filter(languages, lambda l: len(l.ways) = 0
            OR list_has_any(l.ways, ['ESP', 'RSP', 'ESGN', 'RSGN'])) AS spoken,
        list_filter(languages, lambda l: list_has_any(l.ways, ['RWR', 'EWR'])) AS written
    FROM found
), one AS (
    SELECT *, coalesce(list_filter(spoken, lambda l: l.preferred)[1], spoken[1]).language AS says,
        coalesce(list_filter(written, lambda l: l.preferred)[1], written[1]).language AS writes
    FROM chosen
)
SELECT id,
    ref_key('Patient', list_filter(links, lambda l: l.type = 'replaced-by')[1].other) AS merged_into,
    has_test_tag(meta) AS test, instant(meta.lastUpdated) AS updated_at,
    group_codes(race) AS race_codes, group_text(race) AS race_text,
    group_codes(ethnicity) AS ethnicity_codes, group_text(ethnicity) AS ethnicity_text,
    code_keys(says.coding) AS spoken_codes, trim(says.text) AS spoken_text,
    code_keys(writes.coding) AS written_codes, trim(writes.text) AS written_text,
    CASE WHEN needed.code IS NOT NULL THEN [code_key(needed)] WHEN required THEN ['373066001']
        WHEN NOT required THEN ['373067005'] ELSE [] END::VARCHAR[] AS interpreter_codes
FROM one
"""

ENCOUNTER = """
CREATE TABLE encounter AS
SELECT checked('Encounter', resourceType, id) AS id, status, ref_key('Patient', subject) AS patient,
    moment(period.start) AS start_at,
    day_of(period.start) AS start_on,
    ref_key('Organization', serviceProvider) AS organization,
    location AS locations, appointment AS appointments,
    instant(meta.lastUpdated) AS updated_at
FROM source
"""

OBSERVATION = """
CREATE TABLE observation AS
WITH typed AS (
    SELECT checked('Observation', resourceType, id) AS id, status, code::VARCHAR AS code, subject,
        coalesce(effectiveDateTime, effectiveInstant, effectivePeriod.start, issued) AS told_at,
        method.coding AS methods, coalesce(performer, []) AS performers,
        coalesce(component, []) AS components,
        valueCodeableConcept AS value, valueString AS said,
        dataAbsentReason.coding AS reasons, meta
    FROM source
), asked AS (
    SELECT *, CASE WHEN contains(code, '"72826-1"') THEN 'race' WHEN contains(code, '"69490-1"') THEN 'ethnicity'
        WHEN contains(code, '"54899-0"') THEN 'spoken-language' WHEN contains(code, '"54588-9"') THEN 'interpreter'
        END AS element
    FROM typed
)
SELECT id, element, ref_key('Patient', subject) AS patient, instant(told_at) AS told_at,
    coalesce(source_of(methods[1].code), source_of_agent(performers[1])) AS source,
    list_concat(code_keys(value.coding), list_distinct(flatten(
        [code_keys(c.valueCodeableConcept.coding) FOR c IN components]))) AS codes,
    trim(coalesce(value.text, said, [c.valueString FOR c IN components IF c.valueString IS NOT NULL][1]))
        AS text,
    reasons[1].code AS absent, instant(meta.lastUpdated) AS updated_at, status
FROM asked WHERE element IS NOT NULL
"""

PROVENANCE = """
CREATE TABLE provenance AS
WITH typed AS (
    SELECT checked('Provenance', resourceType, id) AS id, recorded, unnest(target) AS target,
        coalesce(agent, []) AS agents
    FROM source
), told AS (
    SELECT *, [source_of_agent(a.who) FOR a IN agents
        IF list_has_any([c.code FOR c IN coalesce(a.type.coding, [])], ['author', 'informant'])] AS sources
    FROM typed
)
SELECT id, split_part(target.reference, '/', -2) AS kind, split_part(target.reference, '/', -1) AS target,
    hl7(target.extension, list_transform(target.extension, lambda e: e.url), 'targetElement').valueUri AS element,
    list_filter(sources, lambda s: s IS NOT NULL)[1] AS source, instant(recorded) AS told_at
FROM told
"""

ORGANIZATION = """
INSERT INTO place
SELECT 'Organization', checked('Organization', resourceType, id) AS id, name, as_identifiers(identifier),
    ref_key('Organization', partOf), NULL
FROM source
"""

LOCATION = """
INSERT INTO place
SELECT 'Location', checked('Location', resourceType, id) AS id, name, as_identifiers(identifier),
    ref_key('Location', partOf),
    ref_key('Organization', managingOrganization)
FROM source
"""

APPOINTMENT = """
CREATE TABLE appointment AS
SELECT checked('Appointment', resourceType, id) AS id, as_identifiers(identifier) AS identifiers,
    list_filter([ref_key('Location', p.actor) FOR p IN coalesce(participant, [])], lambda k: k IS NOT NULL)
        AS locations
FROM source
"""

PATIENT_TOKENS = """
INSERT INTO patient_token
SELECT w.key, min(i.id)
FROM (SELECT id, unnest(list_concat(tokens, [split_part(t, '|', -1) FOR t IN tokens])) AS token
      FROM (SELECT id, as_identifiers(identifier) AS tokens FROM source)) AS i
JOIN wanted_token AS w ON w.key = '?' || i.token
GROUP BY w.key
"""

EMPTY = """
CREATE TABLE IF NOT EXISTS patient (id VARCHAR, merged_into VARCHAR, test BOOLEAN, updated_at TIMESTAMPTZ,
    race_codes VARCHAR[], race_text VARCHAR, ethnicity_codes VARCHAR[], ethnicity_text VARCHAR, spoken_codes VARCHAR[],
    spoken_text VARCHAR, written_codes VARCHAR[], written_text VARCHAR, interpreter_codes VARCHAR[]);
CREATE TABLE IF NOT EXISTS encounter (id VARCHAR, status VARCHAR, patient VARCHAR, start_at TIMESTAMPTZ, start_on DATE,
    organization VARCHAR, locations STRUCT(location STRUCT(reference VARCHAR, "type" VARCHAR, identifier STRUCT(
    system VARCHAR, "value" VARCHAR)))[], appointments STRUCT(reference VARCHAR, "type" VARCHAR, identifier STRUCT(
    system VARCHAR, "value" VARCHAR))[], updated_at TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS observation (id VARCHAR, element VARCHAR, patient VARCHAR, told_at TIMESTAMPTZ,
    source VARCHAR, codes VARCHAR[], text VARCHAR, absent VARCHAR, updated_at TIMESTAMPTZ, status VARCHAR);
CREATE TABLE IF NOT EXISTS provenance (id VARCHAR, kind VARCHAR, target VARCHAR, element VARCHAR, source VARCHAR,
    told_at TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS appointment (id VARCHAR, identifiers VARCHAR[], locations VARCHAR[]);
"""
