-- SPDX-License-Identifier: MIT
-- What models see in phrases, how far their scores can be trusted, and the lists that people work through.

-- One row for each phrase, model ("name hash") and run, written by the run; so no order of a queue computes anything.
-- Places are pixels of the stored grid.
CREATE TABLE phrase_measure (
  phrase INTEGER NOT NULL REFERENCES phrase,
  model TEXT NOT NULL CHECK (model <> ''),
  revision INTEGER NOT NULL,  -- of the phrase, as it was
  entry INTEGER NOT NULL REFERENCES entry,
  alone INTEGER NOT NULL CHECK (alone IN (0, 1)), -- the map's text was the phrase itself
  match REAL NOT NULL,        -- of the phrase itself with the picture, 0..1
  text_match REAL NOT NULL,   -- of the map's text
  spread REAL NOT NULL,       -- share of the picture above half the peak
  peaks INTEGER NOT NULL,
  peak_x REAL,                -- NULL: the map is empty
  peak_y REAL,
  energy REAL,                -- share of the map inside the top proposal
  outside INTEGER CHECK (outside IN (0, 1)), -- the peak lies outside the top proposal
  methods REAL,               -- how far another method's map differs, 0 (the same) to 1 (nowhere alike)
  twin REAL,                  -- the momentum twin's
  other REAL,                 -- another checkpoint's
  other_model TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (phrase, model, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX phrase_measure_entry ON phrase_measure (entry, phrase);

-- The latest of those that show, as long as the phrase is what it was.
CREATE VIEW measure_now AS
SELECT m.* FROM phrase_measure m JOIN entry e ON e.id = m.entry JOIN phrase p ON p.id = m.phrase AND p.current = m.revision
WHERE e.state = 'shown' AND NOT EXISTS (
  SELECT 1 FROM phrase_measure n JOIN entry f ON f.id = n.entry
  WHERE n.phrase = m.phrase AND n.model = m.model AND (n.at, n.entry) > (m.at, m.entry) AND f.state = 'shown');

-- How often people accepted proposals of a model up to a score: steps that only rise.
CREATE TABLE calibration (
  model TEXT NOT NULL CHECK (model <> ''),
  score REAL NOT NULL,
  share REAL NOT NULL CHECK (share BETWEEN 0 AND 1),
  n INTEGER NOT NULL CHECK (n > 0),
  PRIMARY KEY (model, score)
) STRICT, WITHOUT ROWID;

-- A reviewer's list in one pass, frozen until it is made again; `position` is where the reviewer is.
CREATE TABLE queue (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  reviewer TEXT NOT NULL CHECK (reviewer <> ''),
  pass INTEGER NOT NULL CHECK (pass >= 1),
  settings TEXT NOT NULL CHECK (json_valid (settings)),
  position INTEGER NOT NULL DEFAULT 0 CHECK (position >= 0),
  at INTEGER NOT NULL,
  UNIQUE (reviewer, pass)
) STRICT;

CREATE TABLE queue_item (
  queue INTEGER NOT NULL REFERENCES queue,
  nth INTEGER NOT NULL CHECK (nth >= 0),
  phrase INTEGER NOT NULL REFERENCES phrase,
  kind TEXT NOT NULL CHECK (kind IN ('plain', 'again', 'known', 'repeat')),
  reason TEXT NOT NULL,
  pass INTEGER NOT NULL CHECK (pass >= 1), -- of the verdict: repeated items have passes of their own
  PRIMARY KEY (queue, nth)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_item_phrase ON queue_item (queue, phrase);
