CREATE TABLE patient AS
WITH typed AS (
    SELECT checked('Patient', resourceType, id) AS id, meta, extension AS extensions, link AS links,
        coalesce(communication, []) AS communications
    FROM source
), extracted AS (
    SELECT id, meta, links, group_parts(extensions, 'race') AS race,
        group_parts(extensions, 'ethnicity') AS ethnicity,
        code_keys([e.valueCoding FOR e IN coalesce(extensions, [])
            IF e.url = us_core_url('interpreter-needed')]) AS needed,
        -- SNOMED CT 373066001 is yes, 373067005 is no.
        [CASE WHEN e.valueBoolean THEN '373066001' ELSE '373067005' END
            FOR e IN coalesce(extensions, [])
            IF e.url = hl7_url('patient-interpreterRequired') AND e.valueBoolean IS NOT NULL]
            AS required,
        [{'language': c.language, 'preferred': coalesce(c.preferred, false),
            'modes': list_filter(flatten([
                [n.valueCoding.code FOR n IN coalesce(e.extension, []) IF n.url = 'type']
                FOR e IN coalesce(c.extension, [])
                IF ends_with(e.url, '/StructureDefinition/patient-proficiency')]),
            lambda w: w IS NOT NULL)}
         FOR c IN communications IF c.language IS NOT NULL] AS languages
    FROM typed
), by_mode AS (
    -- A language without a proficiency is a spoken one: US Core asks for no more than the language.
    SELECT *,
        list_filter(languages, lambda l: len(l.modes) = 0
            OR list_has_any(l.modes, ['ESP', 'RSP', 'ESGN', 'RSGN'])) AS spoken,
        list_filter(languages, lambda l: list_has_any(l.modes, ['RWR', 'EWR'])) AS written
    FROM extracted
), preferred AS (
    SELECT *,
        coalesce(list_filter(spoken, lambda l: l.preferred)[1], spoken[1]).language
            AS spoken_language,
        coalesce(list_filter(written, lambda l: l.preferred)[1], written[1]).language
            AS written_language
    FROM by_mode
)
SELECT id,
    ref_key('Patient', list_filter(links, lambda l: l.type = 'replaced-by')[1].other)
        AS merged_into,
    has_test_tag(meta) AS test, instant(meta.lastUpdated) AS updated_at,
    group_codes(race) AS race_codes, group_text(race) AS race_text,
    group_codes(ethnicity) AS ethnicity_codes, group_text(ethnicity) AS ethnicity_text,
    code_keys(spoken_language.coding) AS spoken_codes, trim(spoken_language.text) AS spoken_text,
    code_keys(written_language.coding) AS written_codes,
    trim(written_language.text) AS written_text,
    CASE WHEN len(needed) > 0 THEN needed ELSE required END::VARCHAR[] AS interpreter_codes
FROM preferred
