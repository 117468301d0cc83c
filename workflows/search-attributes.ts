import { defineSearchAttributeKey } from '@temporalio/common';

/** What operators filter runs by in the Temporal UI. Names and codes only. */
export const LandfallMigration = defineSearchAttributeKey('LandfallMigration', 'KEYWORD');
export const LandfallRun = defineSearchAttributeKey('LandfallRun', 'KEYWORD');
export const LandfallMode = defineSearchAttributeKey('LandfallMode', 'KEYWORD');
export const LandfallPhase = defineSearchAttributeKey('LandfallPhase', 'KEYWORD');
export const LandfallEntity = defineSearchAttributeKey('LandfallEntity', 'KEYWORD');
/** Who or what the run waits for; empty while it works. */
export const LandfallWaiting = defineSearchAttributeKey('LandfallWaiting', 'KEYWORD');

/** Name and type of each, as a server must register them. */
export const searchAttributes = {
  LandfallMigration: 'Keyword',
  LandfallRun: 'Keyword',
  LandfallMode: 'Keyword',
  LandfallPhase: 'Keyword',
  LandfallEntity: 'Keyword',
  LandfallWaiting: 'Keyword',
} as const;
