"""Gives every patient of the population exactly one state per element, from the evidence in its order."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from intake.report.values import Definition, LocalFact

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CODES = """
CREATE TABLE known_code AS SELECT unnest($codes::VARCHAR[]) AS code, unnest($kinds::VARCHAR[]) AS kind;
"""

_CAPTURED = """
CREATE TABLE captured (patient VARCHAR, element VARCHAR, state INTEGER, told_at TIMESTAMPTZ, verified BOOLEAN,
    hispanic BOOLEAN);
"""

# What each source says. The written language has no Observation, so that element-level Provenance tells who gave it.
_STATEMENTS = """
CREATE TABLE statement AS
WITH chart AS (
    SELECT patient.* FROM patient SEMI JOIN person ON person.id = patient.id
), writing AS (
    SELECT target AS id, arg_max(source, told_at) AS source, max(told_at) AS told_at FROM provenance
    WHERE kind = 'Patient' AND starts_with(element, 'written-language') AND source IS NOT NULL GROUP BY target
), author AS (
    SELECT target, arg_max(source, told_at) AS source FROM provenance
    WHERE kind = 'Observation' AND source IS NOT NULL GROUP BY target
), observed AS (
    SELECT coalesce(survivor.survivor, observation.patient) AS patient, observation.element,
        coalesce(observation.source, author.source, 'other') AS source, codes, text, absent, observation.told_at
    FROM observation LEFT JOIN author ON author.target = observation.id
    LEFT JOIN survivor ON survivor.id = observation.patient
    WHERE status IN ('final', 'corrected', 'amended')
)
SELECT id AS patient, 'race' AS element, 'chart' AS source, race_codes AS codes, race_text AS text,
    NULL::VARCHAR AS absent, NULL::TIMESTAMPTZ AS told_at FROM chart WHERE len(race_codes) > 0 OR race_text <> ''
UNION ALL SELECT id, 'ethnicity', 'chart', ethnicity_codes, ethnicity_text, NULL, NULL FROM chart
    WHERE len(ethnicity_codes) > 0 OR ethnicity_text <> ''
UNION ALL SELECT id, 'spoken-language', 'chart', spoken_codes, spoken_text, NULL, NULL FROM chart
    WHERE len(spoken_codes) > 0 OR spoken_text <> ''
UNION ALL SELECT chart.id, 'written-language', coalesce(writing.source, 'chart'), written_codes, written_text, NULL,
    told_at FROM chart LEFT JOIN writing ON writing.id = chart.id WHERE len(written_codes) > 0 OR written_text <> ''
UNION ALL SELECT id, 'interpreter', 'chart', interpreter_codes, NULL, NULL, NULL FROM chart
    WHERE len(interpreter_codes) > 0
UNION ALL SELECT observed.* FROM observed SEMI JOIN person ON person.id = observed.patient
"""

# Each list of codes is looked up once, however many people share it.
_SHAPES = """
CREATE TABLE shape AS
SELECT lists.element, lists.codes, coalesce(bool_or(CASE
        WHEN lists.element IN ('race', 'ethnicity') THEN known_code.kind = lists.element AND one.code <> '2131-1'
        WHEN lists.element = 'interpreter' THEN one.code IN ('373066001', '373067005')
        ELSE regexp_full_match(one.code, '[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*')
            AND lower(one.code) NOT IN ('und', 'mul', 'zxx', 'mis', 'unk', 'asku') END), false) AS mapped,
    coalesce(bool_or(known_code.kind = lists.element AND one.code NOT IN ('1002-5', '2028-9', '2054-5', '2076-8',
        '2106-3', '2118-8', '2131-1', '2135-2', '2186-5')), false) AS detailed,
    coalesce(bool_or(known_code.kind = 'ethnicity' AND one.code <> '2186-5'), false) AS hispanic,
    coalesce(bool_or(regexp_full_match(lower(one.code), 'en(-.*)?')), false) AS english
FROM (SELECT DISTINCT element, codes FROM statement) AS lists
LEFT JOIN (SELECT DISTINCT element, codes, unnest(codes) AS code FROM (SELECT DISTINCT element, codes FROM statement))
    AS one ON one.element = lists.element AND one.codes = lists.codes
LEFT JOIN known_code ON known_code.code = one.code
GROUP BY lists.element, lists.codes
"""

# The order of the evidence is `level`: what a person answered (1 observed, 2 in our store), what the chart holds (3),
# then nulls in the same order (4, 5, 6), so that a later decline undoes no answer; what cannot be used comes last (7).
_STANDINGS = """
CREATE TABLE standing AS
WITH read AS (
    SELECT statement.*, shape.detailed, shape.hispanic, shape.english, CASE
        WHEN mapped AND source IN ('chart', 'other') AND statement.element LIKE '%-language'
            AND lower(statement.codes[1]) = lower($default_language) THEN 'unusable'
        WHEN mapped THEN 'answered'
        WHEN list_contains(statement.codes, '2131-1') AND lower(coalesce(text, ''))
            NOT IN ('', 'other', 'other race', 'some other race') THEN 'answered'
        WHEN absent = 'asked-declined' OR list_contains(statement.codes, 'asked-declined') THEN 'declined'
        WHEN lower(text) = 'declined to answer'
            AND list_has_all(['ASKU', 'asked-unknown'], statement.codes) THEN 'declined'
        WHEN absent IN ('asked-unknown', 'unknown')
            OR list_has_any(statement.codes, ['ASKU', 'UNK', 'asked-unknown', 'unknown']) THEN 'unknown'
        WHEN lower(text) = 'does not know' AND len(statement.codes) = 0 THEN 'unknown'
        WHEN len(statement.codes) = 0 AND text <> '' AND absent IS NULL THEN 'answered'
        WHEN len(statement.codes) > 0 OR absent = 'masked' THEN 'unusable' END AS reading
    FROM statement JOIN shape ON shape.element = statement.element AND shape.codes = statement.codes
), told AS (
    SELECT patient, element, told_at, detailed, hispanic, english, false AS verified, CASE
            WHEN reading = 'answered' THEN CASE source WHEN 'self' THEN 1 WHEN 'proxy' THEN 2 ELSE 3 END
            WHEN reading = 'declined' THEN 4 WHEN reading = 'unknown' THEN 5 ELSE 7 END AS state,
        CASE WHEN reading = 'unusable' THEN 7
            WHEN source IN ('self', 'proxy') THEN CASE WHEN reading = 'answered' THEN 1 ELSE 4 END
            WHEN reading = 'answered' THEN 3 ELSE 6 END AS level,
        reading = 'unknown' AND source = 'chart' AND coalesce(lower(text) <> 'does not know', true) AS reason_unknown
    FROM read WHERE reading IS NOT NULL
    UNION ALL
    SELECT patient, element, told_at, false, hispanic, false, verified, state,
        CASE WHEN state <= 2 THEN 2 ELSE 5 END, false
    FROM captured SEMI JOIN person ON person.id = captured.patient
)
SELECT patient, element, unnest(arg_min({
        'state': state, 'told_at': told_at, 'detailed': detailed, 'hispanic': hispanic, 'english': english,
        'reason_unknown': reason_unknown}, level * 1e11 - coalesce(epoch(told_at), 0) + state * 1e-3)),
    max(told_at) FILTER (state = 4 AND level < 6) AS declined_at,
    coalesce(arg_max(verified, told_at) FILTER (level IN (2, 5)), bool_or(verified)) AS verified,
    false AS hispanic_only
FROM told GROUP BY patient, element
"""

# The combined question is answered whole by a Hispanic answer alone; read as in 1997, race is missing then.
_HISPANIC_ONLY = """
INSERT INTO standing
SELECT patient, 'race', state, told_at, false, false, false, false, declined_at, verified, true
FROM standing WHERE element = 'ethnicity' AND state <= 2 AND hispanic
    AND patient NOT IN (SELECT patient FROM standing WHERE element = 'race')
"""

_BATCH = 10_000


def find_states(
    connection: "DuckDBPyConnection",
    definition: Definition,
    codes: Mapping[str, str],
    captured: Iterable[LocalFact] = (),
) -> None:
    """Make `standing`, a row per patient and element with any evidence; `codes` maps CDCREC to race or ethnicity."""
    connection.execute(_CODES, {"codes": list(codes), "kinds": list(codes.values())})
    connection.execute(_CAPTURED)
    _insert(connection, captured)
    connection.execute(_STATEMENTS)
    connection.execute(_SHAPES)
    connection.execute(_STANDINGS, {"default_language": definition.default_language})
    connection.execute(_HISPANIC_ONLY)


def _insert(connection: "DuckDBPyConnection", captured: Iterable[LocalFact]) -> None:
    waiting = iter(captured)
    while batch := list(islice(waiting, _BATCH)):
        columns: list[list[str] | list[int] | list[datetime] | list[bool]] = [
            [one.patient.removeprefix("Patient/") for one in batch],
            [one.element for one in batch],
            [int(one.state) for one in batch],
            [one.answered_at for one in batch],
            [one.verified for one in batch],
            [one.hispanic for one in batch],
        ]
        connection.execute(
            f"INSERT INTO captured SELECT {', '.join(['unnest(?)'] * len(columns))}", columns
        )
