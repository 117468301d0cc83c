export { entity } from './entity.ts';
export { lease } from './lease.ts';
export { limiter } from './limiter.ts';
export { migration } from './migration.ts';
