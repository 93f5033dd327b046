-- What each distinct text says in place of an answer; a text that is an answer has no row.
CREATE TABLE text_kind AS
SELECT unnest($elements::VARCHAR[]) AS element, unnest($texts::VARCHAR[]) AS text,
    unnest($kinds::VARCHAR[]) AS kind
