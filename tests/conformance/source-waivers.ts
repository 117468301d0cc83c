/**
 * What a source under test cannot do, with the reason. A waived test must fail: once it passes, its waiver fails the
 * run, so that this list only shrinks.
 */
export const sourceWaivers: Record<string, Record<string, string>> = {};
