/**
 * Whether Geneva's clock skipped a wall-clock time, or showed it twice: 02:00 to 03:00 on the last Sundays of March and
 * October (Directive 2000/84/EC, and before it from 1996 on).
 */
export function clockChange(at: string): 'skipped' | 'repeated' | null {
  const [, month, date] = at.slice(0, 10).split('-').map(Number);
  if (at.slice(11, 13) !== '02' || (month !== 3 && month !== 10) || (date ?? 0) < 25) return null;
  if (new Date(`${at.slice(0, 10)}T00:00:00Z`).getUTCDay() !== 0) return null;
  return month === 3 ? 'skipped' : 'repeated';
}
