import type { Plan } from '../model/plan.ts';

/**
 * What the Temporal UI says of a run for as long as it is kept: what it is for, and how one deals with it. Names of
 * systems and people, and nothing of the rows.
 */
export function runPurpose(of: { plan: Plan; digest: string; startedBy: string; run: string }): string {
  const { plan, digest, startedBy, run } = of;
  const ends =
    plan.mode === 'live'
      ? 'It is live: once an owner has signed its report, the source refuses writes and the target is the system of record.'
      : 'It is a rehearsal: it ends with the signature under its report, and the source stays in use.';
  return [
    `Moves **${plan.blueprint.title}** from \`${plan.source.name}\` to \`${plan.target.name}\`. ${ends}`,
    '',
    `- Started by ${startedBy} under plan \`${digest.slice(0, 16)}\`, with Landfall ${plan.landfall}`,
    `- Signed by: ${plan.owners.join(', ')}`,
    `- Run by: ${plan.engineers.join(', ')}`,
    `- Entities, in this order: ${plan.order.slice(0, 20).join(', ')}${plan.order.length > 20 ? ` and ${plan.order.length - 20} more` : ''}`,
    '',
    `**Current details** say how far it is, what it waits for and what to do next; so does \`landfall status ${run}\`.`,
    'Its children are one step of one entity each; what fails for now is under their pending activities, with the reason.',
    'To stop it, use `landfall pause` or `landfall abort`: a run that is terminated here cannot give the source back.',
  ].join('\n');
}
