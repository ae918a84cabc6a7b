import { readdirSync, readFileSync } from 'node:fs';
import { expect } from '@playwright/test';

// scripts/e2e says where the mail server keeps what it gets.
const folder = process.env.E2E_MAILS ?? '';

/** The texts of all mails to an address, without the breaks that mail makes in lines. */
function mailsTo(address: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
    .filter((mail) => mail.includes(`\nTo: ${address}\n`))
    .map((mail) => mail.replace(/=\n/g, '').replaceAll('=3D', '='));
}

/** Waits for a mail with these words in its subject, and gives the path of the link in it. */
export async function mailedLink(address: string, subject: string): Promise<string> {
  let path: string | undefined;
  await expect
    .poll(
      () => {
        const mail = mailsTo(address).find((mail) => mail.includes(`\nSubject: ${subject}`));
        path = mail?.match(/https?:\/\/[^/\s]+(\/(?:auth|orders)\/\S*)/)?.[1];
        return path;
      },
      { message: `a mail to ${address}: ${subject}`, timeout: 15_000 },
    )
    .toBeTruthy();
  return path!;
}

/** Waits for a mail with these words in its subject. */
export async function mailedTo(address: string, subject: string) {
  const arrived = () => mailsTo(address).some((mail) => mail.includes(`\nSubject: ${subject}`));
  await expect.poll(arrived, { message: `a mail to ${address}: ${subject}`, timeout: 15_000 }).toBe(true);
}

/** Waits for the mail with a code to sign in with, and gives the code. */
export async function mailedCode(address: string): Promise<string> {
  let code: string | undefined;
  await expect
    .poll(
      () => {
        code = mailsTo(address)
          .find((mail) => mail.includes('\nSubject: Your code to sign in'))
          ?.match(/your code is (\d{6})/)?.[1];
        return code;
      },
      { message: `a mail with a code to ${address}`, timeout: 15_000 },
    )
    .toBeTruthy();
  return code!;
}
