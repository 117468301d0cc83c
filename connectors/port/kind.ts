import type { z } from 'zod';
import type { SecretRef } from '../../model/names.ts';
import type { Source } from './source.ts';
import type { Target } from './target.ts';

/** Resolves a secret reference of the configuration. Values live in memory only. */
export type SecretResolver = (reference: { env: string } | { file: string }) => string;

/** What a person says of a system when a project begins. */
export interface Address {
  /** With the account as its user name, and never with a secret. */
  url: URL;
  /** Where the account's secret is; null: there is none. */
  secret: SecretRef | null;
  /** Where tokens are issued for the account; null: it signs in without. */
  tokenUrl: string | null;
}

/** One kind of system: its settings and how to open it. One folder and one line in the registry. */
export interface ConnectorKind<Settings extends z.ZodType = z.ZodType> {
  readonly kind: string;
  readonly title: string;
  /** What a connection of this kind is configured with; secrets as references. */
  readonly settings: Settings;
  /**
   * What tells the account at the target from others, the same wherever it is configured: requests are limited by it.
   * Absent: the connection's name.
   */
  accountOf?(settings: z.infer<Settings>): string;
  /** The settings that an address stands for; null when it is not one of this kind. */
  settingsFor?(address: Address): z.input<Settings> | null;
  openSource?(name: string, settings: z.infer<Settings>, secrets: SecretResolver): Promise<Source>;
  openTarget?(name: string, settings: z.infer<Settings>, secrets: SecretResolver): Promise<Target>;
}
