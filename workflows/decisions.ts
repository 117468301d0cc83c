import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { AssertedDecision, DecisionAccepted, DecisionAction } from '../activities/contract.ts';
import { Aborted } from './failures.ts';
import { abort, decideGate, pause, replay, resume, setPaused, signOff, type DecisionOutcome } from './messages.ts';
import type { Run } from './run.ts';

interface Rule {
  action: DecisionAction;
  /** In the Temporal UI. */
  description: string;
  /** Synchronous, and about state alone: what it refuses never reaches history. */
  stands: () => boolean;
  otherwise: string;
  /** What the decision is about, where it is about one thing. */
  about?: () => string | null;
  apply: (accepted: DecisionAccepted) => void;
}

/** What a person is told whose decision does not count now. */
function refusal(code: string, what: string): ApplicationFailure {
  const hint = 'Look at `landfall status`, which says what the run waits for, and decide again.';
  return ApplicationFailure.create({
    type: code,
    message: `${code}: ${what} ${hint}`,
    details: [{ code, what, hint }],
    nonRetryable: true,
  });
}

/** Takes people's decisions. Access to Temporal is not an identity: each is verified and kept as evidence first. */
export function listen(run: Run, startedBy: string, cancel: () => void): void {
  const { status } = run;

  /** Appends the decision to the evidence, looks at the state again, and only then lets it count. */
  const decide = async (rule: Rule, decision: AssertedDecision): Promise<DecisionOutcome> => {
    run.deciding += 1;
    try {
      const about = rule.about?.() ?? null;
      const verdict = status.report?.verdict ?? null;
      const asked = uuid4();
      const of = { ...run.of, decision, about, startedBy, verdict, asked };
      const accepted = await run.steps.acceptDecision.executeWithOptions(
        { summary: `${rule.action}: verified, and kept as evidence` },
        [of],
      );
      if (!rule.stands() || (rule.about?.() ?? null) !== about) {
        throw refusal('decision.too-late', 'The run has moved on since the decision was made.');
      }
      rule.apply(accepted);
      run.show();
      return { person: accepted.person, decision: accepted.decision, record: accepted.record };
    } catch (error) {
      if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) throw error.cause;
      throw error;
    } finally {
      run.deciding -= 1;
    }
  };
  const takes = (update: typeof signOff, rule: Rule): void =>
    setHandler(update, (decision) => decide(rule, decision), {
      description: `${rule.description} By \`landfall\` alone, which signs it with the person’s key.`,
      validator: (_decision: AssertedDecision) => {
        if (!rule.stands()) throw refusal('decision.not-now', rule.otherwise);
      },
    });

  // One that was aborted still gives back what it holds: until then its phase is what it was.
  const ended = (): boolean => status.phase === 'done' || status.phase === 'aborted' || status.failure !== null;
  const setPause = (paused: boolean) => (): void => {
    status.paused = paused;
    for (const id of run.children) {
      void getExternalWorkflowHandle(id)
        .signal(setPaused, paused)
        .catch(() => {});
    }
  };
  const replaying = (): boolean => status.replays.some((one) => one.outcome === 'asked' || one.outcome === 'running');

  takes(signOff, {
    action: 'sign-off',
    description: 'An owner signs the report or refuses it.',
    stands: () => status.phase === 'sign-off' && status.signed === null && !replaying() && !ended(),
    otherwise: 'There is no report that waits for a signature.',
    about: () => status.report?.digest ?? null,
    apply: (accepted) => {
      const decision = accepted.decision === 'signed' ? 'signed' : 'refused';
      status.signed = { by: accepted.person, decision, report: accepted.about ?? '' };
      run.memory.signature = accepted.record;
    },
  });
  takes(decideGate, {
    action: 'quality-gate',
    description: 'An engineer lets a run load in spite of its rejects, or stops it.',
    stands: () => status.waiting?.on === 'quality-gate' && run.memory.gate === null && !replaying() && !ended(),
    otherwise: 'The run does not wait at the quality gate.',
    apply: (accepted) => void (run.memory.gate = accepted.decision),
  });
  takes(replay, {
    action: 'replay',
    description: 'An engineer takes rows that are held back through the steps again.',
    stands: () => status.waiting !== null && status.signed === null && !replaying() && !ended(),
    otherwise: 'Rows can be replayed while the run waits at the quality gate or for its sign-off.',
    apply: ({ person, about, record }) =>
      void status.replays.push({ by: person, corrections: about, record, outcome: 'asked', failure: null }),
  });
  takes(pause, {
    action: 'pause',
    description: 'No further chunk is started; those in work end.',
    stands: () => !ended() && !status.paused,
    otherwise: 'The run is not at work.',
    apply: setPause(true),
  });
  takes(resume, {
    action: 'resume',
    description: 'Goes on after a pause.',
    stands: () => !ended() && status.paused,
    otherwise: 'The run is not paused.',
    apply: setPause(false),
  });
  takes(abort, {
    action: 'abort',
    description: 'Ends the run, and gives the source back.',
    stands: () => !ended() && status.phase !== 'cut-over',
    otherwise: 'The run can no longer be aborted.',
    apply: (accepted) => {
      const hint = 'Start a new run when ready.';
      status.failure = { code: Aborted, what: `Aborted by ${accepted.person}.`, hint, details: null };
      cancel();
    },
  });
}

/** Waits until what it waits for is there, or somebody asks for a replay. */
export async function decidedOrReplay(run: Run, decided: () => boolean): Promise<'decided' | 'replay'> {
  const asked = (): boolean => run.status.replays.some((one) => one.outcome === 'asked');
  await condition(() => decided() || asked());
  return decided() ? 'decided' : 'replay';
}
