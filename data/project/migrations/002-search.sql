-- SPDX-License-Identifier: MIT
-- Text search. The texts are kept once, in their revisions; these indexes hold no copy, so a row is deleted by
-- naming its old text (search.c does, and puts characters of scripts without spaces apart).
CREATE VIRTUAL TABLE search_text USING fts5 (text, content = '', columnsize = 0, tokenize = "unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE search_name USING fts5 (name, content = '', columnsize = 0, tokenize = 'trigram');

-- How far the rows of an entry are indexed: the last id of each kind. No row: all of them.
CREATE TABLE search_progress (
  entry INTEGER NOT NULL REFERENCES entry,
  kind TEXT NOT NULL CHECK (kind IN ('image', 'caption', 'phrase')),
  done INTEGER NOT NULL,
  PRIMARY KEY (entry, kind)
) STRICT, WITHOUT ROWID;

-- Captions and phrases indexed with a text that is no longer, or not yet, their current one are fixed at once by
-- whoever changes them; so nothing else is kept here.
INSERT INTO search_progress (entry, kind, done)
SELECT e.id, k.column1, 0 FROM entry e, (VALUES ('image'), ('caption'), ('phrase')) k WHERE e.state <> 'pending';
