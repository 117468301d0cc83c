/** The membership office's database as twenty years have left it: no foreign keys, and keys of every kind. */
export const schema = `
CREATE SCHEMA crm;
CREATE TABLE crm.organisation (
  org_id integer PRIMARY KEY,
  name text NOT NULL,
  category text,
  country text,
  parent_id integer,
  primary_contact uuid,
  status char(1),
  contributory_units numeric(9,5),
  website text,
  joined_on date,
  remark bytea,
  updated_at timestamp
);
CREATE TABLE crm.contact (
  contact_id uuid PRIMARY KEY,
  org_id integer,
  first_name text,
  last_name text,
  email text,
  phone text,
  birth_date date,
  language text,
  opt_out_email boolean NOT NULL,
  opt_out_post boolean NOT NULL,
  consent_at timestamptz,
  created_at timestamptz NOT NULL,
  modified_at timestamptz NOT NULL
);
CREATE TABLE crm.membership (
  org_id integer NOT NULL,
  seq smallint NOT NULL,
  class text NOT NULL,
  units numeric,
  valid_from date NOT NULL,
  valid_to date,
  status text NOT NULL,
  PRIMARY KEY (org_id, seq)
);
CREATE TABLE crm.invoice (
  invoice_no text PRIMARY KEY,
  org_id integer NOT NULL,
  issued_on date NOT NULL,
  currency char(3) NOT NULL,
  total numeric(18,2) NOT NULL,
  status text NOT NULL
);
CREATE TABLE crm.invoice_line (
  invoice_no text NOT NULL,
  line_no smallint NOT NULL,
  description text,
  quantity numeric(12,3) NOT NULL,
  unit_price numeric(18,6) NOT NULL,
  amount numeric(18,2) NOT NULL,
  account text NOT NULL,
  PRIMARY KEY (invoice_no, line_no)
);
CREATE TABLE crm.activity (
  activity_id bigint PRIMARY KEY,
  kind text NOT NULL,
  regarding_type char(1) NOT NULL,
  regarding_id text,
  subject text,
  body text,
  happened_at timestamp NOT NULL,
  duration_minutes integer,
  owner_login text NOT NULL
);
CREATE TABLE crm.note (
  note_id bigint PRIMARY KEY,
  regarding_type char(1) NOT NULL,
  regarding_id text NOT NULL,
  title text,
  body text,
  file_name text,
  mime_type text,
  content bytea,
  created_at timestamptz NOT NULL
);
ALTER TABLE crm.note ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE crm.system_state (read_only boolean NOT NULL);
INSERT INTO crm.system_state VALUES (false);

-- The cut-over's last step: while the state says so, nobody writes, whatever role they hold. Whoever writes holds a lock
-- on the state until they commit: so the switch waits for work that has begun, and work in an older snapshot, which would
-- not see the switch, fails on the lock.
CREATE FUNCTION crm.refuse_when_read_only() RETURNS void LANGUAGE plpgsql AS $$
DECLARE frozen boolean;
BEGIN
  SELECT read_only INTO STRICT frozen FROM crm.system_state FOR SHARE;
  IF frozen THEN
    RAISE EXCEPTION 'the CRM is read only since the cut-over' USING ERRCODE = 'read_only_sql_transaction';
  END IF;
END $$;
REVOKE ALL ON FUNCTION crm.refuse_when_read_only() FROM PUBLIC;
CREATE FUNCTION crm.refuse_writes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = crm AS $$
BEGIN
  PERFORM crm.refuse_when_read_only();
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION crm.refuse_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = crm AS $$
BEGIN
  PERFORM crm.refuse_when_read_only();
  RETURN NULL;
END $$;
CREATE FUNCTION crm.set_read_only(wanted boolean) RETURNS void LANGUAGE sql SECURITY DEFINER
  SET search_path = crm AS 'UPDATE crm.system_state SET read_only = wanted';
REVOKE ALL ON FUNCTION crm.set_read_only(boolean) FROM PUBLIC;
-- Proof by trying: writes as the application would, in a transaction that is rolled back. In a read-only transaction any
-- write is refused, which would prove nothing.
CREATE FUNCTION crm.writes_are_refused() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = crm AS $$
BEGIN
  IF current_setting('transaction_read_only')::boolean THEN
    RAISE EXCEPTION 'a read-only transaction proves nothing about writes: try it outside of one';
  END IF;
  BEGIN
    UPDATE crm.organisation SET name = name WHERE org_id = (SELECT min(org_id) FROM crm.organisation);
    RAISE EXCEPTION 'written' USING ERRCODE = 'P0002';
  EXCEPTION
    WHEN read_only_sql_transaction THEN RETURN true;
    WHEN no_data_found THEN RETURN false;
  END;
END $$;
REVOKE ALL ON FUNCTION crm.writes_are_refused() FROM PUBLIC;
`;

/** The tables of the schema that hold business data. */
export const tables = ['organisation', 'contact', 'membership', 'invoice', 'invoice_line', 'activity', 'note'] as const;
export type LegacyTable = (typeof tables)[number];

/** Guards and roles, once the data is in: an application, a reader with the least rights, and the cut-over's account. */
export const guards = `
${tables
  .map(
    (table) => `
CREATE TRIGGER read_only BEFORE INSERT OR UPDATE OR DELETE ON crm.${table}
  FOR EACH ROW EXECUTE FUNCTION crm.refuse_writes();
CREATE TRIGGER read_only_truncate BEFORE TRUNCATE ON crm.${table}
  FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse_truncate();`,
  )
  .join('')}
DO $$
DECLARE role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['crm_app', 'landfall_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', role, role || '_sandbox');
    END IF;
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA crm TO crm_app, landfall_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA crm TO crm_app;
REVOKE ALL ON crm.system_state FROM crm_app;
GRANT SELECT ON crm.system_state TO crm_app;
GRANT SELECT ON ${tables.map((table) => `crm.${table}`).join(', ')} TO landfall_reader;
GRANT EXECUTE ON FUNCTION crm.set_read_only(boolean), crm.writes_are_refused() TO landfall_reader;
ANALYZE;
`;
