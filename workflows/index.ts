export { entity } from './entity.ts';
export { migration } from './migration.ts';
