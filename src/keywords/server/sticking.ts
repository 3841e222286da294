/** Whether stick tables keep who was sent to a server (HAProxy configuration manual, 5.2 non-stick). */
import { defineServerOption } from '../define.ts';

export const nonStick = defineServerOption({
  name: 'non-stick',
  args: [],
  doc: 'No stick table keeps who was sent to this server: a backup that should be left as soon as another comes back.',
  examples: [{ text: 'non-stick', gives: { other: { 'non-stick': [] } } }],
  apply(server) {
    server.other['non-stick'] = [];
  },
});

export const stick = defineServerOption({
  name: 'stick',
  args: [],
  doc: 'Undoes `non-stick` of a default-server line.',
  examples: [{ text: 'non-stick stick', gives: { other: {} } }],
  apply(server) {
    delete server.other['non-stick'];
  },
});
