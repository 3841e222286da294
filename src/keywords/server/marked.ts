/** What becomes of sessions when a server's state changes (HAProxy configuration manual, 5.2 on-marked-down, on-marked-up). */
import { defineServerOption } from '../define.ts';

export const onMarkedDown = defineServerOption({
  name: 'on-marked-down',
  args: [{ name: 'action', kind: 'text', optional: true }],
  doc:
    '`shutdown-sessions`: the sessions of a server that goes down, or into maintenance, are cut at once. They are logged with the state `D`. ' +
    'Otherwise they go on as long as the server lets them.',
  examples: [
    { text: 'on-marked-down shutdown-sessions', gives: { shutsSessions: true } },
    { text: 'on-marked-down x', says: "'on-marked-down' expects 'shutdown-sessions' but got 'x'" },
    { text: 'on-marked-down', says: "'on-marked-down' expects 'shutdown-sessions' but got ''" },
  ],
  apply(server, [word], context) {
    if (word === 'shutdown-sessions') server.shutsSessions = true;
    else context.error({ text: `'on-marked-down' expects 'shutdown-sessions' but got '${word ?? ''}'.` });
  },
});

export const onMarkedUp = defineServerOption({
  name: 'on-marked-up',
  args: [{ name: 'action', kind: 'text', optional: true }],
  doc:
    '`shutdown-backup-sessions`: when this server is up again, the sessions of the backup servers of its backend are cut at once. They are ' +
    'logged with the state `U`. It does nothing on backup servers, and none while the weight is 0.',
  examples: [
    { text: 'on-marked-up shutdown-backup-sessions', gives: { shutsBackupSessions: true } },
    { text: 'on-marked-up x', says: "'on-marked-up' expects 'shutdown-backup-sessions' but got 'x'" },
  ],
  apply(server, [word], context) {
    if (word === 'shutdown-backup-sessions') server.shutsBackupSessions = true;
    else context.error({ text: `'on-marked-up' expects 'shutdown-backup-sessions' but got '${word ?? ''}'.` });
  },
});
