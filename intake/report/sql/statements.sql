-- Every statement of a chart or an Observation about an element of a counted patient.
CREATE TABLE statement AS
WITH chart AS (
    SELECT patient.* FROM patient SEMI JOIN person ON person.id = patient.id
), writing AS (
    -- The written language has no Observation: its source stands in element-level Provenance.
    SELECT target AS id, arg_max(source, answered_at) AS source, max(answered_at) AS answered_at
    FROM provenance
    WHERE kind = 'Patient' AND starts_with(element, 'written-language') AND source IS NOT NULL
    GROUP BY target
), author AS (
    SELECT target, arg_max(source, answered_at) AS source FROM provenance
    WHERE kind = 'Observation' AND source IS NOT NULL GROUP BY target
), observed AS (
    SELECT coalesce(survivor.survivor, observation.patient) AS patient, observation.element,
        coalesce(observation.source, author.source, 'other') AS source, codes, text, absent,
        observation.answered_at
    FROM observation LEFT JOIN author ON author.target = observation.id
    LEFT JOIN survivor ON survivor.id = observation.patient
    WHERE status IN ('final', 'corrected', 'amended')
)
SELECT id AS patient, 'race' AS element, 'chart' AS source, race_codes AS codes,
    race_text AS text, NULL::VARCHAR AS absent, NULL::TIMESTAMPTZ AS answered_at
FROM chart WHERE len(race_codes) > 0 OR race_text <> ''
UNION ALL SELECT id, 'ethnicity', 'chart', ethnicity_codes, ethnicity_text, NULL, NULL
FROM chart WHERE len(ethnicity_codes) > 0 OR ethnicity_text <> ''
UNION ALL SELECT id, 'spoken-language', 'chart', spoken_codes, spoken_text, NULL, NULL
FROM chart WHERE len(spoken_codes) > 0 OR spoken_text <> ''
UNION ALL SELECT chart.id, 'written-language', coalesce(writing.source, 'chart'), written_codes,
    written_text, NULL, answered_at
FROM chart LEFT JOIN writing ON writing.id = chart.id
WHERE len(written_codes) > 0 OR written_text <> ''
UNION ALL SELECT id, 'interpreter', 'chart', interpreter_codes, NULL, NULL, NULL
FROM chart WHERE len(interpreter_codes) > 0
UNION ALL SELECT observed.* FROM observed SEMI JOIN person ON person.id = observed.patient
