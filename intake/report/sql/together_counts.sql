-- How many patients have all elements known. A patient who speaks English needs no interpreter.
WITH per_patient AS (
    SELECT patient,
        count(*) FILTER (
            state <= 3 AND element IN ('race', 'ethnicity', 'spoken-language')) = 3 AS known,
        count(*) FILTER (
            state <= 2 AND element IN ('race', 'ethnicity', 'spoken-language')) = 3 AS direct,
        count(*) FILTER (element = 'interpreter' AND state <= 3) = 1
            OR coalesce(bool_or(english) FILTER (element = 'spoken-language'), false)
            AS interpreter
    FROM standing GROUP BY patient
)
SELECT clinic, count(*), count(*) FILTER (known), count(*) FILTER (direct),
    count(*) FILTER (known AND interpreter)
FROM counted LEFT JOIN per_patient USING (patient) GROUP BY clinic
