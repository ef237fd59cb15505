-- SPDX-License-Identifier: MIT
-- The project's tables. Ids are 63-bit and ordered by time; times are microseconds since 1970, UTC.
-- Revisions and verdicts never change once written: the live object points at its current one, and undo moves
-- that pointer back. A pointer that is NULL means that the object is not there (yet, or any more).

-- An import, a proposal run or a removal. Its rows show exactly while it is 'shown'.
CREATE TABLE entry (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  kind TEXT NOT NULL CHECK (kind IN ('import', 'run', 'removal')),
  state TEXT NOT NULL CHECK (state IN ('pending', 'shown', 'hidden')),
  format TEXT,
  source BLOB,
  settings TEXT CHECK (settings IS NULL OR json_valid (settings)),
  by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_state ON entry (state);

-- Rows of a hidden entry that another one took over: given back when that one is purged.
CREATE TABLE entry_taken (
  entry INTEGER NOT NULL REFERENCES entry,
  kind TEXT NOT NULL CHECK (kind IN ('image', 'caption', 'phrase', 'link', 'region')),
  target INTEGER NOT NULL,
  former INTEGER NOT NULL,
  PRIMARY KEY (entry, kind, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE root (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  path BLOB NOT NULL UNIQUE CHECK (length (path) > 0)
) STRICT;

-- `entry` NULL, here and below: made by a person, always shown.
CREATE TABLE image (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  root INTEGER NOT NULL REFERENCES root,
  path BLOB NOT NULL CHECK (length (path) > 0),
  size INTEGER CHECK (size >= 0),
  mtime INTEGER,
  quick_hash TEXT CHECK (length (quick_hash) = 64),
  full_hash TEXT CHECK (length (full_hash) = 64),
  width INTEGER NOT NULL CHECK (width >= 0),
  height INTEGER NOT NULL CHECK (height >= 0),
  orientation INTEGER NOT NULL CHECK (orientation BETWEEN 1 AND 8),
  state TEXT NOT NULL CHECK (state IN ('ok', 'missing', 'changed')),
  extra TEXT CHECK (extra IS NULL OR json_valid (extra)),
  entry INTEGER REFERENCES entry,
  UNIQUE (root, path)
) STRICT;
CREATE INDEX image_hash ON image (quick_hash) WHERE quick_hash IS NOT NULL;
CREATE INDEX image_entry ON image (entry, id);

CREATE TABLE removed_image (
  entry INTEGER NOT NULL REFERENCES entry,
  image INTEGER NOT NULL REFERENCES image,
  PRIMARY KEY (image, entry)
) STRICT, WITHOUT ROWID;

-- `identity`: 63 bits of the SHA-256 of what was imported, so that a later import knows it again.
CREATE TABLE caption (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  image INTEGER NOT NULL REFERENCES image,
  identity INTEGER NOT NULL,
  current INTEGER, -- of caption_revision
  extra TEXT CHECK (extra IS NULL OR json_valid (extra)),
  entry INTEGER REFERENCES entry,
  UNIQUE (image, identity)
) STRICT;
CREATE INDEX caption_entry ON caption (entry, id);

CREATE TABLE caption_revision (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  caption INTEGER NOT NULL REFERENCES caption,
  text TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX caption_revision_caption ON caption_revision (caption);

-- A coreference chain of an image.
CREATE TABLE entity (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  image INTEGER NOT NULL REFERENCES image,
  chain TEXT NOT NULL,
  UNIQUE (image, chain)
) STRICT;

CREATE TABLE phrase (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  image INTEGER NOT NULL REFERENCES image,
  caption INTEGER REFERENCES caption,
  identity INTEGER NOT NULL,
  current INTEGER, -- of phrase_revision
  entity INTEGER REFERENCES entity,
  types TEXT CHECK (types IS NULL OR json_valid (types)),
  extra TEXT CHECK (extra IS NULL OR json_valid (extra)),
  entry INTEGER REFERENCES entry,
  UNIQUE (image, identity)
) STRICT;
CREATE INDEX phrase_caption ON phrase (caption) WHERE caption IS NOT NULL;
CREATE INDEX phrase_entry ON phrase (entry, id);

-- A detached phrase lost its place when its caption was edited: its text stays, without spans.
CREATE TABLE phrase_revision (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  phrase INTEGER NOT NULL REFERENCES phrase,
  text TEXT NOT NULL,
  detached INTEGER NOT NULL DEFAULT 0 CHECK (detached IN (0, 1)),
  by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX phrase_revision_phrase ON phrase_revision (phrase);

-- Code points of the caption, end exclusive.
CREATE TABLE phrase_span (
  revision INTEGER NOT NULL REFERENCES phrase_revision,
  nth INTEGER NOT NULL CHECK (nth >= 0),
  first INTEGER NOT NULL CHECK (first >= 0),
  last INTEGER NOT NULL CHECK (last > first),
  PRIMARY KEY (revision, nth)
) STRICT, WITHOUT ROWID;

CREATE TABLE region (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  image INTEGER NOT NULL REFERENCES image,
  current INTEGER, -- of region_revision
  entry INTEGER REFERENCES entry
) STRICT;
CREATE INDEX region_entry ON region (entry, id);
CREATE INDEX region_image ON region (image);

-- Edges in pixels of the stored grid; `shape` holds a polygon's rings or a mask's runs (shape-bytes.c). A deletion is
-- a revision as well and repeats the shape it deletes.
CREATE TABLE region_revision (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  region INTEGER NOT NULL REFERENCES region,
  kind TEXT NOT NULL CHECK (kind IN ('box', 'polygon', 'mask')),
  x1 REAL NOT NULL CHECK (x1 > -1e12),
  y1 REAL NOT NULL CHECK (y1 > -1e12),
  x2 REAL NOT NULL CHECK (x2 > x1 AND x2 < 1e12),
  y2 REAL NOT NULL CHECK (y2 > y1 AND y2 < 1e12),
  shape BLOB CHECK ((kind = 'box') = (shape IS NULL)),
  origin TEXT NOT NULL CHECK (origin IN ('map', 'detector', 'import', 'person')),
  deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
  score REAL,
  model TEXT,
  parent INTEGER REFERENCES region_revision,
  extra TEXT CHECK (extra IS NULL OR json_valid (extra)),
  by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX region_revision_region ON region_revision (region);
CREATE INDEX region_revision_parent ON region_revision (parent) WHERE parent IS NOT NULL;

-- A phrase and one of its regions; `region` moves when a shared region is corrected for this phrase alone.
-- `identity` and `nth` are of what was imported (NULL: a person's); equal ones of a phrase are counted.
CREATE TABLE link (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  phrase INTEGER NOT NULL REFERENCES phrase,
  region INTEGER NOT NULL REFERENCES region,
  identity INTEGER,
  nth INTEGER CHECK (nth >= 0),
  entry INTEGER REFERENCES entry,
  CHECK ((identity IS NULL) = (nth IS NULL)),
  UNIQUE (phrase, identity, nth)
) STRICT;
CREATE INDEX link_region ON link (region);
CREATE INDEX link_entry ON link (entry, id);

-- The verdict of one reviewer in one pass on one phrase.
CREATE TABLE verdict_slot (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  phrase INTEGER NOT NULL REFERENCES phrase,
  reviewer TEXT NOT NULL CHECK (reviewer <> ''),
  pass INTEGER NOT NULL CHECK (pass >= 1),
  current INTEGER, -- of verdict
  UNIQUE (phrase, reviewer, pass)
) STRICT;

CREATE TABLE verdict (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  slot INTEGER NOT NULL REFERENCES verdict_slot,
  verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'corrected', 'rejected', 'absent', 'unsure')),
  adjudicated INTEGER NOT NULL DEFAULT 0 CHECK (adjudicated IN (0, 1)),
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX verdict_slot_verdict ON verdict (slot);

-- The region revisions a verdict approved.
CREATE TABLE verdict_region (
  verdict INTEGER NOT NULL REFERENCES verdict,
  revision INTEGER NOT NULL REFERENCES region_revision,
  PRIMARY KEY (verdict, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdict_region_revision ON verdict_region (revision);

-- A word on an image or on a phrase; it is there while `current` is 1.
CREATE TABLE tag (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  image INTEGER NOT NULL REFERENCES image,
  phrase INTEGER REFERENCES phrase,
  name TEXT NOT NULL CHECK (name <> ''),
  current INTEGER CHECK (current = 1)
) STRICT;
CREATE UNIQUE INDEX tag_target ON tag (image, ifnull (phrase, 0), name);

-- Every change, appended. `before` and `after` are for people; the steps are what undo moves.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('verdict', 'region', 'span', 'caption', 'tag', 'import', 'run', 'removal',
    'undo', 'redo')),
  target INTEGER NOT NULL,
  before TEXT CHECK (before IS NULL OR json_valid (before)),
  after TEXT CHECK (after IS NULL OR json_valid (after)),
  undoes INTEGER REFERENCES journal,
  CHECK ((undoes IS NOT NULL) = (kind IN ('undo', 'redo')))
) STRICT;
CREATE INDEX journal_undoes ON journal (undoes, seq) WHERE undoes IS NOT NULL;
CREATE INDEX journal_by ON journal (by, seq);

-- The pointer of `target` moved from one revision to another.
CREATE TABLE journal_step (
  seq INTEGER NOT NULL REFERENCES journal,
  nth INTEGER NOT NULL CHECK (nth >= 0),
  what TEXT NOT NULL CHECK (what IN ('region', 'link', 'verdict', 'phrase', 'caption', 'tag')),
  target INTEGER NOT NULL,
  before INTEGER,
  after INTEGER,
  PRIMARY KEY (seq, nth)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_step_target ON journal_step (target, seq);

CREATE TRIGGER journal_keeps_1 BEFORE UPDATE ON journal
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_keeps_2 BEFORE DELETE ON journal
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_step_keeps_1 BEFORE UPDATE ON journal_step
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_step_keeps_2 BEFORE DELETE ON journal_step
BEGIN SELECT raise (ABORT, 'the journal is append-only'); END;

-- Revisions and verdicts are never changed either (purging a half-done import may delete its own).
CREATE TRIGGER region_revision_keeps BEFORE UPDATE ON region_revision
BEGIN SELECT raise (ABORT, 'revisions never change'); END;
CREATE TRIGGER phrase_revision_keeps BEFORE UPDATE ON phrase_revision
BEGIN SELECT raise (ABORT, 'revisions never change'); END;
CREATE TRIGGER caption_revision_keeps BEFORE UPDATE ON caption_revision
BEGIN SELECT raise (ABORT, 'revisions never change'); END;
CREATE TRIGGER verdict_keeps_1 BEFORE UPDATE ON verdict
BEGIN SELECT raise (ABORT, 'verdicts never change'); END;
CREATE TRIGGER verdict_keeps_2 BEFORE DELETE ON verdict
BEGIN SELECT raise (ABORT, 'verdicts never change'); END;

-- A pointer only moves to a revision of its own object. (A foreign key would have every new revision look for objects
-- that wait for it.)
CREATE TRIGGER caption_points BEFORE UPDATE OF current ON caption
WHEN NEW.current IS NOT NULL AND NOT EXISTS (SELECT 1 FROM caption_revision WHERE id = NEW.current AND caption = NEW.id)
BEGIN SELECT raise (ABORT, 'no revision of this caption'); END;
CREATE TRIGGER phrase_points BEFORE UPDATE OF current ON phrase
WHEN NEW.current IS NOT NULL AND NOT EXISTS (SELECT 1 FROM phrase_revision WHERE id = NEW.current AND phrase = NEW.id)
BEGIN SELECT raise (ABORT, 'no revision of this phrase'); END;
CREATE TRIGGER region_points BEFORE UPDATE OF current ON region
WHEN NEW.current IS NOT NULL AND NOT EXISTS (SELECT 1 FROM region_revision WHERE id = NEW.current AND region = NEW.id)
BEGIN SELECT raise (ABORT, 'no revision of this region'); END;
CREATE TRIGGER verdict_points BEFORE UPDATE OF current ON verdict_slot
WHEN NEW.current IS NOT NULL AND NOT EXISTS (SELECT 1 FROM verdict WHERE id = NEW.current AND slot = NEW.id)
BEGIN SELECT raise (ABORT, 'no verdict of this reviewer and phrase'); END;

-- What readers see. -----------------------------------------------------------------------------------------------

CREATE VIEW shown_image AS
SELECT i.*, r.path AS root_path FROM image i JOIN root r ON r.id = i.root
WHERE (i.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = i.entry) = 'shown')
  AND NOT EXISTS (SELECT 1 FROM removed_image m JOIN entry e ON e.id = m.entry WHERE m.image = i.id AND e.state = 'shown');

CREATE VIEW shown_caption AS
SELECT c.id, c.image, c.extra, r.text FROM caption c JOIN caption_revision r ON r.id = c.current
WHERE c.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = c.entry) = 'shown';

CREATE VIEW shown_phrase AS
SELECT p.id, p.image, p.caption, p.entity, p.types, p.extra, p.current, r.text, r.detached
FROM phrase p JOIN phrase_revision r ON r.id = p.current
WHERE p.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = p.entry) = 'shown';

-- One row for each link of a phrase to a region that is there.
CREATE VIEW shown_region AS
SELECT l.id AS link, l.phrase, l.region, r.image, v.id AS revision, v.kind, v.x1, v.y1, v.x2, v.y2, v.shape, v.origin,
  v.score, v.model, v.extra
FROM link l JOIN region r ON r.id = l.region JOIN region_revision v ON v.id = r.current
WHERE v.deleted = 0
  AND (l.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = l.entry) = 'shown')
  AND (r.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = r.entry) = 'shown');

-- A verdict is stale exactly while a revision it names is not the current one.
CREATE VIEW verdict_now AS
SELECT v.id, s.phrase, s.reviewer, s.pass, v.verdict, v.adjudicated, v.at,
  EXISTS (SELECT 1 FROM verdict_region n JOIN region_revision w ON w.id = n.revision JOIN region r ON r.id = w.region
          WHERE n.verdict = v.id AND r.current IS NOT n.revision) AS stale
FROM verdict_slot s JOIN verdict v ON v.id = s.current;

-- The adjudicated verdict decides, else the latest that is not stale.
CREATE VIEW phrase_verdict AS
SELECT p.id AS phrase,
  (SELECT n.id FROM verdict_now n WHERE n.phrase = p.id AND (n.adjudicated = 1 OR n.stale = 0)
   ORDER BY n.adjudicated DESC, n.at DESC, n.id DESC LIMIT 1) AS verdict
FROM phrase p;

-- Labels of a phrase: the one rule for export, sets, training and statistics.
CREATE VIEW phrase_label AS
SELECT r.* FROM shown_region r JOIN phrase_verdict d ON d.phrase = r.phrase LEFT JOIN verdict_now v ON v.id = d.verdict
WHERE CASE
  WHEN v.id IS NULL OR v.stale OR v.verdict = 'unsure' THEN r.origin IN ('import', 'person')
  WHEN v.verdict IN ('accepted', 'corrected')
    THEN EXISTS (SELECT 1 FROM verdict_region n WHERE n.verdict = v.id AND n.revision = r.revision)
  ELSE 0 END;
