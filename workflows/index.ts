export { entity } from './entity.ts';
export { limiter } from './limiter.ts';
export { migration } from './migration.ts';
