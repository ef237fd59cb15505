/* SPDX-License-Identifier: MIT
 * STATEMENT (name, sql): every statement that is prepared, sorted by what it is about. Included by statements.h for the
 * names and by database.c for the texts; hence no guard. */

/* Entries: imports, runs and removals */
STATEMENT (ENTRY_INSERT, "INSERT INTO entry (id, kind, state, format, source, settings, by, at) VALUES (?,?,?,?,?,?,?,?)")
STATEMENT (ENTRY_SET_STATE, "UPDATE entry SET state = ?2 WHERE id = ?1")
STATEMENT (ENTRY_SET_SETTINGS, "UPDATE entry SET settings = ?2 WHERE id = ?1")
STATEMENT (ENTRY_SOURCES, "SELECT id, source, settings FROM entry WHERE source IS NOT NULL ORDER BY id")
STATEMENT (ENTRY_SET_SOURCE, "UPDATE entry SET source = ?2, settings = ?3 WHERE id = ?1")
STATEMENT (ENTRY_PENDING, "SELECT id FROM entry WHERE state = 'pending' LIMIT 1")
STATEMENT (ENTRY_GET, "SELECT id, kind, state FROM entry WHERE id = ?")
STATEMENT (ENTRY_LAST, "SELECT id FROM entry WHERE kind = ?1 AND state = ?2 ORDER BY id DESC LIMIT 1")
STATEMENT (ENTRY_DELETE, "DELETE FROM entry WHERE id = ?1 AND state = 'pending'")
STATEMENT (ENTRY_COCO_CATEGORIES,
           "SELECT settings FROM entry WHERE state = 'shown' AND format = 'coco' AND settings IS NOT NULL ORDER BY id")
STATEMENT (ENTRY_SETTINGS, "SELECT settings, source FROM entry WHERE state = 'shown' AND format = ? AND settings IS NOT NULL ORDER BY id")
STATEMENT (BACK_SOURCES, "SELECT source, settings FROM entry WHERE kind = 'import' AND state = 'shown' AND format = ? ORDER BY id DESC")
STATEMENT (BACK_LINKS, "SELECT l.id, ifnull (l.identity, 0), l.region, EXISTS (SELECT 1 FROM shown_region r WHERE r.link = l.id), e.format"
           " FROM link l LEFT JOIN entry e ON e.id = l.entry WHERE l.phrase = ? AND (e.id IS NULL OR e.state = 'shown')"
           " ORDER BY l.nth IS NULL, l.nth, l.id")
/* Whether a verdict, undone ones too, ever said that the region is no label of the phrase */
STATEMENT (BACK_WAS_OUT,
  "SELECT EXISTS (SELECT 1 FROM verdict_slot s JOIN verdict v ON v.slot = s.id WHERE s.phrase = ?1 AND v.verdict <> 'unsure'"
  " AND NOT EXISTS (SELECT 1 FROM verdict_region n JOIN region_revision r ON r.id = n.revision"
  " WHERE n.verdict = v.id AND r.region = ?2))")
STATEMENT (BACK_REVISIONS, "SELECT kind, x1, y1, x2, y2, shape FROM region_revision WHERE region = ? ORDER BY id DESC")
/* A person's record on anything the entry brought in */
STATEMENT (ENTRY_HANGS_ON,
  "SELECT (SELECT count (*) FROM verdict_slot s JOIN phrase p ON p.id = s.phrase WHERE p.entry = ?1 AND s.current IS NOT NULL)"
  " + (SELECT count (*) FROM verdict_slot s JOIN verdict_region n ON n.verdict = s.current"
  "    JOIN region_revision v ON v.id = n.revision JOIN region r ON r.id = v.region WHERE r.entry = ?1)"
  " + (SELECT count (*) FROM region r WHERE r.entry = ?1"
  "    AND r.current <> (SELECT min (v.id) FROM region_revision v WHERE v.region = r.id))"
  " + (SELECT count (*) FROM caption c WHERE c.entry = ?1"
  "    AND c.current <> (SELECT min (v.id) FROM caption_revision v WHERE v.caption = c.id))"
  " + (SELECT count (*) FROM phrase p JOIN link l ON l.phrase = p.id JOIN region r ON r.id = l.region"
  "    WHERE p.entry = ?1 AND l.entry IS NULL AND r.current IS NOT NULL)"
  " + (SELECT count (*) FROM image i JOIN phrase p ON p.image = i.id"
  "    WHERE i.entry = ?1 AND p.entry IS NULL AND p.current IS NOT NULL)"
  " + (SELECT count (*) FROM image i JOIN caption c ON c.image = i.id"
  "    WHERE i.entry = ?1 AND c.entry IS NULL AND c.current IS NOT NULL)"
  " + (SELECT count (*) FROM phrase p WHERE p.entry = ?1"
  "    AND p.current IS NOT (SELECT min (v.id) FROM phrase_revision v WHERE v.phrase = p.id))"
  " + (SELECT count (*) FROM tag t JOIN image i ON i.id = t.image WHERE i.entry = ?1 AND t.current = 1)")

STATEMENT (TAKEN_ADD, "INSERT OR IGNORE INTO entry_taken (entry, kind, target, former) VALUES (?,?,?,?)")
STATEMENT (TAKEN_FORGET, "DELETE FROM entry_taken WHERE entry = ?")
STATEMENT (TAKEN_IMAGES_BACK, "UPDATE image SET entry = t.former FROM entry_taken t"
           " WHERE t.entry = ?1 AND t.kind = 'image' AND image.id = t.target AND image.entry = ?1")
STATEMENT (TAKEN_CAPTIONS_BACK, "UPDATE caption SET entry = t.former FROM entry_taken t"
           " WHERE t.entry = ?1 AND t.kind = 'caption' AND caption.id = t.target AND caption.entry = ?1")
STATEMENT (TAKEN_PHRASES_BACK, "UPDATE phrase SET entry = t.former FROM entry_taken t"
           " WHERE t.entry = ?1 AND t.kind = 'phrase' AND phrase.id = t.target AND phrase.entry = ?1")
STATEMENT (TAKEN_REGIONS_BACK, "UPDATE region SET entry = t.former FROM entry_taken t"
           " WHERE t.entry = ?1 AND t.kind = 'region' AND region.id = t.target AND region.entry = ?1")
STATEMENT (TAKEN_LINKS_BACK, "UPDATE link SET entry = t.former FROM entry_taken t"
           " WHERE t.entry = ?1 AND t.kind = 'link' AND link.id = t.target AND link.entry = ?1")
STATEMENT (CLAIM_IMAGE, "UPDATE image SET entry = ?2 WHERE id = ?1")
STATEMENT (CLAIM_CAPTION, "UPDATE caption SET entry = ?2 WHERE id = ?1")
STATEMENT (CLAIM_PHRASE, "UPDATE phrase SET entry = ?2 WHERE id = ?1")
STATEMENT (CLAIM_REGION, "UPDATE region SET entry = ?2 WHERE id = ?1")
STATEMENT (CLAIM_LINK, "UPDATE link SET entry = ?2 WHERE id = ?1")

/* Purging an entry, slice by slice (?2 rows) */
STATEMENT (PURGE_LINKS, "DELETE FROM link WHERE id IN (SELECT id FROM link WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_REGION_REVISIONS, "DELETE FROM region_revision WHERE region IN"
           " (SELECT id FROM region WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_REGIONS, "DELETE FROM region WHERE id IN (SELECT id FROM region WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_SPANS, "DELETE FROM phrase_span WHERE revision IN (SELECT id FROM phrase_revision WHERE phrase IN"
           " (SELECT id FROM phrase WHERE entry = ?1 ORDER BY id LIMIT ?2))")
STATEMENT (PURGE_PHRASE_REVISIONS, "DELETE FROM phrase_revision WHERE phrase IN"
           " (SELECT id FROM phrase WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_PHRASES, "DELETE FROM phrase WHERE id IN (SELECT id FROM phrase WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_CAPTION_REVISIONS, "DELETE FROM caption_revision WHERE caption IN"
           " (SELECT id FROM caption WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_CAPTIONS, "DELETE FROM caption WHERE id IN (SELECT id FROM caption WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_ENTITIES, "DELETE FROM entity WHERE image IN (SELECT id FROM image WHERE entry = ?1 ORDER BY id LIMIT ?2)")
STATEMENT (PURGE_IMAGES, "DELETE FROM image WHERE id IN (SELECT id FROM image WHERE entry = ?1 ORDER BY id LIMIT ?2)")

/* Images */
STATEMENT (ROOT_ALL, "SELECT id, path FROM root ORDER BY id")
STATEMENT (ROOT_INSERT, "INSERT INTO root (id, path) VALUES (?,?)")
STATEMENT (ROOT_RELINK, "UPDATE root SET path = ?2 WHERE id = ?1")
STATEMENT (IMAGE_FIND, "SELECT i.id, i.entry, e.state, i.state, i.width, i.height, i.orientation, i.quick_hash"
           " FROM image i LEFT JOIN entry e ON e.id = i.entry WHERE i.root = ? AND i.path = ?")
STATEMENT (IMAGE_INSERT, "INSERT INTO image (id, root, path, size, mtime, quick_hash, width, height, orientation, state,"
           " extra, entry) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")
STATEMENT (IMAGE_REFRESH, "UPDATE image SET size = ?2, mtime = ?3, quick_hash = ?4, width = ?5, height = ?6,"
           " orientation = ?7, state = ?8, full_hash = NULL WHERE id = ?1")
STATEMENT (IMAGE_UNHASHED, "SELECT id, path, root_path FROM shown_image WHERE full_hash IS NULL"
           " AND quick_hash IS NOT NULL AND state = 'ok' AND id > ? ORDER BY id LIMIT 1")
STATEMENT (IMAGE_CHANGED, "SELECT id, path, root_path FROM shown_image WHERE state = 'changed' AND id > ?"
           " ORDER BY id LIMIT 1")
STATEMENT (REMOVED_INSERT, "INSERT OR IGNORE INTO removed_image (entry, image) VALUES (?,?)")
STATEMENT (IMAGE_SET_STATE, "UPDATE image SET state = ?2 WHERE id = ?1")
STATEMENT (IMAGE_SET_FULL_HASH, "UPDATE image SET full_hash = ?2 WHERE id = ?1")
STATEMENT (IMAGE_NEXT, "SELECT id, path, root_path, width, height, orientation, state, extra, size, mtime, quick_hash,"
           " full_hash, root FROM shown_image WHERE id > ? ORDER BY id LIMIT 1")
STATEMENT (IMAGE_GET, "SELECT id, path, root_path, width, height, orientation, state, extra, size, mtime, quick_hash,"
           " full_hash, root FROM shown_image WHERE id = ?")
STATEMENT (IMAGE_LIST, "SELECT id, path, root_path, width, height, orientation, state, quick_hash, full_hash"
           " FROM shown_image WHERE id > ?1 ORDER BY id LIMIT ?2")
STATEMENT (IMAGE_FILTERED, "SELECT id, path, root_path, width, height, orientation, state, quick_hash, full_hash"
           " FROM shown_image WHERE id IN (SELECT rowid FROM search_name WHERE search_name MATCH ?3) AND id > ?1 ORDER BY id LIMIT ?2")
STATEMENT (IMAGE_COCO_IDS, "SELECT id, json_extract (extra, '$.coco.id') FROM shown_image"
           " WHERE extra IS NOT NULL AND json_extract (extra, '$.coco.id') IS NOT NULL ORDER BY id")
/* Equal by their quick hash, unless their full ones say otherwise */
#define IMAGE_EQUAL "FROM shown_image WHERE quick_hash IS NOT NULL GROUP BY quick_hash, size" \
  " HAVING count (*) > max (1, count (DISTINCT full_hash))"
STATEMENT (IMAGE_DUPLICATES, "SELECT count (*) FROM (SELECT quick_hash " IMAGE_EQUAL ")")
STATEMENT (IMAGE_DUPLICATE_LIST, "SELECT id, path, quick_hash || size FROM shown_image"
           " WHERE (quick_hash, size) IN (SELECT quick_hash, size " IMAGE_EQUAL ")"
           " ORDER BY quick_hash, size, id LIMIT 200")

/* Captions, phrases, chains */
STATEMENT (CAPTION_FIND, "SELECT c.id, c.entry, e.state FROM caption c LEFT JOIN entry e ON e.id = c.entry"
           " WHERE c.image = ? AND c.identity = ?")
STATEMENT (CAPTION_INSERT, "INSERT INTO caption (id, image, identity, current, extra, entry) VALUES (?,?,?,?,?,?)")
STATEMENT (CAPTION_REVISION_INSERT, "INSERT INTO caption_revision (id, caption, text, by, at) VALUES (?,?,?,?,?)")
STATEMENT (CAPTION_SET, "UPDATE caption SET current = ?2 WHERE id = ?1")
STATEMENT (CAPTION_CURRENT, "SELECT current FROM caption WHERE id = ?")
STATEMENT (CAPTION_GET, "SELECT c.id, c.image, r.text, c.current FROM caption c JOIN caption_revision r ON r.id = c.current"
           " WHERE c.id = ?")
STATEMENT (CAPTION_FIRST_TEXT, "SELECT id, text FROM caption_revision WHERE caption = ? ORDER BY id LIMIT 1")
STATEMENT (CAPTION_REVISION_TEXT, "SELECT id, text FROM caption_revision WHERE id = ?")
STATEMENT (CAPTIONS_EDITED, "SELECT count (*) FROM shown_caption s JOIN caption c ON c.id = s.id"
           " JOIN entry e ON e.id = c.entry WHERE e.format = ?1"
           " AND c.current <> (SELECT min (v.id) FROM caption_revision v WHERE v.caption = c.id)")
STATEMENT (CAPTIONS_OF_IMAGE, "SELECT id, text, extra FROM shown_caption WHERE image = ? ORDER BY id")
STATEMENT (CAPTION_LIST, "SELECT c.id, c.image, c.text, i.path FROM shown_caption c JOIN shown_image i ON i.id = c.image"
           " WHERE c.id > ?1 ORDER BY c.id LIMIT ?2")
STATEMENT (CAPTION_FILTERED, "SELECT c.id, c.image, c.text, i.path FROM shown_caption c JOIN shown_image i ON i.id = c.image"
           " WHERE c.id IN (SELECT rowid FROM search_text WHERE search_text MATCH ?3) AND c.id > ?1 ORDER BY c.id LIMIT ?2")
STATEMENT (ENTITY_FIND, "SELECT id FROM entity WHERE image = ? AND chain = ?")
STATEMENT (ENTITY_INSERT, "INSERT INTO entity (id, image, chain) VALUES (?,?,?)")
STATEMENT (PHRASE_FIND, "SELECT p.id, p.entry, e.state FROM phrase p LEFT JOIN entry e ON e.id = p.entry"
           " WHERE p.image = ? AND p.identity = ?")
STATEMENT (PHRASE_INSERT, "INSERT INTO phrase (id, image, caption, identity, current, entity, types, extra, entry)"
           " VALUES (?,?,?,?,?,?,?,?,?)")
STATEMENT (PHRASE_REVISION_INSERT, "INSERT INTO phrase_revision (id, phrase, text, detached, by, at) VALUES (?,?,?,?,?,?)")
STATEMENT (PHRASE_REVISION_TEXT, "SELECT id, text FROM phrase_revision WHERE id = ?")
STATEMENT (PHRASE_SPAN_INSERT, "INSERT INTO phrase_span (revision, nth, first, last) VALUES (?,?,?,?)")
STATEMENT (PHRASE_SET, "UPDATE phrase SET current = ?2 WHERE id = ?1")
STATEMENT (PHRASE_CURRENT, "SELECT current FROM phrase WHERE id = ?")
STATEMENT (PHRASE_IMAGE, "SELECT image FROM phrase WHERE id = ?")
STATEMENT (PHRASE_SHOWN, "SELECT p.id, p.image, p.text, p.current FROM shown_phrase p JOIN shown_image i ON i.id = p.image"
           " WHERE p.id = ?")
STATEMENT (PHRASES_OF_CAPTION, "SELECT id, current, text FROM shown_phrase WHERE caption = ? AND detached = 0 ORDER BY id")
STATEMENT (PHRASES_OF_IMAGE, "SELECT p.id, p.caption, p.text, p.detached, p.current, p.types, p.extra, n.chain"
           " FROM shown_phrase p LEFT JOIN entity n ON n.id = p.entity WHERE p.image = ? ORDER BY p.id")
STATEMENT (SPANS, "SELECT first, last FROM phrase_span WHERE revision = ? ORDER BY nth")
#define PHRASE_LIST_COLUMNS "SELECT p.id, p.image, i.path, c.text, p.caption, p.text, p.detached, p.current, p.types, n.chain," \
  " (SELECT count (*) FROM shown_region r WHERE r.phrase = p.id)" \
  " FROM shown_phrase p JOIN shown_image i ON i.id = p.image LEFT JOIN shown_caption c ON c.id = p.caption" \
  " LEFT JOIN entity n ON n.id = p.entity"
STATEMENT (PHRASE_LIST, PHRASE_LIST_COLUMNS " WHERE p.id > ?1 ORDER BY p.id LIMIT ?2")
STATEMENT (PHRASE_ONE, PHRASE_LIST_COLUMNS " WHERE p.id = ?1")

STATEMENT (PHRASE_FILTERED, PHRASE_LIST_COLUMNS " WHERE p.id IN (SELECT rowid FROM search_text WHERE search_text MATCH ?3)"
           " AND p.id > ?1 ORDER BY p.id LIMIT ?2")

/* Regions and their links */
STATEMENT (REGION_INSERT, "INSERT INTO region (id, image, current, entry) VALUES (?,?,?,?)")
STATEMENT (REGION_REVISION_INSERT, "INSERT INTO region_revision (id, region, kind, x1, y1, x2, y2, shape, origin, deleted,"
           " score, model, parent, extra, by, at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
STATEMENT (REGION_SET, "UPDATE region SET current = ?2 WHERE id = ?1")
STATEMENT (REGION_IMAGE, "SELECT image FROM region WHERE id = ?")
STATEMENT (REGION_CURRENT, "SELECT current FROM region WHERE id = ?")
STATEMENT (REGION_PHRASES, "SELECT count (DISTINCT phrase) FROM shown_region WHERE region = ?")
STATEMENT (REVISION_GET, "SELECT id, region, kind, x1, y1, x2, y2, shape, origin, deleted, score, model, parent, extra"
           " FROM region_revision WHERE id = ?")
STATEMENT (LINK_FIND, "SELECT l.id, l.region, l.entry, e.state FROM link l LEFT JOIN entry e ON e.id = l.entry"
           " WHERE l.phrase = ? AND l.identity = ? AND l.nth = ?")
STATEMENT (LINK_OF_REGION, "SELECT id FROM link WHERE phrase = ? AND region = ? LIMIT 1")
STATEMENT (LINK_INSERT, "INSERT INTO link (id, phrase, region, identity, nth, entry) VALUES (?,?,?,?,?,?)")
STATEMENT (LINK_INSERT_OWN, "INSERT INTO link (id, phrase, region, entry) VALUES (?,?,?,NULL)")
STATEMENT (LINK_SET, "UPDATE link SET region = ?2 WHERE id = ?1")
STATEMENT (LINK_CURRENT, "SELECT region FROM link WHERE id = ?")
STATEMENT (REGION_ENTRY, "SELECT r.entry, e.state FROM region r LEFT JOIN entry e ON e.id = r.entry WHERE r.id = ?")
STATEMENT (SEEN_GET, "SELECT n FROM temp.seen WHERE phrase = ? AND identity = ?")
STATEMENT (MET_ADD, "INSERT OR IGNORE INTO temp.met (link) VALUES (?)")
STATEMENT (MET_ADD_REGION, "INSERT OR IGNORE INTO temp.met (link) SELECT id FROM link WHERE phrase = ? AND region = ?")
STATEMENT (SEEN_SET, "INSERT OR REPLACE INTO temp.seen (phrase, identity, n) VALUES (?,?,?)")
#define REGION_COLUMNS "SELECT r.link, r.region, r.revision, r.kind, r.x1, r.y1, r.x2, r.y2, r.shape, r.origin, r.score, r.model," \
  " r.extra, r.phrase"
STATEMENT (REGIONS_OF_PHRASE, REGION_COLUMNS " FROM shown_region r WHERE r.phrase = ? ORDER BY r.link")
STATEMENT (LABELS_OF_PHRASE, REGION_COLUMNS " FROM phrase_label r WHERE r.phrase = ? ORDER BY r.link")
STATEMENT (REGION_OF_LINK, REGION_COLUMNS " FROM shown_region r WHERE r.link = ?")
/* Labels or not, deleted or not: what the first revision of each kept */
STATEMENT (LINKS_OF_IMAGE, "SELECT l.id, v.extra FROM link l JOIN phrase p ON p.id = l.phrase JOIN region_revision v"
           " ON v.id = (SELECT min (w.id) FROM region_revision w WHERE w.region = l.region) WHERE p.image = ?"
           " AND (l.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = l.entry) = 'shown') ORDER BY l.id")
STATEMENT (REGIONS_OF_PERSONS, "SELECT r.region, r.kind, r.x1, r.y1, r.x2, r.y2, r.shape FROM shown_region r"
           " WHERE r.phrase = ? AND r.origin = 'person' ORDER BY r.link")
STATEMENT (REGION_LIST, REGION_COLUMNS ", i.path, i.id, p.text FROM shown_region r JOIN shown_phrase p ON p.id = r.phrase"
           " JOIN shown_image i ON i.id = p.image WHERE r.link > ?1 ORDER BY r.link LIMIT ?2")

/* Records of a source imported before that are not in it any more, on phrases that got new ones from it */
STATEMENT (CHANGED_BEFORE, "SELECT 1 FROM entry WHERE kind = 'import' AND state = 'shown' AND format = ? AND source = ?"
           " LIMIT 1")
#define CHANGED_UNMET " FROM link l CROSS JOIN entry e ON e.id = l.entry LEFT JOIN temp.seen s ON s.phrase = l.phrase" \
  " AND s.identity = l.identity WHERE l.identity IS NOT NULL AND e.kind = 'import' AND e.state = 'shown'" \
  " AND e.format = ?2 AND e.source = ?3 AND (s.n IS NULL OR l.nth >= s.n)" \
  " AND NOT EXISTS (SELECT 1 FROM temp.met m WHERE m.link = l.id)"
#define CHANGED_OWN " AND NOT EXISTS (SELECT 1 FROM entry_taken t WHERE t.entry = ?1 AND t.kind = 'link'" \
  " AND t.target = n.id)"
STATEMENT (CHANGED_NEXT, "SELECT n.id, n.phrase FROM link n WHERE n.entry = ?1 AND n.id > ?4" CHANGED_OWN
           " AND EXISTS (SELECT 1" CHANGED_UNMET " AND l.phrase = n.phrase) ORDER BY n.id LIMIT 1")
/* What a record was, and whether a person changed it or judged its phrase */
STATEMENT (CHANGED_OLD, "SELECT l.id, (SELECT c.id IS NULL OR c.origin = 'person' OR c.deleted FROM region r LEFT JOIN"
           " region_revision c ON c.id = r.current WHERE r.id = l.region)"
           " OR EXISTS (SELECT 1 FROM verdict_slot v WHERE v.phrase = l.phrase AND v.current IS NOT NULL),"
           " o.x1, o.y1, o.x2, o.y2"
           " FROM (SELECT l.id, l.phrase, l.region" CHANGED_UNMET " AND l.phrase = ?4) l"
           " JOIN region_revision o ON o.id = (SELECT min (w.id) FROM region_revision w WHERE w.region = l.region)"
           " WHERE o.origin IN ('import', 'person') ORDER BY l.id LIMIT 1000")
STATEMENT (CHANGED_NEW, "SELECT n.id, n.region, o.x1, o.y1, o.x2, o.y2 FROM link n JOIN region r ON r.id = n.region"
           " JOIN region_revision o ON o.id = r.current WHERE +n.entry = ?1 AND n.phrase = ?2"
           " AND o.origin = 'import'" CHANGED_OWN " ORDER BY n.id LIMIT 1000")
STATEMENT (CHANGED_NAME, "SELECT p.id, i.path, r.text FROM phrase p JOIN image i ON i.id = p.image"
           " JOIN phrase_revision r ON r.phrase = p.id WHERE p.id = ? ORDER BY r.id = p.current DESC LIMIT 1")
STATEMENT (DROP_LINK, "DELETE FROM link WHERE id = ?1 AND entry = ?2")
STATEMENT (DROP_REVISIONS, "DELETE FROM region_revision"
           " WHERE region = (SELECT id FROM region WHERE id = ?1 AND entry = ?2)"
           " AND NOT EXISTS (SELECT 1 FROM link WHERE region = ?1)")
STATEMENT (DROP_REGION, "DELETE FROM region WHERE id = ?1 AND entry = ?2"
           " AND NOT EXISTS (SELECT 1 FROM link WHERE region = ?1)")

/* Verdicts */
STATEMENT (SLOT_FIND, "SELECT id, current FROM verdict_slot WHERE phrase = ? AND reviewer = ? AND pass = ?")
STATEMENT (SLOT_INSERT, "INSERT INTO verdict_slot (id, phrase, reviewer, pass, current) VALUES (?,?,?,?,NULL)")
STATEMENT (SLOT_SET, "UPDATE verdict_slot SET current = ?2 WHERE id = ?1")
STATEMENT (SLOT_CURRENT, "SELECT current FROM verdict_slot WHERE id = ?")
STATEMENT (VERDICT_INSERT, "INSERT INTO verdict (id, slot, verdict, adjudicated, at) VALUES (?,?,?,?,?)")
STATEMENT (VERDICT_GET, "SELECT id, verdict FROM verdict WHERE id = ?")
STATEMENT (VERDICT_REGION_INSERT, "INSERT INTO verdict_region (verdict, revision) VALUES (?,?)")
/* Also what a region of the phrase was copied or made from */
STATEMENT (REVISION_ON_PHRASE, "SELECT EXISTS (SELECT 1 FROM link l JOIN region_revision v ON v.region = l.region"
           " WHERE l.phrase = ?1 AND (v.id = ?2 OR v.parent = ?2))")
STATEMENT (VERDICT_REGIONS, "SELECT revision FROM verdict_region WHERE verdict = ? ORDER BY revision")
STATEMENT (VERDICT_OF_PHRASE, "SELECT v.id, v.verdict, v.stale, v.reviewer FROM phrase_verdict d JOIN verdict_now v"
           " ON v.id = d.verdict WHERE d.phrase = ?")
STATEMENT (VERDICT_LIST, "SELECT v.id, v.phrase, v.verdict, v.reviewer, v.at, v.pass, v.stale, v.adjudicated, i.path, i.id"
           " FROM verdict_now v JOIN shown_phrase p ON p.id = v.phrase JOIN shown_image i ON i.id = p.image"
           " WHERE v.id > ?1 ORDER BY v.id LIMIT ?2")

/* History of a phrase: everything that its records moved */
#define PHRASE_TARGETS "(SELECT id FROM verdict_slot WHERE phrase = ?1 UNION SELECT id FROM link WHERE phrase = ?1" \
  " UNION SELECT region FROM link WHERE phrase = ?1 UNION SELECT s.before FROM journal_step s JOIN link l ON l.id = s.target" \
  "  WHERE l.phrase = ?1 AND s.what = 'link' AND s.before IS NOT NULL UNION SELECT ?1 UNION SELECT id FROM tag WHERE phrase = ?1)"
STATEMENT (HISTORY_RECORDS, "SELECT DISTINCT j.seq, j.at, j.by, j.kind, j.undoes,"
           " ifnull ((SELECT u.kind FROM journal u WHERE u.undoes = j.seq ORDER BY u.seq DESC LIMIT 1), 'redo') = 'undo'"
           " FROM journal_step s JOIN journal j ON j.seq = s.seq WHERE s.target IN " PHRASE_TARGETS " ORDER BY j.seq")
STATEMENT (HISTORY_STEPS, "SELECT s.what, s.target, s.before, s.after FROM journal_step s WHERE s.seq = ?2 AND s.target IN " PHRASE_TARGETS
           " ORDER BY s.nth")
STATEMENT (HISTORY_MADE, "SELECT e.at, e.by, e.kind, v.model, count (*) FROM link l JOIN region_revision v ON v.id ="
           " (SELECT min (w.id) FROM region_revision w WHERE w.region = l.region) JOIN entry e ON e.id = l.entry"
           " WHERE l.phrase = ?1 AND e.state = 'shown' AND v.origin <> 'person' GROUP BY e.id, v.model ORDER BY e.id")
STATEMENT (HISTORY_LATER, "SELECT s.what, s.target, s.before, min (s.seq * 100000 + s.nth) FROM journal_step s WHERE s.seq > ?2 AND s.what IN ('region', 'link', 'verdict')"
           " AND s.target IN " PHRASE_TARGETS " GROUP BY s.what, s.target"
           " ORDER BY s.what = 'verdict', s.target")
STATEMENT (SLOT_REVIEWER, "SELECT id, reviewer FROM verdict_slot WHERE id = ?")
STATEMENT (VERDICT_NAME, "SELECT id, verdict, adjudicated FROM verdict WHERE id = ?")

/* Tags */
STATEMENT (TAG_FIND, "SELECT id, current FROM tag WHERE image = ?1 AND ifnull (phrase, 0) = ?2 AND name = ?3")
STATEMENT (TAG_INSERT, "INSERT INTO tag (id, image, phrase, name, current) VALUES (?,?,?,?,NULL)")
STATEMENT (TAG_SET, "UPDATE tag SET current = ?2 WHERE id = ?1")
STATEMENT (TAG_CURRENT, "SELECT current FROM tag WHERE id = ?")

/* Journal */
STATEMENT (JOURNAL_INSERT, "INSERT INTO journal (at, by, kind, target, before, after, undoes) VALUES (?,?,?,?,?,?,?)"
           " RETURNING seq")
STATEMENT (JOURNAL_STEP_INSERT, "INSERT INTO journal_step (seq, nth, what, target, before, after) VALUES (?,?,?,?,?,?)")
STATEMENT (JOURNAL_STEPS, "SELECT what, target, before, after FROM journal_step WHERE seq = ? ORDER BY nth")
STATEMENT (JOURNAL_GET, "SELECT seq, kind, target, before, after FROM journal WHERE seq = ?")
STATEMENT (JOURNAL_ANY_REGION, "SELECT seq FROM journal WHERE kind IN ('region', 'verdict') LIMIT 1")
STATEMENT (JOURNAL_UNDO_NEXT, "SELECT j.seq FROM journal j WHERE j.by = ?1 AND j.kind IN ('verdict', 'region', 'span', 'caption',"
           " 'tag', 'file', 'filter') AND ifnull ((SELECT u.kind FROM journal u WHERE u.undoes = j.seq ORDER BY u.seq DESC LIMIT 1), 'redo') = 'redo'"
           " ORDER BY j.seq DESC LIMIT 1")
/* The newest undo that still holds, unless its reviewer did something new since */
STATEMENT (JOURNAL_REDO_NEXT, "SELECT j.undoes FROM journal j WHERE j.by = ?1 AND j.kind = 'undo'"
           " AND (SELECT o.kind FROM journal o WHERE o.seq = j.undoes) IN ('verdict', 'region', 'span', 'caption', 'tag', 'file', 'filter')"
           " AND j.seq = (SELECT max (u.seq) FROM journal u WHERE u.undoes = j.undoes)"
           " AND NOT EXISTS (SELECT 1 FROM journal n WHERE n.by = ?1 AND n.seq > j.seq AND n.kind IN ('verdict', 'region', 'span',"
           " 'caption', 'tag', 'file', 'filter')) ORDER BY j.seq DESC LIMIT 1")
STATEMENT (JOURNAL_OF_ENTRY, "SELECT seq FROM journal WHERE kind IN ('import', 'run', 'removal') AND target = ?"
           " ORDER BY seq DESC LIMIT 1")
STATEMENT (JOURNAL_HISTORY, "SELECT j.seq, j.at, j.by, j.kind, s.before, s.after FROM journal_step s JOIN journal j"
           " ON j.seq = s.seq WHERE s.target = ? ORDER BY j.seq")
STATEMENT (JOURNAL_LIST, "SELECT seq, at, by, kind, target, before, after FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2")

/* Search: rows of entries that are not indexed yet, and the indexes themselves */
STATEMENT (PROGRESS_START, "INSERT INTO search_progress (entry, kind, done) VALUES (?1, 'image', 0), (?1, 'caption', 0),"
           " (?1, 'phrase', 0)")
STATEMENT (PROGRESS_NEXT, "SELECT entry, kind, done FROM search_progress WHERE entry IN"
           " (SELECT id FROM entry WHERE state <> 'pending') LIMIT 1")
STATEMENT (PROGRESS_SET, "UPDATE search_progress SET done = ?3 WHERE entry = ?1 AND kind = ?2")
STATEMENT (PROGRESS_END, "DELETE FROM search_progress WHERE entry = ?1 AND kind = ?2")
STATEMENT (PROGRESS_FORGET, "DELETE FROM search_progress WHERE entry = ?1")
STATEMENT (PROGRESS_ANY, "SELECT 1 FROM search_progress p JOIN entry e ON e.id = p.entry WHERE e.state = 'shown' LIMIT 1")
STATEMENT (TODO_IMAGES, "SELECT id, path FROM image WHERE entry = ?1 AND id > ?2 ORDER BY id LIMIT ?3")
STATEMENT (TODO_CAPTIONS, "SELECT c.id, r.text FROM caption c JOIN caption_revision r ON r.id = c.current"
           " WHERE c.entry = ?1 AND c.id > ?2 ORDER BY c.id LIMIT ?3")
STATEMENT (TODO_PHRASES, "SELECT p.id, r.text FROM phrase p JOIN phrase_revision r ON r.id = p.current"
           " WHERE p.entry = ?1 AND p.id > ?2 ORDER BY p.id LIMIT ?3")
STATEMENT (SEARCH_TEXT_ADD, "INSERT INTO search_text (rowid, text) VALUES (?,?)")
STATEMENT (SEARCH_TEXT_DELETE, "INSERT INTO search_text (search_text, rowid, text) VALUES ('delete',?,?)")
STATEMENT (SEARCH_NAME_ADD, "INSERT INTO search_name (rowid, name) VALUES (?,?)")
STATEMENT (SEARCH_TEXT, "SELECT rowid FROM search_text WHERE search_text MATCH ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3")
STATEMENT (SEARCH_NAME, "SELECT rowid FROM search_name WHERE search_name MATCH ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3")

/* Proposal runs */
STATEMENT (RUN_UNFINISHED, "SELECT id, settings FROM entry WHERE kind = 'run' AND state = 'shown'"
           " AND json_extract (settings, '$.key') = ?1 AND json_extract (settings, '$.choice') = ?2"
           " AND json_extract (settings, '$.finished') = 0 ORDER BY id DESC LIMIT 1")
#define RUN_PHRASES "SELECT p.image, p.id FROM shown_phrase p JOIN shown_image i ON i.id = p.image"
STATEMENT (RUN_ALL, RUN_PHRASES " WHERE NOT EXISTS (SELECT 1 FROM verdict_slot s WHERE s.phrase = p.id AND s.current IS NOT NULL)"
           " ORDER BY p.image, p.id")
STATEMENT (RUN_FILTERED, RUN_PHRASES " WHERE p.id IN (SELECT rowid FROM search_text WHERE search_text MATCH ?1)"
           " OR p.caption IN (SELECT rowid FROM search_text WHERE search_text MATCH ?1) ORDER BY p.image, p.id")
STATEMENT (RUN_DONE, "SELECT phrase FROM phrase_measure WHERE entry = ? ORDER BY phrase")
STATEMENT (RUN_PHRASE, "SELECT p.id, p.image, p.current, p.text, p.caption, c.text, p.detached FROM shown_phrase p"
           " LEFT JOIN shown_caption c ON c.id = p.caption WHERE p.id = ?")
STATEMENT (RUN_DETECTED, "SELECT DISTINCT r.region, r.x1, r.y1, r.x2, r.y2 FROM region g JOIN shown_region r ON r.region = g.id"
           " LEFT JOIN entry e ON e.id = g.entry WHERE g.image = ?1 AND r.origin = 'detector' AND e.kind IS NOT 'run'"
           " ORDER BY r.region")
STATEMENT (RUN_LINKS, "SELECT l.id, l.region FROM link l JOIN entry e ON e.id = l.entry WHERE l.phrase = ?1 AND l.entry <> ?2"
           " AND e.kind = 'run' AND e.state = 'shown' AND json_extract (e.settings, '$.key') = ?3")
/* Whether somebody made something of a region: a verdict, a correction, a removal, another phrase's link. */
STATEMENT (RUN_REGION_HELD, "SELECT EXISTS (SELECT 1 FROM region_revision v JOIN verdict_region n ON n.revision = v.id WHERE v.region = ?1)"
           " + EXISTS (SELECT 1 FROM region_revision v JOIN region_revision w ON w.parent = v.id WHERE v.region = ?1)"
           " + ((SELECT count (*) FROM region_revision v WHERE v.region = ?1) > 1)"
           " + ((SELECT count (*) FROM link l WHERE l.region = ?1) > 1)"
           " + ((SELECT r.current FROM region r WHERE r.id = ?1) IS NULL)")
STATEMENT (RUN_LINK_DELETE, "DELETE FROM link WHERE id = ?")
STATEMENT (RUN_REVISIONS_DELETE, "DELETE FROM region_revision WHERE region = ?")
STATEMENT (RUN_REGION_DELETE, "DELETE FROM region WHERE id = ?")
STATEMENT (RUN_CAPTIONS, "SELECT c.id, c.image, c.text FROM shown_caption c JOIN shown_image i ON i.id = c.image WHERE c.id > ?1"
           " AND NOT EXISTS (SELECT 1 FROM phrase p WHERE p.caption = c.id AND p.current IS NOT NULL"
           "  AND (p.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = p.entry) = 'shown')) ORDER BY c.id LIMIT ?2")
STATEMENT (RUN_CAPTIONS_FILTERED, "SELECT c.id, c.image, c.text FROM shown_caption c JOIN shown_image i ON i.id = c.image WHERE c.id > ?1"
           " AND c.id IN (SELECT rowid FROM search_text WHERE search_text MATCH ?3)"
           " AND NOT EXISTS (SELECT 1 FROM phrase p WHERE p.caption = c.id AND p.current IS NOT NULL"
           "  AND (p.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = p.entry) = 'shown')) ORDER BY c.id LIMIT ?2")
STATEMENT (MEASURE_SET, "INSERT OR REPLACE INTO phrase_measure (phrase, model, revision, entry, alone, match, text_match, spread, peaks,"
           " peak_x, peak_y, energy, outside, methods, twin, other, other_model, at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
#define MEASURE_COLUMNS "SELECT m.phrase, m.model, m.alone, m.match, m.text_match, m.spread, m.peaks, m.peak_x, m.peak_y, m.energy," \
  " m.outside, m.methods, m.twin, m.other"
STATEMENT (MEASURE_GET, MEASURE_COLUMNS " FROM measure_now m WHERE m.phrase = ?1 AND m.model = ?2")
STATEMENT (MEASURE_DELETE, "DELETE FROM phrase_measure WHERE phrase = ?1 AND entry <> ?2 AND entry IN (SELECT e.id FROM entry e"
           " WHERE e.kind = 'run' AND e.state = 'shown' AND json_extract (e.settings, '$.key') = ?3)")
STATEMENT (MEASURE_MODELS, "SELECT model, count (*), max (at) FROM measure_now GROUP BY model ORDER BY max (at) DESC")

/* Queues */
#define QUEUE_COLUMNS "SELECT p.id, p.image, m.match, m.spread, m.peaks, m.outside, m.methods, m.twin, m.other, m.energy, m.peak_x, m.peak_y" \
  " FROM shown_phrase p JOIN shown_image i ON i.id = p.image LEFT JOIN measure_now m ON m.phrase = p.id AND m.model = ?1" \
  " WHERE CASE ?2" \
  " WHEN 0 THEN NOT EXISTS (SELECT 1 FROM verdict_now v WHERE v.phrase = p.id AND (v.adjudicated OR NOT v.stale))" \
  " WHEN 1 THEN NOT EXISTS (SELECT 1 FROM verdict_slot s WHERE s.phrase = p.id AND s.reviewer = ?3 AND s.pass = ?4 AND s.current IS NOT NULL)" \
  " ELSE EXISTS (SELECT 1 FROM verdict_now v WHERE v.phrase = p.id AND v.pass < ?4 AND v.reviewer <> ?3 AND v.verdict <> 'unsure')" \
  "  AND NOT EXISTS (SELECT 1 FROM verdict_slot s WHERE s.phrase = p.id AND s.reviewer = ?3 AND s.pass = ?4 AND s.current IS NOT NULL)" \
  " END"
STATEMENT (QUEUE_ROWS, QUEUE_COLUMNS " ORDER BY p.image, p.id")
STATEMENT (QUEUE_ROWS_FILTERED, QUEUE_COLUMNS " AND (p.id IN (SELECT rowid FROM search_text WHERE search_text MATCH ?5)"
           " OR p.caption IN (SELECT rowid FROM search_text WHERE search_text MATCH ?5)) ORDER BY p.image, p.id")
STATEMENT (QUEUE_BOXES, "SELECT r.origin, r.x1, r.y1, r.x2, r.y2, r.score, r.model FROM shown_region r WHERE r.phrase = ?")
STATEMENT (QUEUE_KNOWN, "SELECT DISTINCT v.phrase FROM verdict_now v JOIN shown_phrase p ON p.id = v.phrase JOIN shown_image i ON i.id = p.image"
           " WHERE v.adjudicated = 1 AND v.verdict <> 'unsure' ORDER BY v.phrase")
STATEMENT (QUEUE_FIND, "SELECT id, position, settings, at FROM queue WHERE reviewer = ? AND pass = ?")
STATEMENT (QUEUE_ITEMS_DELETE, "DELETE FROM queue_item WHERE queue = ?")
STATEMENT (QUEUE_DELETE, "DELETE FROM queue WHERE id = ?")
STATEMENT (QUEUE_INSERT, "INSERT INTO queue (id, reviewer, pass, settings, position, at) VALUES (?,?,?,?,0,?)")
STATEMENT (QUEUE_ITEM_INSERT, "INSERT INTO queue_item (queue, nth, phrase, kind, reason, pass) VALUES (?,?,?,?,?,?)")
STATEMENT (QUEUE_SET_POSITION, "UPDATE queue SET position = ?2 WHERE id = ?1")
STATEMENT (QUEUE_COUNT, "SELECT count (*) FROM queue_item WHERE queue = ?")
STATEMENT (QUEUE_DONE, "SELECT count (*) FROM queue_item q JOIN queue u ON u.id = q.queue JOIN verdict_slot s ON s.phrase = q.phrase"
           " AND s.reviewer = u.reviewer AND s.pass = q.pass JOIN verdict v ON v.id = s.current WHERE q.queue = ?1 AND v.verdict <> 'unsure'")
STATEMENT (QUEUE_ITEMS, "SELECT q.nth, q.phrase, q.kind, q.reason, q.pass, p.text, p.image, i.path,"
           " (SELECT v.verdict FROM verdict_slot s JOIN verdict v ON v.id = s.current WHERE s.phrase = q.phrase AND s.reviewer = u.reviewer"
           "  AND s.pass = q.pass) FROM queue_item q JOIN queue u ON u.id = q.queue JOIN shown_phrase p ON p.id = q.phrase"
           " JOIN shown_image i ON i.id = p.image WHERE q.queue = ?1 AND q.nth >= ?2 ORDER BY q.nth LIMIT ?3")
#define QUEUE_OPEN_ITEM " FROM queue_item q JOIN queue u ON u.id = q.queue JOIN shown_phrase p ON p.id = q.phrase" \
  " JOIN shown_image i ON i.id = p.image WHERE q.queue = ?1 AND NOT EXISTS (SELECT 1 FROM verdict_slot s JOIN verdict v ON v.id = s.current" \
  "  WHERE s.phrase = q.phrase AND s.reviewer = u.reviewer AND s.pass = q.pass AND (v.verdict <> 'unsure' OR q.kind <> 'again'))"
STATEMENT (QUEUE_NEXT, "SELECT q.nth" QUEUE_OPEN_ITEM " AND q.nth > ?2 ORDER BY q.nth LIMIT 1")
STATEMENT (QUEUE_PREVIOUS, "SELECT max (q.nth) FROM queue_item q JOIN shown_phrase p ON p.id = q.phrase JOIN shown_image i ON i.id = p.image"
           " WHERE q.queue = ?1 AND q.nth < ?2")
STATEMENT (QUEUE_AGAIN, "INSERT INTO queue_item (queue, nth, phrase, kind, reason, pass) SELECT q.queue,"
           " (SELECT max (m.nth) + 1 FROM queue_item m WHERE m.queue = q.queue), q.phrase, 'again', 'unsure before', q.pass FROM queue_item q"
           " WHERE q.queue = ?1 AND q.nth = ?2 AND q.kind <> 'again' AND NOT EXISTS (SELECT 1 FROM queue_item m WHERE m.queue = q.queue"
           "  AND m.phrase = q.phrase AND m.kind = 'again')")
STATEMENT (QUEUE_PACE, "SELECT v.at FROM verdict v JOIN verdict_slot s ON s.id = v.slot WHERE s.reviewer = ?1 ORDER BY v.id DESC LIMIT 60")
/* Other phrases of a phrase's coreference chain */
STATEMENT (CHAIN_OTHERS, "SELECT p.id, p.text FROM shown_phrase p WHERE p.entity = (SELECT q.entity FROM phrase q WHERE q.id = ?1)"
           " AND p.id <> ?1 ORDER BY p.id LIMIT 1000")
/* Regions of a phrase as a blind reviewer may see them */
STATEMENT (BLIND_LINKS, "SELECT l.id, l.region, l.entry FROM link l WHERE l.phrase = ?1 AND (l.entry IS NULL OR"
           " (SELECT e.state FROM entry e WHERE e.id = l.entry) = 'shown') ORDER BY l.id")
STATEMENT (BLIND_FIRST, "SELECT id, region, kind, x1, y1, x2, y2, shape, origin, deleted, score, model, parent, extra FROM region_revision"
           " WHERE region = ? ORDER BY id LIMIT 1")
STATEMENT (BLIND_OWN, "SELECT v.id FROM region r JOIN region_revision v ON v.id = r.current WHERE r.id = ?1 AND v.by = ?2 AND v.at >= ?3"
           " AND v.origin = 'person'")

/* Calibration: the top proposal of a model on each phrase with a deciding verdict, and whether that verdict names it */
#define TOP_PROPOSAL "(SELECT r.revision FROM shown_region r WHERE r.phrase = d.phrase AND r.model = ?1" \
  " AND r.origin IN ('map', 'detector') ORDER BY r.score DESC, r.link LIMIT 1)"
STATEMENT (CALIBRATION_VERDICTS, "SELECT v.score, a.verdict = 'accepted' AND EXISTS (SELECT 1 FROM verdict_region n WHERE n.verdict = a.id"
           " AND n.revision = v.id) FROM shown_phrase p JOIN phrase_verdict d ON d.phrase = p.id JOIN verdict_now a ON a.id = d.verdict"
           " JOIN region_revision v ON v.id = " TOP_PROPOSAL " WHERE a.verdict <> 'unsure' AND NOT a.stale AND v.score IS NOT NULL ORDER BY a.id")
STATEMENT (CALIBRATION_DELETE, "DELETE FROM calibration WHERE model = ?")
STATEMENT (CALIBRATION_INSERT, "INSERT INTO calibration (model, score, share, n) VALUES (?,?,?,?)")
STATEMENT (CALIBRATION_LOAD, "SELECT score, share, n FROM calibration WHERE model = ? ORDER BY score")

/* Figures about verdicts. What was judged: the named region, what it was corrected from, else the phrase's best one. */
#define DECIDED " FROM shown_phrase p JOIN shown_image i ON i.id = p.image JOIN phrase_verdict d ON d.phrase = p.id" \
  " JOIN verdict_now a ON a.id = d.verdict AND NOT a.stale"
STATEMENT (STATS_ORIGINS, "SELECT ifnull (CASE a.verdict"
           " WHEN 'accepted' THEN (SELECT v.origin FROM verdict_region n JOIN region_revision v ON v.id = n.revision WHERE n.verdict = a.id"
           "  ORDER BY v.id LIMIT 1)"
           " WHEN 'corrected' THEN (SELECT w.origin FROM verdict_region n JOIN region_revision v ON v.id = n.revision"
           "  JOIN region_revision w ON w.id = v.parent WHERE n.verdict = a.id ORDER BY v.id LIMIT 1)"
           " ELSE (SELECT r.origin FROM shown_region r WHERE r.phrase = p.id ORDER BY r.origin = 'person' DESC, r.origin = 'import' DESC,"
           "  r.score DESC, r.link LIMIT 1) END, 'none'), a.verdict, count (*)" DECIDED " GROUP BY 1, 2")
STATEMENT (STATS_STALE, "SELECT count (*) FROM verdict_now v JOIN shown_phrase p ON p.id = v.phrase JOIN shown_image i ON i.id = p.image WHERE v.stale")
STATEMENT (STATS_MEASURED, "SELECT count (*) FROM measure_now m JOIN shown_phrase p ON p.id = m.phrase WHERE m.model = ?")
STATEMENT (STATS_PEAKS, "SELECT a.id, m.peak_x, m.peak_y" DECIDED " JOIN measure_now m ON m.phrase = p.id AND m.model = ?1"
           " WHERE a.verdict IN ('accepted', 'corrected') ORDER BY a.id")
STATEMENT (STATS_BOXES, "SELECT v.x1, v.y1, v.x2, v.y2 FROM verdict_region n JOIN region_revision v ON v.id = n.revision WHERE n.verdict = ?"
           " ORDER BY v.id")
STATEMENT (STATS_TIMES, "SELECT s.reviewer, v.at FROM verdict v JOIN verdict_slot s ON s.id = v.slot ORDER BY s.reviewer, v.at")
/* Pairs of verdicts on one phrase: first and second pass of two reviewers; one reviewer twice; a reviewer and the judge */
STATEMENT (STATS_PASSES, "SELECT a.id, a.verdict, b.id, b.verdict FROM verdict_now a JOIN verdict_now b ON b.phrase = a.phrase"
           " AND b.pass > a.pass AND b.reviewer <> a.reviewer JOIN shown_phrase p ON p.id = a.phrase WHERE b.pass < 1000 AND NOT a.adjudicated"
           " AND NOT b.adjudicated AND a.id = (SELECT min (c.id) FROM verdict_now c WHERE c.phrase = a.phrase AND c.pass = a.pass"
           "  AND NOT c.adjudicated) AND b.pass = a.pass + 1 ORDER BY a.id, b.id")
STATEMENT (STATS_REPEATS, "SELECT a.id, a.verdict, b.id, b.verdict FROM verdict_now a JOIN verdict_now b ON b.phrase = a.phrase"
           " AND b.pass = a.pass + 1000 AND b.reviewer = a.reviewer JOIN shown_phrase p ON p.id = a.phrase WHERE a.pass < 1000 ORDER BY a.id")
STATEMENT (STATS_KNOWN, "SELECT a.id, a.verdict, b.id, b.verdict FROM verdict_now a JOIN verdict_now b ON b.phrase = a.phrase"
           " AND b.pass >= 2000 JOIN shown_phrase p ON p.id = a.phrase WHERE a.adjudicated = 1 ORDER BY a.id, b.id")

/* Counting and checking */
STATEMENT (COUNT_IMAGES, "SELECT count (*) FROM shown_image")
STATEMENT (COUNT_CAPTIONS, "SELECT count (*) FROM shown_caption c JOIN shown_image i ON i.id = c.image")
STATEMENT (COUNT_PHRASES, "SELECT count (*) FROM shown_phrase p JOIN shown_image i ON i.id = p.image")
STATEMENT (COUNT_REGIONS, "SELECT count (*) FROM shown_region r JOIN shown_phrase p ON p.id = r.phrase"
           " JOIN shown_image i ON i.id = p.image")
STATEMENT (COUNT_VERDICTS, "SELECT count (*) FROM verdict_now v JOIN shown_phrase p ON p.id = v.phrase"
           " JOIN shown_image i ON i.id = p.image")
STATEMENT (COUNT_MISSING, "SELECT count (*) FROM shown_image WHERE state = 'missing'")
STATEMENT (COUNT_OUTSIDE, "SELECT count (*) FROM (SELECT DISTINCT r.region FROM shown_region r JOIN shown_image i ON i.id = r.image"
           " WHERE i.width > 0 AND (r.x1 < 0 OR r.y1 < 0 OR r.x2 > i.width OR r.y2 > i.height))")
/* A region that an undone correction copied from a shared one has no revision and no link; what a cancelled import left
   is purged by the next writer, links first */
STATEMENT (COUNT_ORPHANS, "SELECT (SELECT count (*) FROM region r WHERE r.current IS NOT NULL AND NOT EXISTS (SELECT 1 FROM link l WHERE l.region = r.id)"
           "    AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.id = r.entry AND e.state = 'pending'))"
           " + (SELECT count (*) FROM link l JOIN region r ON r.id = l.region JOIN phrase p ON p.id = l.phrase"
           "    WHERE r.image <> p.image)"
           " + (SELECT count (*) FROM region r LEFT JOIN region_revision v ON v.id = r.current WHERE r.current IS NOT NULL AND v.region IS NOT r.id)"
           " + (SELECT count (*) FROM phrase p LEFT JOIN phrase_revision v ON v.id = p.current WHERE p.current IS NOT NULL AND v.phrase IS NOT p.id)"
           " + (SELECT count (*) FROM caption c LEFT JOIN caption_revision v ON v.id = c.current WHERE c.current IS NOT NULL AND v.caption IS NOT c.id)"
           " + (SELECT count (*) FROM verdict_slot s LEFT JOIN verdict v ON v.id = s.current WHERE s.current IS NOT NULL AND v.slot IS NOT s.id)")

/* The library's columns in memory: rows of one range of ids, in the order of the ids */
STATEMENT (FTS_API, "SELECT fts5 (?1)")
STATEMENT (INDEX_IMAGES, "SELECT id, path, state FROM shown_image WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3")
STATEMENT (INDEX_IMAGE_TAGS, "SELECT image, name FROM tag WHERE current = 1 AND phrase IS NULL AND image > ?1 AND image <= ?2"
           " ORDER BY image, name")
STATEMENT (INDEX_CAPTIONS, "SELECT c.id, c.image, r.text FROM caption c JOIN caption_revision r ON r.id = c.current"
           " WHERE c.id > ?1 AND (c.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = c.entry) = 'shown')"
           " ORDER BY c.id LIMIT ?2")
STATEMENT (INDEX_PHRASES, "SELECT p.id, p.image, r.text, r.id FROM phrase p JOIN phrase_revision r ON r.id = p.current"
           " WHERE p.id > ?1 AND p.id <= ?2 AND (p.entry IS NULL OR (SELECT e.state FROM entry e WHERE e.id = p.entry) = 'shown')"
           " ORDER BY p.id LIMIT ?3")
STATEMENT (INDEX_PHRASE_TAGS, "SELECT phrase, name FROM tag WHERE current = 1 AND phrase > ?1 AND phrase <= ?2"
           " ORDER BY phrase, name")
STATEMENT (INDEX_REGIONS, "SELECT phrase, revision, origin, score, model, x1, y1, x2, y2 FROM shown_region"
           " WHERE phrase > ?1 AND phrase <= ?2 ORDER BY phrase, link")
STATEMENT (INDEX_VERDICTS, "SELECT phrase, id, verdict, adjudicated, stale, at FROM verdict_now"
           " WHERE phrase > ?1 AND phrase <= ?2 ORDER BY phrase")
/* What a record of the journal changed: ids of phrases, or of images */
STATEMENT (JOURNAL_LAST, "SELECT ifnull (max (seq), 0) FROM journal")
STATEMENT (LINK_LAST, "SELECT ifnull (max (id), 0) FROM link")
STATEMENT (INDEX_RECORDS, "SELECT seq, kind, target, (SELECT o.kind FROM journal o WHERE o.seq = j.undoes) FROM journal j"
           " WHERE seq > ? ORDER BY seq LIMIT 1000")
STATEMENT (INDEX_NEW_LINKS, "SELECT id, phrase FROM link WHERE id > ? ORDER BY id")
STATEMENT (TOUCHED_BY_REGION, "SELECT phrase FROM link WHERE region = ?1 UNION SELECT s.phrase FROM region_revision w"
           " JOIN verdict_region n ON n.revision = w.id JOIN verdict v ON v.id = n.verdict JOIN verdict_slot s ON s.id = v.slot"
           " WHERE w.region = ?1")
STATEMENT (TOUCHED_BY_LINK, "SELECT phrase FROM link WHERE id = ?")
STATEMENT (TOUCHED_BY_VERDICT, "SELECT phrase FROM verdict_slot WHERE id = ?")
STATEMENT (TOUCHED_BY_TAG, "SELECT phrase FROM tag WHERE id = ? AND phrase IS NOT NULL")
STATEMENT (IMAGE_OF_TAG, "SELECT image FROM tag WHERE id = ?")
STATEMENT (IMAGE_OF_CAPTION, "SELECT image FROM caption WHERE id = ?")
STATEMENT (IMAGES_OF_ENTRY, "SELECT id FROM image WHERE entry = ?1 UNION SELECT image FROM removed_image WHERE entry = ?1"
           " UNION SELECT image FROM caption WHERE entry = ?1")
STATEMENT (PHRASES_OF_ENTRY, "SELECT id FROM phrase WHERE entry = ?1 UNION SELECT phrase FROM phrase_measure WHERE entry = ?1 UNION SELECT phrase FROM link WHERE entry = ?1"
           " UNION SELECT l.phrase FROM region r JOIN link l ON l.region = r.id WHERE r.entry = ?1"
           " UNION SELECT p.id FROM image i JOIN phrase p ON p.image = i.id WHERE i.entry = ?1"
           " UNION SELECT p.id FROM removed_image m JOIN phrase p ON p.image = m.image WHERE m.entry = ?1")
/* About how many rows there are to read: by ids alone, hidden ones included */
STATEMENT (INDEX_GUESS, "SELECT (SELECT count (*) FROM image) + (SELECT count (*) FROM caption) + (SELECT count (*) FROM phrase)")
/* Rows for the screen */
STATEMENT (INDEX_IMAGE, "SELECT i.id, i.path, i.root_path, i.width, i.height, i.orientation, i.state, i.size, i.mtime, i.quick_hash,"
           " (SELECT count (*) FROM shown_caption c WHERE c.image = i.id),"
           " (SELECT count (*) FROM shown_phrase p WHERE p.image = i.id),"
           " (SELECT count (*) FROM shown_phrase p JOIN shown_region r ON r.phrase = p.id WHERE p.image = i.id),"
           " (SELECT count (*) FROM shown_phrase p JOIN phrase_verdict d ON d.phrase = p.id WHERE p.image = i.id"
           "  AND d.verdict IS NOT NULL),"
           " (SELECT c.text FROM shown_caption c WHERE c.image = i.id ORDER BY c.id LIMIT 1) FROM shown_image i WHERE i.id = ?")
STATEMENT (INDEX_TAGS_OF_IMAGE, "SELECT name FROM tag WHERE image = ? AND ifnull (phrase, 0) = 0 AND current = 1 ORDER BY name")
STATEMENT (INDEX_TAGS_OF_PHRASE, "SELECT name FROM tag WHERE phrase = ? AND current = 1 ORDER BY name")
/* By the phrase first: a join to the view by the verdict's id would walk over all verdicts. The last column tells whether it
 * is the one that decides. */
STATEMENT (INDEX_VERDICT, "SELECT v.verdict, v.stale, v.reviewer, v.id IS (SELECT d.verdict FROM phrase_verdict d WHERE d.phrase = ?1)"
           " FROM verdict_now v WHERE v.phrase = ?1 ORDER BY 4 DESC LIMIT 1")
/* Likewise, the caption by a query of its own */
STATEMENT (INDEX_PHRASE, "SELECT p.id, p.image, i.path, (SELECT c.text FROM shown_caption c WHERE c.id = p.caption), p.caption, p.text,"
           " p.detached, p.current, (SELECT count (*) FROM shown_region r WHERE r.phrase = p.id)"
           " FROM shown_phrase p JOIN shown_image i ON i.id = p.image WHERE p.id = ?")
STATEMENT (INDEX_BEST_REGION, "SELECT score, model FROM shown_region WHERE phrase = ? AND score IS NOT NULL"
           " ORDER BY score DESC LIMIT 1")
STATEMENT (INDEX_ROOTS, "SELECT r.id, r.path, count (*), sum (i.state = 'missing') FROM root r JOIN shown_image i ON i.root = r.id"
           " GROUP BY r.id ORDER BY r.path")

/* Files and folders of pictures that move: a pointer at one of their names */
STATEMENT (FILE_CURRENT, "SELECT (SELECT n.id FROM image_name n WHERE n.image = i.id AND n.path = i.path) FROM image i WHERE i.id = ?")
STATEMENT (FILE_SET, "UPDATE image SET path = (SELECT n.path FROM image_name n WHERE n.id = ?2 AND n.image = ?1) WHERE id = ?1")
STATEMENT (FILE_NAME_FIND, "SELECT id FROM image_name WHERE image = ? AND path = ?")
STATEMENT (FILE_NAME_INSERT, "INSERT INTO image_name (id, image, path) VALUES (?,?,?)")
STATEMENT (FILE_NAME, "SELECT id, path FROM image_name WHERE id = ?")
STATEMENT (FILE_PATHS, "SELECT r.path, i.path, n.path FROM image i JOIN root r ON r.id = i.root JOIN image_name n ON n.image = i.id"
           " WHERE i.id = ?1 AND n.id = ?2")
STATEMENT (RENAME_BEGIN, "INSERT OR REPLACE INTO rename_begun (image, before, after) VALUES (?,?,?)")
STATEMENT (RENAME_END, "DELETE FROM rename_begun WHERE image = ?")
STATEMENT (RENAME_LEFT, "SELECT image, before, after FROM rename_begun LIMIT 1")
STATEMENT (SEARCH_NAME_DELETE, "INSERT INTO search_name (search_name, rowid, name) VALUES ('delete',?,?)")
STATEMENT (ROOT_CURRENT, "SELECT (SELECT n.id FROM root_name n WHERE n.root = r.id AND n.path = r.path) FROM root r WHERE r.id = ?")
STATEMENT (ROOT_SET, "UPDATE root SET path = (SELECT n.path FROM root_name n WHERE n.id = ?2 AND n.root = ?1) WHERE id = ?1")
STATEMENT (ROOT_NAME_FIND, "SELECT id FROM root_name WHERE root = ? AND path = ?")
STATEMENT (ROOT_NAME_PATH, "SELECT id, path FROM root_name WHERE id = ?")
STATEMENT (ROOT_NAME_INSERT, "INSERT INTO root_name (id, root, path) VALUES (?,?,?)")
STATEMENT (ROOT_AT, "SELECT id FROM root WHERE path = ?1 AND id <> ?2")
STATEMENT (RELINK_IMAGES, "SELECT id, path, quick_hash FROM image WHERE root = ? ORDER BY path")

/* Filters that people keep */
STATEMENT (FILTER_CURRENT, "SELECT current FROM filter WHERE id = ?")
STATEMENT (FILTER_SET, "UPDATE filter SET current = ?2 WHERE id = ?1")
STATEMENT (FILTER_INSERT, "INSERT INTO filter (id, current) VALUES (?, NULL)")
STATEMENT (FILTER_REVISION_INSERT, "INSERT INTO filter_revision (id, filter, name, query, by, at) VALUES (?,?,?,?,?,?)")
STATEMENT (FILTER_LIST, "SELECT f.id, r.name, r.query FROM filter f JOIN filter_revision r ON r.id = f.current ORDER BY r.name, f.id")
STATEMENT (FILTER_BY_NAME, "SELECT f.id FROM filter f JOIN filter_revision r ON r.id = f.current WHERE r.name = ? ORDER BY f.id LIMIT 1")
STATEMENT (FILTER_GET, "SELECT r.id, r.name, r.query FROM filter f JOIN filter_revision r ON r.id = f.current WHERE f.id = ?")

/* An entry's own record has what it came to; a run's is counted */
STATEMENT (HISTORY_LIST, "SELECT e.id, e.kind, e.state, e.format, e.source, e.by, e.at,"
           " ifnull (json_extract (j.after, '$.images'), (SELECT count (*) FROM image i WHERE i.entry = e.id)),"
           " ifnull (json_extract (j.after, '$.captions'), (SELECT count (*) FROM caption c WHERE c.entry = e.id)),"
           " ifnull (json_extract (j.after, '$.phrases'), (SELECT count (*) FROM phrase p WHERE p.entry = e.id)),"
           " ifnull (json_extract (j.after, '$.regions'), (SELECT count (*) FROM region r WHERE r.entry = e.id))"
           " FROM entry e LEFT JOIN (SELECT target, max (seq) AS seq FROM journal WHERE kind IN ('import', 'run', 'removal')"
           "  GROUP BY target) k ON k.target = e.id LEFT JOIN journal j ON j.seq = k.seq WHERE e.state <> 'pending' ORDER BY e.id DESC")

/* Captions and phrases made by people */
STATEMENT (LINKS_OF_PHRASE, "SELECT l.region, l.revision, l.image FROM shown_region l WHERE l.phrase = ? ORDER BY l.link")
STATEMENT (REGION_REVISION_COPY, "INSERT INTO region_revision (id, region, kind, x1, y1, x2, y2, shape, origin, deleted, score, model,"
           " parent, extra, by, at) SELECT ?1, ?2, kind, x1, y1, x2, y2, shape, origin, 0, score, model, id, extra, ?4, ?5"
           " FROM region_revision WHERE id = ?3")
STATEMENT (PHRASE_PLACE, "SELECT p.id, p.image, p.caption, p.current, p.text, p.detached FROM shown_phrase p"
           " JOIN shown_image i ON i.id = p.image WHERE p.id = ?")
STATEMENT (CAPTION_SHOWN, "SELECT c.id, c.image, c.text FROM shown_caption c JOIN shown_image i ON i.id = c.image WHERE c.id = ?")
STATEMENT (IMAGE_IS_SHOWN, "SELECT id FROM shown_image WHERE id = ?")
STATEMENT (IMAGES_OF_ROOT, "SELECT count (*) FROM shown_image WHERE root = ?")
STATEMENT (IMAGE_LAST, "SELECT ifnull (max (id), 0) FROM image")
STATEMENT (INDEX_NEW_IMAGES, "SELECT id FROM image WHERE id > ? ORDER BY id")
STATEMENT (PREVIEW_RECORDS, "SELECT * FROM (SELECT i.path, i.state, p.text, (SELECT c.text FROM shown_caption c WHERE c.id = p.caption),"
           "  (SELECT count (*) FROM shown_region r WHERE r.phrase = p.id), i.id AS a, p.id AS b FROM shown_phrase p"
           "  JOIN shown_image i ON i.id = p.image UNION ALL SELECT i.path, i.state, c.text, NULL, 0, i.id, c.id FROM shown_caption c"
           "  JOIN shown_image i ON i.id = c.image WHERE NOT EXISTS (SELECT 1 FROM shown_phrase p WHERE p.caption = c.id)"
           "  UNION ALL SELECT i.path, i.state, NULL, NULL, 0, i.id, 0 FROM shown_image i WHERE NOT EXISTS (SELECT 1 FROM shown_phrase p"
           "  WHERE p.image = i.id) AND NOT EXISTS (SELECT 1 FROM shown_caption c WHERE c.image = i.id)) ORDER BY a, b LIMIT ?")
STATEMENT (INDEX_IMAGE_AT, "SELECT id FROM shown_image WHERE path = ? ORDER BY id")
/* One row of a list by its id, with the columns of the whole list */
STATEMENT (IMAGE_ONE, "SELECT id, path, root_path, width, height, orientation, state, quick_hash, full_hash FROM shown_image WHERE id = ?")
STATEMENT (PHRASE_BY_ID, "SELECT p.id, p.image, i.path, (SELECT c.text FROM shown_caption c WHERE c.id = p.caption), p.caption, p.text,"
           " p.detached, p.current, p.types, (SELECT n.chain FROM entity n WHERE n.id = p.entity),"
           " (SELECT count (*) FROM shown_region r WHERE r.phrase = p.id) FROM shown_phrase p JOIN shown_image i ON i.id = p.image"
           " WHERE p.id = ?")
