// Frames on standard input and output: four bytes of length, little end first, then JSON in UTF-8.
// Reads and writes block on purpose: while a script runs, nothing else has to happen in this process. They work on the
// descriptors themselves, because process.stdin and process.stdout would make them non-blocking.
import { readSync, writeSync } from 'node:fs';

/** The next message; undefined when the other side is gone. */
export function receive() {
  const head = take(4);
  const body = head && take(head.readUInt32LE(0));
  return body && JSON.parse(body.toString('utf8'));
}

export function send(message) {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const frame = Buffer.allocUnsafe(body.length + 4);
  frame.writeUInt32LE(body.length, 0);
  body.copy(frame, 4);
  for (let sent = 0; sent < frame.length;) {
    sent += writeSync(1, frame, sent);
  }
}

function take(length) {
  const buffer = Buffer.allocUnsafe(length);
  for (let got = 0; got < length;) {
    const read = readSync(0, buffer, got, length - got, null);
    if (read === 0) {
      return undefined;
    }
    got += read;
  }
  return buffer;
}
