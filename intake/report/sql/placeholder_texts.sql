-- The texts among which the placeholders are, with the number of statements that hold each. The own
-- words of a person are an answer, whatever they say.
SELECT element, text, count(*) FROM statement WHERE text <> '' AND source NOT IN ('self', 'proxy')
GROUP BY element, text ORDER BY element, text
