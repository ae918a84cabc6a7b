import { createHmac } from 'node:crypto';
import { expect, test } from '../support/fixtures.ts';
import { mailedCode } from '../support/mails.ts';
import { becomeMember, password, signIn, somebody } from '../support/members.ts';
import type { Shop } from '../support/shop.ts';

/** The code that an app shows, `ahead` steps of 30 seconds from now (RFC 6238). The shop takes those next to its own. */
function totp(key: string, ahead = 0): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...key].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const digest = createHmac('sha1', secret).update(step).digest();
  const number = digest.readUInt32BE(digest[19]! & 0xf) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** Begins something on the security page that asks for the password again. */
async function confirm(shop: Shop, link: RegExp, button: string) {
  await shop.open('/account/security');
  await shop.main.getByRole('link', { name: link }).click();
  await shop.main.getByLabel('Your password').fill(password);
  await shop.button(button).click();
}

/** Sets up an authenticator app; gives its key, the code that was used for it, and the recovery codes. */
async function setUpApp(shop: Shop) {
  await confirm(shop, /^Set up\s?: Authenticator app$/, 'Continue');
  const key = (await shop.main.locator('#totp-key').innerText()).replace(/\s/g, '');
  const used = totp(key);
  await shop.main.getByRole('textbox', { name: 'Code' }).fill(used);
  await shop.button('Confirm').click();
  await expect(shop.main.getByRole('heading', { level: 2 })).toHaveText('Your recovery codes');
  const codes = await shop.main.locator('.recovery-codes code').allInnerTexts();
  expect(codes).toHaveLength(10);
  await shop.button('I have kept them').click();
  await expect(shop.main.getByRole('status')).toContainText('not shown any more');
  return { key, used, codes };
}

async function signOut(shop: Shop) {
  await shop.open('/account');
  await shop.button('Sign out').click();
  await expect(shop.heading).toHaveText('Sign in');
}

async function expectAsked(shop: Shop) {
  await expect(shop.heading).toHaveText('Confirm that it’s you');
}

test('an authenticator app is asked for, but not in a trusted browser', async ({ shop }) => {
  const email = await becomeMember(shop);
  const { key, used } = await setUpApp(shop);
  await signOut(shop);

  await signIn(shop, email);
  await expectAsked(shop);
  await shop.main.getByRole('textbox', { name: 'Code' }).fill(used);
  await shop.button('Confirm').click();
  await expect(shop.main.getByRole('textbox', { name: 'Code' })).toHaveAccessibleDescription(/wrong, too old, or was used/);
  await shop.open('/account');
  await expect(shop.heading).toHaveText('Sign in');

  await signIn(shop, email);
  await shop.main.getByRole('textbox', { name: 'Code' }).fill(totp(key, 1));
  await shop.main.getByLabel(/^Don’t ask again/).check();
  await shop.button('Confirm').click();
  await expect(shop.heading).toHaveText('Your account');
  await signOut(shop);
  await signIn(shop, email);
  await expect(shop.heading).toHaveText('Your account');

  await shop.open('/account/security');
  await shop.button(/^Ask again/).click();
  await expect(shop.main.getByRole('status')).toContainText('asked for your second factor again');
  await signOut(shop);
  await signIn(shop, email);
  await expectAsked(shop);
});

test('codes on paper and by mail stand in', async ({ shop }) => {
  const email = await becomeMember(shop);
  const { codes } = await setUpApp(shop);
  await confirm(shop, /^Set up\s?: Codes by e-mail$/, 'Turn on');
  await expect(shop.main.getByRole('status')).toContainText('It is set up');
  await signOut(shop);

  await signIn(shop, email);
  await shop.main.getByRole('link', { name: 'Use a recovery code' }).click();
  await shop.main.getByLabel('Recovery code').fill(codes[0]!.toLowerCase());
  await shop.button('Confirm').click();
  await expect(shop.heading).toHaveText('Your account');
  await shop.open('/account/security');
  await expect(shop.main).toContainText('9 are left');
  await signOut(shop);

  await signIn(shop, email);
  await shop.main.getByRole('link', { name: 'Get a code by e-mail' }).click();
  await shop.button('Send the code').click();
  await expect(shop.main.getByRole('status')).toContainText('sent you a code');
  await shop.main.getByRole('textbox', { name: 'Code' }).fill(await mailedCode(email));
  await shop.button('Confirm').click();
  await expect(shop.heading).toHaveText('Your account');

  await confirm(shop, /^Remove\s?: Authenticator app$/, 'Remove');
  await confirm(shop, /^Remove\s?: Codes by e-mail$/, 'Turn off');
  await expect(shop.main.getByRole('status')).toContainText('It is removed');
  await signOut(shop);
  await signIn(shop, email);
  await expect(shop.heading).toHaveText('Your account');
});

test('a passkey signs in, alone and after the password', async ({ page, shop, js }) => {
  const email = somebody();
  if (!js) {
    await shop.open('/auth/signin');
    await expect(shop.button('Sign in')).toBeVisible();
    await expect(shop.button('Use a passkey')).toBeHidden();
    return;
  }
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  });
  await becomeMember(shop, email);
  await shop.open('/account/security');
  await shop.main.getByRole('link', { name: 'Add a passkey' }).click();
  await shop.main.getByLabel('Your password').fill(password);
  await shop.button('Continue').click();
  await shop.main.getByLabel('Name').fill('My laptop');
  await shop.button('Make the passkey').click();
  await expect(shop.main.getByRole('heading', { level: 2 })).toHaveText('Your recovery codes');
  await shop.button('I have kept them').click();
  await expect(shop.main).toContainText('My laptop');

  await shop.button('Sign out').click();
  await shop.button('Use a passkey').click();
  await expect(shop.heading).toHaveText('Your account');

  await shop.button('Sign out').click();
  await shop.main.getByLabel('E-mail').fill(email);
  await shop.main.getByLabel('Password').fill(password);
  await shop.button('Sign in').click();
  await expectAsked(shop);
  await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await shop.button('Use a passkey').click();
  await expect(shop.main.getByRole('alert')).toContainText('did not work');
  await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
  await shop.button('Use a passkey').click();
  await expect(shop.heading).toHaveText('Your account');
});
