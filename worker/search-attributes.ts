import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import { LandfallError } from '../model/errors.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';

/** What is asked of Temporal; its connections have it. */
interface Server {
  workflowService: {
    listWorkflowExecutions(of: { namespace: string; pageSize: number; query: string }): Promise<unknown>;
  };
  operatorService: {
    listSearchAttributes(of: { namespace: string }): Promise<{ customAttributes: object }>;
    addSearchAttributes(of: { namespace: string; searchAttributes: Record<string, number> }): Promise<unknown>;
  };
}

/** gRPC's INVALID_ARGUMENT: what a query gets that names an attribute which the namespace does not have. */
const Invalid: readonly number[] = [3];
/** KEYWORD, of `temporal.api.enums.v1.IndexedValueType`. */
const Keyword = 2;
/** Milliseconds within which a server takes note of new attributes (its caches are that old), and between two looks. */
const KnownWithinMs = 30_000;
const LookMs = 250;

const names = Object.keys(searchAttributes);

/** Asked as a query, because only operators may list attributes on every server. */
async function areKnown({ workflowService }: Server, namespace: string): Promise<boolean> {
  const query = names.map((name) => `${name} = 'nobody'`).join(' AND ');
  try {
    await workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && Invalid.includes(error.code)) return false;
    throw error;
  }
}

function unknown(namespace: string, cause: unknown): LandfallError {
  const flags = names.map((name) => `--name ${name} --type Keyword`).join(' ');
  return new LandfallError({
    code: 'temporal.search-attributes',
    kind: 'permanent',
    what: `The namespace ${namespace} lacks search attributes that runs carry, and they could not be registered from here.`,
    where: { namespace },
    hint: `Have its operator register them: \`temporal operator search-attribute create --namespace ${namespace} ${flags}\`.`,
    cause,
  });
}

/**
 * Registers what operators filter runs by, where the namespace does not know it: without it no run can start there.
 *
 * @throws LandfallError `temporal.search-attributes` where somebody else has to do it
 */
export async function registerSearchAttributes(server: Server, namespace: string): Promise<void> {
  if (await areKnown(server, namespace)) return;
  try {
    const { customAttributes } = await server.operatorService.listSearchAttributes({ namespace });
    const missing = names.filter((name) => !Object.hasOwn(customAttributes, name));
    if (missing.length > 0) {
      const wanted = Object.fromEntries(missing.map((name) => [name, Keyword]));
      await server.operatorService.addSearchAttributes({ namespace, searchAttributes: wanted });
    }
  } catch (error) {
    throw unknown(namespace, error);
  }
  for (const deadline = Date.now() + KnownWithinMs; Date.now() < deadline; await sleep(LookMs)) {
    if (await areKnown(server, namespace)) return;
  }
  throw unknown(namespace, null);
}
