-- What each distinct list of codes means. Patients share few lists, so that each is looked up once.
CREATE TABLE code_list AS
SELECT lists.element, lists.codes,
    coalesce(bool_or(CASE
        WHEN lists.element IN ('race', 'ethnicity')
            THEN known_code.kind = lists.element AND member.code <> $other_race
        WHEN lists.element = 'interpreter' THEN list_contains($interpreter_codes, member.code)
        ELSE regexp_full_match(language_tag(member.code), '[a-z]{2,3}(-[a-z0-9]{2,8})*')
            AND NOT list_contains($no_languages, lower(member.code)) END), false) AS mapped,
    coalesce(bool_or(known_code.kind = lists.element
        AND NOT list_contains($omb_categories, member.code)), false) AS detailed,
    coalesce(bool_or(known_code.kind = 'ethnicity' AND member.code <> $not_hispanic), false)
        AS hispanic,
    coalesce(bool_or(regexp_full_match(language_tag(member.code), 'en(-.*)?')), false) AS english,
    language_tag(lists.codes[1]) AS first_language
FROM (SELECT DISTINCT element, codes FROM statement) AS lists
LEFT JOIN (
    SELECT DISTINCT element, codes, unnest(codes) AS code
    FROM (SELECT DISTINCT element, codes FROM statement)
) AS member ON member.element = lists.element AND member.codes = lists.codes
LEFT JOIN known_code ON known_code.code = member.code
GROUP BY lists.element, lists.codes
