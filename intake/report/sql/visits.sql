-- The encounters of the period. The first reason that applies excludes one; population.EXCLUSIONS
-- names the reasons in this order.
CREATE TABLE visit AS
SELECT seen.clinic, seen.start_at, coalesce(survivor.survivor, seen.patient) AS patient, CASE
    WHEN status = 'unknown' THEN 'status-unknown'
    WHEN status IS NULL
        OR status NOT IN ('arrived', 'triaged', 'in-progress', 'onleave', 'finished')
        THEN 'status-not-qualifying'
    WHEN start_at IS NULL AND start_on IS NULL THEN 'no-start-date'
    WHEN seen.clinic IS NULL THEN 'no-clinic'
    WHEN survivor.lost THEN 'merge-unresolved'
    WHEN patient.id IS NULL THEN 'no-patient'
    WHEN patient.test THEN 'test-patient'
    END AS excluded
FROM seen LEFT JOIN clinic ON clinic.id = seen.clinic
LEFT JOIN survivor ON survivor.id = seen.patient
LEFT JOIN patient ON patient.id = coalesce(survivor.survivor, seen.patient)
WHERE (start_at >= coalesce(clinic.begins, $begins) AND start_at < coalesce(clinic.ends, $ends))
    -- A date without a time is a day at the clinic already, and has no zone to convert from.
    OR (start_at IS NULL AND (start_on IS NULL OR (start_on >= $first AND start_on < $end)))
