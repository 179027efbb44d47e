import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

const A_RECORD = 1;

/** What the server says of a name: IPv4 addresses, none, or nothing at all. */
export type Names = (name: string) => readonly string[] | 'unknown' | 'silence';

export interface NameServer {
  /** The names that were asked for. */
  asked: ReadonlySet<string>;
}

/** A DNS server on loopback (RFC 1035), which this process asks until the test ends. */
export async function nameServer(names: Names): Promise<NameServer> {
  const asked = new Set<string>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, type, question } = readQuestion(query);
    asked.add(name);
    const known = names(name);
    if (known === 'silence') return;
    const addresses = known === 'unknown' || type !== A_RECORD ? [] : known;
    const flags = Buffer.from([0x81, known === 'unknown' ? 0x83 : 0x80]);
    const counts = Buffer.from([0, 1, 0, addresses.length, 0, 0, 0, 0]);
    const records = addresses.map((address) =>
      Buffer.from([
        0xc0,
        12,
        0,
        A_RECORD,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        4,
        ...address.split('.').map(Number),
      ]),
    );
    const reply = Buffer.concat([query.subarray(0, 2), flags, counts, question, ...records]);
    socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const before = dns.getServers();
  dns.setServers([`127.0.0.1:${socket.address().port}`]);
  onTestFinished(() => {
    dns.setServers(before);
    socket.close();
  });
  return { asked };
}

function readQuestion(query: Buffer): { name: string; type: number; question: Buffer } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const name = labels.join('.').toLowerCase();
  return { name, type: query.readUInt16BE(at + 1), question: query.subarray(12, at + 5) };
}
