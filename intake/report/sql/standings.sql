-- One state per patient and element, from the strongest evidence. The type `evidence` is an ENUM
-- with the strongest first (states.Evidence), so that ORDER BY sorts by strength.
CREATE TABLE standing AS
WITH worded AS (
    SELECT statement.*, CASE
        -- A person's own words are an answer, whatever they say. Only our own two texts are not.
        WHEN source IN ('self', 'proxy') AND len(codes) = 0 AND kind <> 'invisible'
            AND lower(text) NOT IN ('declined to answer', 'does not know') THEN NULL
        ELSE kind END AS kind
    FROM statement LEFT JOIN text_kind USING (element, text)
), reading AS (
    SELECT worded.*, code_list.detailed, code_list.hispanic, code_list.english, CASE
        -- The EHR fills in its default language by itself: alone it is nobody's answer.
        WHEN mapped AND source IN ('chart', 'other') AND worded.element LIKE '%-language'
            AND first_language = language_tag($default_language) THEN 'unusable'
        WHEN mapped THEN 'answered'
        WHEN list_contains(worded.codes, $other_race) AND text <> '' AND kind IS NULL
            THEN 'answered'
        WHEN absent = 'asked-declined' OR list_contains(worded.codes, 'asked-declined')
            THEN 'declined'
        WHEN kind = 'declined'
            AND list_has_all(['ASKU', 'asked-unknown', 'UNK', 'unknown'], worded.codes)
            THEN 'declined'
        WHEN absent IN ('asked-unknown', 'unknown')
            OR list_has_any(worded.codes, ['ASKU', 'asked-unknown']) THEN 'unknown'
        -- In a chart this code says that no value is known, and not that anybody asked.
        WHEN list_has_any(worded.codes, ['UNK', 'unknown'])
            THEN CASE WHEN source IN ('self', 'proxy') THEN 'unknown' END
        WHEN len(worded.codes) = 0 AND text <> '' AND absent IS NULL THEN CASE kind
            WHEN 'not-asked' THEN NULL
            WHEN 'invisible' THEN 'unusable'
            ELSE coalesce(kind, 'answered') END
        WHEN len(worded.codes) > 0 OR absent = 'masked' THEN 'unusable' END AS reading
    FROM worded
    JOIN code_list ON code_list.element = worded.element AND code_list.codes = worded.codes
), ranked AS (
    -- `state` is the number of values.State.
    SELECT patient, element, answered_at, detailed, hispanic, english, false AS verified,
        NULL::BOOLEAN AS changed,
        CASE reading
            WHEN 'answered' THEN CASE source WHEN 'self' THEN 1 WHEN 'proxy' THEN 2 ELSE 3 END
            WHEN 'declined' THEN 4 WHEN 'unknown' THEN 5 ELSE 7 END AS state,
        CASE
            WHEN reading = 'unusable' THEN 'unusable'
            WHEN source IN ('self', 'proxy') THEN
                CASE reading WHEN 'answered' THEN 'observed-answer' ELSE 'observed-null' END
            WHEN reading = 'answered' THEN 'chart-answer'
            ELSE 'chart-null' END::evidence AS evidence,
        reading = 'unknown' AND source = 'chart'
            AND coalesce(kind <> 'unknown', true) AS reason_unknown
    FROM reading WHERE reading IS NOT NULL
    UNION ALL
    SELECT patient, element, answered_at, detailed, hispanic, false, verified, changed, state,
        CASE WHEN state <= 2 THEN 'local-answer' ELSE 'local-null' END::evidence, false
    FROM local_fact SEMI JOIN person ON person.id = local_fact.patient
)
SELECT patient, element,
    unnest(first({
        'state': state, 'answered_at': answered_at, 'detailed': detailed, 'hispanic': hispanic,
        'english': english, 'reason_unknown': reason_unknown}
        -- Of equal evidence the newest counts; undated evidence counts as from 1970.
        ORDER BY evidence, coalesce(answered_at, to_timestamp(0)) DESC, state)),
    max(answered_at) FILTER (
        state = 4 AND evidence IN ('observed-null', 'local-null')) AS declined_at,
    coalesce(
        arg_max(verified, answered_at) FILTER (evidence IN ('local-answer', 'local-null')),
        bool_or(verified)) AS verified,
    arg_max(changed, answered_at) FILTER (verified) AS changed,
    false AS hispanic_only
FROM ranked GROUP BY patient, element
