-- SPDX-License-Identifier: MIT
-- The library: filters that people keep, and files and folders of pictures that move, both undone like anything else.

-- The journal learns of them. A CHECK cannot be changed, so the tables are made anew; nothing in them changes.
CREATE TABLE journal_new (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('verdict', 'region', 'span', 'caption', 'tag', 'file', 'filter', 'import', 'run',
    'removal', 'undo', 'redo')),
  target INTEGER NOT NULL,
  before TEXT CHECK (before IS NULL OR json_valid (before)),
  after TEXT CHECK (after IS NULL OR json_valid (after)),
  undoes INTEGER REFERENCES journal_new,
  CHECK ((undoes IS NOT NULL) = (kind IN ('undo', 'redo')))
) STRICT;
INSERT INTO journal_new (seq, at, by, kind, target, before, after, undoes)
SELECT seq, at, by, kind, target, before, after, undoes FROM journal ORDER BY seq;

CREATE TABLE journal_step_new (
  seq INTEGER NOT NULL REFERENCES journal_new,
  nth INTEGER NOT NULL CHECK (nth >= 0),
  what TEXT NOT NULL CHECK (what IN ('region', 'link', 'verdict', 'phrase', 'caption', 'tag', 'file', 'root', 'filter')),
  target INTEGER NOT NULL,
  before INTEGER,
  after INTEGER,
  PRIMARY KEY (seq, nth)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_step_new (seq, nth, what, target, before, after)
SELECT seq, nth, what, target, before, after FROM journal_step;

DROP TABLE journal_step;
DROP TABLE journal;
ALTER TABLE journal_new RENAME TO journal;
ALTER TABLE journal_step_new RENAME TO journal_step;

CREATE INDEX journal_undoes ON journal (undoes, seq) WHERE undoes IS NOT NULL;
CREATE INDEX journal_by ON journal (by, seq);
CREATE INDEX journal_step_target ON journal_step (target, seq);
CREATE TRIGGER journal_keeps_1 BEFORE UPDATE ON journal
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_keeps_2 BEFORE DELETE ON journal
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_step_keeps_1 BEFORE UPDATE ON journal_step
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_step_keeps_2 BEFORE DELETE ON journal_step
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;

-- Names that a picture's file has or had here; the current one is the one that equals image.path.
CREATE TABLE image_name (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  image INTEGER NOT NULL REFERENCES image,
  path BLOB NOT NULL CHECK (length (path) > 0),
  UNIQUE (image, path)
) STRICT;
CREATE TRIGGER image_name_keeps BEFORE UPDATE ON image_name
BEGIN SELECT raise (ABORT, 'names never change'); END;

-- Likewise of folders.
CREATE TABLE root_name (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  root INTEGER NOT NULL REFERENCES root,
  path BLOB NOT NULL CHECK (length (path) > 0),
  UNIQUE (root, path)
) STRICT;
CREATE TRIGGER root_name_keeps BEFORE UPDATE ON root_name
BEGIN SELECT raise (ABORT, 'names never change'); END;

-- A file about to be renamed: written before, and taken out with the record. One that is left tells the next writer that
-- the record never came, and the file goes back. Absolute paths.
CREATE TABLE rename_begun (
  image INTEGER PRIMARY KEY REFERENCES image,
  before BLOB NOT NULL,
  after BLOB NOT NULL
) STRICT;

-- A filter somebody keeps; it is there while `current` is not NULL.
CREATE TABLE filter (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  current INTEGER -- of filter_revision
) STRICT;
CREATE TABLE filter_revision (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  filter INTEGER NOT NULL REFERENCES filter,
  name TEXT NOT NULL CHECK (name <> ''),
  query TEXT NOT NULL CHECK (json_valid (query)),
  by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX filter_revision_filter ON filter_revision (filter);
CREATE TRIGGER filter_revision_keeps BEFORE UPDATE ON filter_revision
BEGIN SELECT raise (ABORT, 'revisions never change'); END;
CREATE TRIGGER filter_points BEFORE UPDATE OF current ON filter
WHEN NEW.current IS NOT NULL AND NOT EXISTS (SELECT 1 FROM filter_revision WHERE id = NEW.current AND filter = NEW.id)
BEGIN SELECT raise (ABORT, 'no revision of this filter'); END;

CREATE INDEX tag_phrase ON tag (phrase) WHERE phrase IS NOT NULL;
