-- Follows merged patient records to the surviving one; five merges in a row are followed, and a
-- longer chain or a loop is lost.
CREATE TABLE survivor AS
WITH RECURSIVE step(id, into_id, depth) AS (
    SELECT id, merged_into, 1 FROM patient WHERE merged_into IS NOT NULL
    UNION ALL
    SELECT step.id, patient.merged_into, depth + 1
    FROM step JOIN patient ON patient.id = step.into_id
    WHERE patient.merged_into IS NOT NULL AND depth <= 5
)
SELECT id, arg_max(into_id, depth) AS survivor, max(depth) > 5 AS lost FROM step GROUP BY id
