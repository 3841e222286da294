/** What a command of the runtime API has come to. It must not know commands. */

export interface Reply {
  /** False: nothing has changed. */
  readonly isDone: boolean;
  /** For who gave the command: what is done, or why not; tools read HAProxy's words. Without a line feed at its end. */
  readonly text: string;
}

export function done(text: string): Reply {
  return { isDone: true, text };
}

export function refused(text: string): Reply {
  return { isDone: false, text };
}
