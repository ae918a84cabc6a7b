// A mail server that keeps what it gets, a file for each mail: node mailbox.mjs PORT FOLDER
import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [port, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

createServer((socket) => {
  /** @type {string[] | undefined} The lines of the mail that is coming in. */
  let mail;
  const say = (/** @type {string} */ line) => socket.write(`${line}\r\n`);
  socket.on('error', () => {});
  say('220 mailbox');
  createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => {
    if (mail && line === '.') {
      // Whoever looks sees whole mails only.
      const file = `${folder}/${randomUUID()}`;
      writeFileSync(`${file}.part`, mail.join('\n'));
      renameSync(`${file}.part`, `${file}.eml`);
      mail = undefined;
      return say('250 kept');
    }
    if (mail) return mail.push(line.replace(/^\./, ''));
    const command = line.slice(0, 4).toUpperCase();
    if (command === 'DATA') {
      mail = [];
      return say('354 go on');
    }
    if (command === 'QUIT') return socket.end('221 goodbye\r\n');
    return say('250 fine');
  });
}).listen(Number(port), '127.0.0.1');
