import { readFileSync } from 'node:fs';

/*
 * Loaded before a worker (`node --import`): its clock is off by as many milliseconds as the file says that
 * LANDFALL_TEST_CLOCK names, from one moment to the next. Timers go on as before, as they do when a clock is set.
 */
const RealDate = Date;
const file = process.env['LANDFALL_TEST_CLOCK'] ?? '';
let offset = 0;
const look = (): void => {
  const told = Number(readFileSync(file, 'utf8'));
  if (Number.isFinite(told)) offset = told;
};
look();
setInterval(look, 25).unref();

const now = (): number => RealDate.now() + offset;
globalThis.Date = new Proxy(RealDate, {
  construct: (real, given: [], made: typeof RealDate) =>
    given.length === 0 ? Reflect.construct(real, [now()], made) : Reflect.construct(real, given, made),
  get: (real, name) => (name === 'now' ? now : Reflect.get(real, name)),
});
