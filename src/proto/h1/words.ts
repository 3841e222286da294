/** The bytes of a thread's memory, four at once. It must not know what they mean. */

/** Nothing looked at yet. */
let bytesSeen: Uint8Array = new Uint8Array(0);
let view: DataView = new DataView(bytesSeen.buffer);

/** The same bytes as a DataView; a thread has one memory, so one view is kept. */
export function viewOf(bytes: Uint8Array): DataView {
  return bytes === bytesSeen ? view : look(bytes);
}

function look(bytes: Uint8Array): DataView {
  bytesSeen = bytes;
  // hot-ok: once a thread, its memory is one array
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view;
}
