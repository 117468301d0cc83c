import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';

export const news = defineSignal('news');
export const decision = defineUpdate('decision');
export const told = defineQuery<boolean>('told');

interface Steps {
  wait(): Promise<void>;
  asIfTold(): Promise<void>;
  asIfNot(): Promise<void>;
}

/** Goes one of two ways, by whether it was told before its first step ended: as any run does that can be paused. */
export async function twoWays(stepsQueue: string): Promise<void> {
  const steps = proxyActivities<Steps>({ taskQueue: stepsQueue, startToCloseTimeout: '1 minute' });
  let heard = false;
  setHandler(news, () => void (heard = true));
  setHandler(decision, async () => {
    heard = true;
    await steps.asIfTold();
  });
  setHandler(told, () => heard);
  await steps.wait();
  await (heard ? steps.asIfTold() : steps.asIfNot());
  await condition(() => heard && allHandlersFinished());
}
