-- Grouped by everything that is counted, so that each patient and element is read once. The groups
-- are few: counts.py adds them up. State 6 is not asked: the patient has no evidence.
WITH everyone AS (
    SELECT clinic, patient, element
    FROM counted CROSS JOIN (SELECT unnest($elements) AS element)
), resolved AS (
    SELECT clinic, element, coalesce(state, 6) AS state, coalesce(state <= 3, false) AS known,
        standing.* EXCLUDE (patient, element, state)
    FROM everyone LEFT JOIN standing USING (patient, element)
)
SELECT clinic, element, state, count(*) AS people,
    known AND detailed,
    known AND answered_at >= $confirmed_after,
    known AND answered_at < $confirmed_after,
    known AND declined_at > coalesce(answered_at, '-infinity'::TIMESTAMPTZ),
    state = 5 AND reason_unknown,
    hispanic_only,
    state IN (1, 2, 4) AND verified,
    state IN (1, 2, 4) AND verified AND changed
FROM resolved GROUP BY ALL
