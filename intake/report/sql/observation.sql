CREATE TABLE observation AS
WITH typed AS (
    SELECT checked('Observation', resourceType, id) AS id, status, code::VARCHAR AS code, subject,
        coalesce(effectiveDateTime, effectiveInstant, effectivePeriod.start, issued) AS answered_at,
        method.coding AS methods, coalesce(performer, []) AS performers,
        coalesce(component, []) AS components,
        valueCodeableConcept AS value, valueString AS value_text,
        dataAbsentReason.coding AS reasons, meta
    FROM source
), recognized AS (
    -- LOINC codes, looked for in the text: an export holds mostly other Observations, and reading
    -- the parts of each would cost more than this.
    SELECT *, CASE
        WHEN contains(code, '"72826-1"') THEN 'race'
        WHEN contains(code, '"69490-1"') THEN 'ethnicity'
        WHEN contains(code, '"54899-0"') THEN 'spoken-language'
        WHEN contains(code, '"54588-9"') THEN 'interpreter' END AS element
    FROM typed
)
SELECT id, element, ref_key('Patient', subject) AS patient, instant(answered_at) AS answered_at,
    coalesce(first_source([source_of(m.code) FOR m IN coalesce(methods, [])]),
        first_source([source_of_agent(p) FOR p IN performers])) AS source,
    list_concat(code_keys(value.coding), list_distinct(flatten(
        [code_keys(c.valueCodeableConcept.coding) FOR c IN components]))) AS codes,
    trim(coalesce(value.text, value_text,
        [c.valueString FOR c IN components IF c.valueString IS NOT NULL][1])) AS text,
    coalesce(list_filter([r.code FOR r IN coalesce(reasons, [])],
        lambda c: c IN ('asked-declined', 'asked-unknown', 'unknown', 'masked'))[1],
        reasons[1].code) AS absent, instant(meta.lastUpdated) AS updated_at, status
FROM recognized WHERE element IS NOT NULL
