-- The tables of a NAME.kg file (schema version in PRAGMA user_version, 'VKG1' as application_id).
-- Statements and terms are plain rows for any SQLite shell; the views at the end spell them out.
-- What derives from them (labels, grams, statistics) is rebuilt by each load for what it touched.

-- uuid, version (+1 with each committed write), pack, schema counters.
CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Datatype IRIs of literals; few, never removed.
CREATE TABLE datatype(
  id INTEGER PRIMARY KEY,
  iri TEXT NOT NULL UNIQUE
);

-- The dictionary. kind 1 IRI, 2 blank node (label without "_:"), 3 literal.
CREATE TABLE term(
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  lexical TEXT NOT NULL,
  datatype INTEGER,          -- datatype.id; NULL: plain or language-tagged string
  lang TEXT                  -- lower case; NULL: none
);
-- XXH3-64 of a term's canonical text -> term.
CREATE TABLE term_hash(
  hash INTEGER NOT NULL,
  term INTEGER NOT NULL,
  PRIMARY KEY(hash, term)
) WITHOUT ROWID;
-- Comparable values of literals. kind: 1 number, 2 date (days since 1970-01-01), 3 duration
-- (days), 4 percent, 5 money, 6 boolean.
CREATE TABLE term_value(
  term INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  unit TEXT
);

-- Who said it. One load = one writing of one source.
CREATE TABLE source(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  format TEXT NOT NULL,
  authority REAL NOT NULL,
  loaded_at INTEGER NOT NULL,       -- Unix seconds
  statements INTEGER NOT NULL       -- how many live statements it states
);
CREATE TABLE load(
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES source(id),
  recorded_at INTEGER NOT NULL,
  first_n INTEGER NOT NULL,         -- its statements lie in statement.n first_n..last_n
  last_n INTEGER NOT NULL
);
CREATE INDEX load_source ON load(source);

-- A statement with its first origin in place; further origins lie in `origin`. The first load of a
-- graph writes rows 1..N in the order (s, p, o), later loads theirs from 2147483648 on, each batch in
-- that order; the packed lists below find them. A number is never given twice.
CREATE TABLE statement(
  n INTEGER PRIMARY KEY,
  s INTEGER NOT NULL, p INTEGER NOT NULL, o INTEGER NOT NULL,   -- term.id
  load INTEGER NOT NULL,            -- load.id of the first origin
  line INTEGER,                     -- 1-based position in it; NULL: unknown
  id INTEGER NOT NULL,              -- the stable statement id (XXH3-64), as signed 64 bits
  g INTEGER,                        -- term.id of the graph name; NULL: default graph
  valid_from INTEGER,               -- days since 1970-01-01, half-open; NULL: unknown
  valid_to INTEGER,
  qualifiers INTEGER,               -- qualifier.list; NULL: none
  confidence REAL                   -- 0..1 as the first origin said; NULL: unstated
);
CREATE INDEX statement_g ON statement(g) WHERE g IS NOT NULL;
CREATE INDEX statement_qualifiers ON statement(qualifiers) WHERE qualifiers IS NOT NULL;

-- Derived, packed (kg/base.h says how): where the rows are. A row or label that is gone leaves its
-- number in them. base_relation and base_hub hold pieces of later loads too,
-- those of base_hub with the subjects of the rows behind them.
CREATE TABLE base_out(page INTEGER PRIMARY KEY, first BLOB NOT NULL);    -- subject -> first row
CREATE TABLE base_in(o INTEGER PRIMARY KEY, edges BLOB NOT NULL);        -- object -> rows
CREATE TABLE base_hub(                                                   -- the same, many rows
  o INTEGER NOT NULL, p INTEGER NOT NULL, n INTEGER NOT NULL, count INTEGER NOT NULL,
  rows BLOB NOT NULL, PRIMARY KEY(o, p, n)
) WITHOUT ROWID;
CREATE TABLE base_relation(                                              -- predicate -> rows
  p INTEGER NOT NULL, n INTEGER NOT NULL, count INTEGER NOT NULL, rows BLOB NOT NULL,
  PRIMARY KEY(p, n)
) WITHOUT ROWID;
CREATE TABLE base_id(bucket INTEGER PRIMARY KEY, rows BLOB NOT NULL);    -- statement id -> rows
CREATE TABLE base_term(bucket INTEGER PRIMARY KEY, terms BLOB NOT NULL); -- hash -> terms
CREATE TABLE later_out(                                                  -- subject -> rows [n, end)
  s INTEGER NOT NULL, n INTEGER NOT NULL, end INTEGER NOT NULL, PRIMARY KEY(s, n)
) WITHOUT ROWID;
CREATE TABLE later_in(                                                   -- object -> few rows
  o INTEGER NOT NULL, n INTEGER NOT NULL, edges BLOB NOT NULL, PRIMARY KEY(o, n)
) WITHOUT ROWID;
CREATE TABLE later_id(                                                   -- statement id -> rows
  bucket INTEGER NOT NULL, n INTEGER NOT NULL, rows BLOB NOT NULL, PRIMARY KEY(bucket, n)
) WITHOUT ROWID;
CREATE TABLE base_gram(        -- Han character or pair, trigram else, of normalised labels -> labels
  gram INTEGER NOT NULL, part INTEGER NOT NULL, count INTEGER NOT NULL, labels BLOB NOT NULL,
  PRIMARY KEY(gram, part)
) WITHOUT ROWID;
CREATE TABLE base_near(                         -- hashed two thirds of a name -> labels (kg/near.h)
  bucket INTEGER NOT NULL, part INTEGER NOT NULL, labels BLOB NOT NULL, PRIMARY KEY(bucket, part)
) WITHOUT ROWID;
-- The same for labels of later loads.
CREATE TABLE later_gram(
  gram INTEGER NOT NULL, part INTEGER NOT NULL, count INTEGER NOT NULL, labels BLOB NOT NULL,
  PRIMARY KEY(gram, part)
) WITHOUT ROWID;
CREATE TABLE later_near(
  bucket INTEGER NOT NULL, part INTEGER NOT NULL, labels BLOB NOT NULL, PRIMARY KEY(bucket, part)
) WITHOUT ROWID;

CREATE TABLE origin(
  statement INTEGER NOT NULL,       -- statement.n
  load INTEGER NOT NULL,
  line INTEGER,
  confidence REAL,
  PRIMARY KEY(statement, load)
) WITHOUT ROWID;
CREATE INDEX origin_load ON origin(load);
CREATE TABLE qualifier(
  list INTEGER NOT NULL,            -- XXH3-64 of the whole list's canonical text
  predicate INTEGER NOT NULL, object INTEGER NOT NULL,
  PRIMARY KEY(list, predicate, object)
) WITHOUT ROWID;
CREATE INDEX qualifier_object ON qualifier(object);
CREATE INDEX qualifier_predicate ON qualifier(predicate);

-- Names given beside the statements (kg_write_label); the text is a literal of the dictionary.
CREATE TABLE name(
  term INTEGER NOT NULL, kind INTEGER NOT NULL, literal INTEGER NOT NULL, load INTEGER NOT NULL,
  PRIMARY KEY(term, kind, literal, load)
) WITHOUT ROWID;
CREATE INDEX name_load ON name(load);
CREATE INDEX name_literal ON name(literal);

-- Derived: every label. kind 1 primary, 2 alias; literal 0: the IRI carries its own label.
-- hash: of the normalised text.
CREATE TABLE label(
  n INTEGER PRIMARY KEY,
  term INTEGER NOT NULL, kind INTEGER NOT NULL, literal INTEGER NOT NULL, hash INTEGER NOT NULL
);
CREATE INDEX label_term ON label(term);
CREATE INDEX label_hash ON label(hash);

-- Derived: BM25 over long literals; rowid = term.id; Han text as bigrams.
CREATE VIRTUAL TABLE passage USING fts5(words, content='', tokenize='unicode61 remove_diacritics 0');

-- Derived: statistics. changes: statements added or removed since the distinct counts were taken.
CREATE TABLE relation_stat(
  p INTEGER PRIMARY KEY,
  count INTEGER NOT NULL, changes INTEGER NOT NULL,
  subjects INTEGER NOT NULL, objects INTEGER NOT NULL,
  single_subjects INTEGER NOT NULL,     -- subjects with exactly one object
  single_objects INTEGER NOT NULL,      -- objects with exactly one subject
  literals INTEGER NOT NULL,            -- statements whose object is a literal
  value_kind INTEGER NOT NULL           -- of most literal objects
);
CREATE TABLE relation_class(
  p INTEGER NOT NULL, range INTEGER NOT NULL,   -- 0 domain, 1 range
  class INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY(p, range, class)
) WITHOUT ROWID;
CREATE TABLE class_stat(
  class INTEGER PRIMARY KEY,
  count INTEGER NOT NULL
);

-- For people at a shell.
CREATE VIEW term_text AS
  SELECT t.id, CASE t.kind WHEN 1 THEN '<' || t.lexical || '>' WHEN 2 THEN '_:' || t.lexical
    ELSE '"' || t.lexical || '"' || CASE WHEN t.lang IS NOT NULL THEN '@' || t.lang
      WHEN d.iri IS NOT NULL THEN '^^<' || d.iri || '>' ELSE '' END END AS text
  FROM term t LEFT JOIN datatype d ON d.id = t.datatype;
CREATE VIEW statement_text AS
  SELECT st.n, printf('%016x', st.id) AS id, s.text AS s, p.text AS p, o.text AS o, g.text AS g,
    date(st.valid_from * 86400, 'unixepoch') AS valid_from,
    date(st.valid_to * 86400, 'unixepoch') AS valid_to,
    st.confidence, src.name AS source, st.line
  FROM statement st JOIN term_text s ON s.id = st.s JOIN term_text p ON p.id = st.p
    JOIN term_text o ON o.id = st.o LEFT JOIN term_text g ON g.id = st.g
    JOIN load l ON l.id = st.load JOIN source src ON src.id = l.source;
