import type pg from 'pg';

/** How much the legacy system holds. */
export const Suppliers = 1_500;
/** Every so many suppliers there is one in a country that nobody knows, and one with another's VAT number. */
const UnknownEvery = 100;
const TwiceEvery = 150;

/** Rows held back: the mapping knows no such country, or the target takes no VAT number twice. */
export const held = {
  rejected: Math.floor(Suppliers / UnknownEvery),
  refused: Math.floor(Suppliers / TwiceEvery) - Math.floor(Suppliers / (3 * UnknownEvery)),
};

const legacy = `
CREATE SCHEMA erp;
CREATE TABLE erp.supplier (supplier_id integer PRIMARY KEY, name text NOT NULL, country text NOT NULL, vat text,
  since timestamptz, parent_id integer, contract bytea);
CREATE TABLE erp.purchase (purchase_no text PRIMARY KEY, supplier_id integer NOT NULL, ordered_on date NOT NULL,
  total numeric(18,2) NOT NULL);
CREATE TABLE erp.purchase_line (purchase_no text, line_no integer, amount numeric(18,2) NOT NULL,
  PRIMARY KEY (purchase_no, line_no));
CREATE TABLE erp.visit (visit_id bigint PRIMARY KEY, supplier_id integer NOT NULL, remark text);
INSERT INTO erp.supplier SELECT n, 'Müller & Söhne №' || n,
  CASE WHEN n % ${UnknownEvery} = 0 THEN 'Atlantis' WHEN n % 3 = 0 THEN 'Italy' ELSE 'Switzerland' END,
  CASE WHEN n % ${TwiceEvery} = 0 THEN 'VAT-' || (n - 1) ELSE 'VAT-' || n END,
  timestamptz '2001-02-03 04:05:06.789012Z' + n * interval '1 hour',
  -- Rings, rows that are their own parents, and parents that come later.
  CASE WHEN n % 7 = 0 THEN n WHEN n % 5 = 0 THEN ${Suppliers} - n + 1 END,
  CASE WHEN n % 500 = 1 THEN decode(repeat(md5(n::text), 4000), 'hex') END
  FROM generate_series(1, ${Suppliers}) n;
INSERT INTO erp.purchase SELECT 'P-' || n, n, date '2020-01-01' + n % 365, 10 FROM generate_series(1, ${Suppliers}) n;
INSERT INTO erp.purchase_line SELECT 'P-' || n, line, 10.00 / 2 FROM generate_series(1, ${Suppliers}) n, generate_series(1, 2) line;
INSERT INTO erp.visit SELECT n, n % ${Suppliers} + 1, 'visit ' || n FROM generate_series(1, ${2 * Suppliers}) n;
CREATE TABLE erp.state (frozen boolean NOT NULL);
INSERT INTO erp.state VALUES (false);
CREATE FUNCTION erp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT frozen FROM erp.state) THEN RAISE 'frozen' USING ERRCODE = 'read_only_sql_transaction'; END IF; RETURN NULL; END $$;
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON erp.visit EXECUTE FUNCTION erp.refuse();
CREATE FUNCTION erp.freeze(wanted boolean) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE erp.state SET frozen = wanted';
CREATE FUNCTION erp.is_frozen() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  UPDATE erp.visit SET remark = remark WHERE false; RETURN false;
  EXCEPTION WHEN read_only_sql_transaction THEN RETURN true; END $$;
CREATE ROLE legacy_reader LOGIN;
GRANT USAGE ON SCHEMA erp TO legacy_reader;
GRANT SELECT ON erp.supplier, erp.purchase, erp.purchase_line, erp.visit TO legacy_reader;
`;

const target = `
CREATE SCHEMA purchasing;
CREATE TABLE purchasing.partner (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), legacy_id text UNIQUE,
  name varchar(200) NOT NULL, country varchar(2) NOT NULL, vat text UNIQUE, since timestamptz,
  parent uuid REFERENCES purchasing.partner, contract bytea, contract_name text);
CREATE TABLE purchasing.purchase (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text UNIQUE,
  partner uuid NOT NULL REFERENCES purchasing.partner, ordered_on date NOT NULL, total numeric(18,2) NOT NULL);
CREATE TABLE purchasing.purchase_line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text UNIQUE,
  purchase bigint NOT NULL REFERENCES purchasing.purchase, position integer NOT NULL, amount numeric(18,2) NOT NULL);
CREATE TABLE purchasing.visit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text,
  partner uuid NOT NULL REFERENCES purchasing.partner, remark text);
CREATE INDEX ON purchasing.visit (legacy_id);
CREATE TABLE purchasing.live (mark text PRIMARY KEY, run text NOT NULL, report text NOT NULL,
  since timestamptz NOT NULL DEFAULT now());
CREATE ROLE cloud_loader LOGIN;
GRANT USAGE ON SCHEMA purchasing TO cloud_loader;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA purchasing TO cloud_loader;
`;

/** Makes the legacy system and the one that it moves into. */
export async function makeSystems(of: { legacy: pg.Client; target: pg.Client }): Promise<void> {
  await of.legacy.query(legacy);
  await of.target.query(target);
}
