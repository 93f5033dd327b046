-- A Hispanic answer alone is a whole answer to the combined question of 2024. The 1997 standard
-- reads the race as missing then, so that these patients are marked.
INSERT INTO standing
SELECT patient, 'race', state, answered_at, false, false, false, false, declined_at, verified,
    changed, true
FROM standing
WHERE element = 'ethnicity' AND state <= 2 AND hispanic
    AND patient NOT IN (SELECT patient FROM standing WHERE element = 'race')
