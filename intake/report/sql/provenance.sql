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
    hl7(target.extension, list_transform(target.extension, lambda e: e.url), 'targetElement')
        .valueUri AS element,
    list_filter(sources, lambda s: s IS NOT NULL)[1] AS source,
    instant(recorded) AS answered_at
FROM attributed
