/** What every command takes. */
export interface Shared {
  config?: string;
  json?: boolean;
  trace?: boolean;
}

/** What a command takes by which a person decides. */
export interface Deciding {
  as: string;
  key?: string;
  comment?: string;
}
