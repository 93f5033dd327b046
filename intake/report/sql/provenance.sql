CREATE TABLE provenance AS
WITH typed AS (
    SELECT checked('Provenance', resourceType, id) AS id, recorded, unnest(target) AS target,
        coalesce(agent, []) AS agents
    FROM source
), attributed AS (
    SELECT *, [source_of_agent(a.who) FOR a IN agents
        IF list_has_any([c.code FOR c IN coalesce(a.type.coding, [])], ['author', 'informant'])]
            AS sources
    FROM typed
)
SELECT id,
    split_part(target.reference, '/', -2) AS kind,
    split_part(target.reference, '/', -1) AS target,
    -- A target without elements is meant as a whole.
    unnest(CASE WHEN len(elements) > 0 THEN elements ELSE [NULL] END) AS element,
    first_source(sources) AS source,
    instant(recorded) AS answered_at
FROM (SELECT *, [e.valueUri FOR e IN coalesce(target.extension, [])
    IF e.url = hl7_url('targetElement') AND e.valueUri IS NOT NULL] AS elements FROM attributed)
