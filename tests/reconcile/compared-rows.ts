/** Rows as comparisons see them: one field of each kind. */
export const columns = {
  _key: 'VARCHAR',
  _target: 'VARCHAR',
  name: 'VARCHAR',
  amount: 'DECIMAL(18,2)',
  category: 'INTEGER',
  active: 'BOOLEAN',
  born: 'DATE',
  changed: 'TIMESTAMPTZ',
};
export const fields = ['name', 'amount', 'category', 'active', 'born', 'changed'];
export type Row = Record<keyof typeof columns, string | number | boolean | null>;
