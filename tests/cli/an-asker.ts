import type { Asker } from '../../cli/init/asker.ts';

/** A person who answers what is asked about each of these, and takes what is usual where the answer is empty. */
export function askerWith(answers: readonly (readonly [about: RegExp, answer: string])[]): Asker & {
  questions: string[];
} {
  const questions: string[] = [];
  return {
    questions,
    ask(question, usual) {
      questions.push(question);
      const found = answers.find(([about]) => about.test(question))?.[1];
      if (found === undefined) throw new Error(`nobody can answer: ${question}`);
      return Promise.resolve(found === '' ? (usual ?? '') : found);
    },
    close() {},
  };
}
