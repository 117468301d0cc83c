import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { Config } from '../model/config.ts';
import { LandfallError } from '../model/errors.ts';

/**
 * The name under which Temporal knows all workers of a configuration, whichever build they are. It must hold no dot and
 * no colon: Temporal writes a version as `name.build` or `name:build`.
 */
export function deploymentOf(config: Config): string {
  return config.temporal.taskQueue.replaceAll(/[^A-Za-z0-9_-]/g, '-');
}

/** gRPC's codes for what is not there, and for what is not ready yet (NOT_FOUND, FAILED_PRECONDITION). */
const Missing: readonly number[] = [5, 9];

/** The build that new runs go to; null where none has been promoted, or Temporal knows no worker with a build. */
export async function currentBuild(client: Client, config: Config): Promise<string | null> {
  try {
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace: config.temporal.namespace,
      deploymentName: deploymentOf(config),
    });
    return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? null;
  } catch (error) {
    if (isGrpcServiceError(error) && Missing.includes(error.code)) return null;
    throw error;
  }
}

/** Milliseconds that a worker which has just started may take to be known to the server, and between two looks. */
const KnownWithinMs = 15_000;
const LookMs = 500;

/**
 * Lets new runs, and open ones at their next decision, be worked on by the workers of a build. What an entity has begun is
 * ended by the build that began it.
 *
 * @returns the build that it was before
 * @throws LandfallError `worker.build-unknown` where no worker of that build serves what the one before served
 */
export async function promote(client: Client, config: Config, build: string): Promise<string | null> {
  const { namespace, taskQueue } = config.temporal;
  const deadline = Date.now() + KnownWithinMs;
  for (;;) {
    try {
      const deploymentName = deploymentOf(config);
      const identity = 'landfall promote';
      const done = await client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName,
        buildId: build,
        identity,
      });
      return done.previousDeploymentVersion?.buildId ?? null;
    } catch (error) {
      const missing = isGrpcServiceError(error) && Missing.includes(error.code);
      if (!missing) throw error;
      if (Date.now() > deadline) {
        throw new LandfallError({
          code: 'worker.build-unknown',
          kind: 'permanent',
          what: `No workers of build ${build} serve all that runs need: ${error.details}.`,
          where: { queue: taskQueue, namespace },
          hint: `Start \`landfall worker --build ${build}\` for every part first, and leave it running.`,
          cause: error,
        });
      }
    }
    await sleep(LookMs);
  }
}
