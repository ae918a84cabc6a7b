import { readFileSync } from 'node:fs';
import { expect, test } from '../support/fixtures.ts';
import { mailedLink } from '../support/mails.ts';
import { becomeMember, password, signIn, somebody } from '../support/members.ts';
import type { Shop } from '../support/shop.ts';

/** Asks for another address, as far as the mails. */
async function askFor(shop: Shop, email: string) {
  await shop.open('/account/email');
  await shop.main.getByLabel('New e-mail address').fill(email);
  await shop.main.getByLabel('Your password').fill(password);
  await shop.button('Change address').click();
  await expect(shop.main.getByRole('status')).toContainText('to both addresses');
}

test('somebody is called otherwise, and wants news', async ({ shop }) => {
  await becomeMember(shop);
  await shop.open('/account/profile');
  await shop.main.getByLabel('Full name').fill('');
  await shop.button('Save name').click();
  await expect(shop.errors).toHaveCount(1);
  await shop.main.getByLabel('Full name').fill('Ada King');
  await shop.button('Save name').click();
  await expect(shop.main.getByLabel('Full name')).toHaveValue('Ada King');
  const news = shop.main.getByLabel('News and offers');
  await expect(news).not.toBeChecked();
  await news.check();
  await shop.button('Save choice').click();
  await expect(shop.main.getByRole('status')).toContainText('mails that you chose');
  await expect(news).toBeChecked();
});

test('an address is changed once both have confirmed', async ({ shop }) => {
  const [old, email] = [await becomeMember(shop), somebody()];
  await shop.open('/account/email');
  await shop.main.getByLabel('New e-mail address').fill(email);
  await shop.main.getByLabel('Your password').fill('not the password');
  await shop.button('Change address').click();
  await expect(shop.main.getByLabel('Your password')).toHaveAccessibleDescription('This is not your password');
  await expect(shop.main.getByLabel('New e-mail address')).toHaveValue(email);
  await askFor(shop, email);

  await shop.open(await mailedLink(email, 'Confirm your new e-mail address'));
  await shop.button('Confirm address').click();
  await expect(shop.main).toContainText('present address: not confirmed yet');
  await shop.open(await mailedLink(old, 'Change of your e-mail address'));
  await shop.button('Agree').click();
  await expect(shop.main.getByRole('status')).toContainText('has its new address');
  await expect(shop.main).toContainText(email);
  await shop.button('Sign out').click();
  await signIn(shop, email);
  await expect(shop.heading).toHaveText('Your account');
});

test('who did not ask for another address says so, and a thief is signed out', async ({ shop, browser, js }) => {
  const old = await becomeMember(shop);
  await askFor(shop, somebody());
  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const owner = shop.on(await elsewhere.newPage());
  const link = await mailedLink(old, 'Change of your e-mail address');
  await owner.open(link);
  await owner.button('This was not me').click();
  await expect(owner.main.getByRole('status')).toContainText('stays as it is');
  await owner.open(link);
  await expect(owner.heading).toHaveText('This link can’t be used');
  await elsewhere.close();
  await shop.open('/account/profile');
  await expect(shop.heading).toHaveText('Sign in');
});

test('somebody takes everything along, and is forgotten', async ({ page, shop }) => {
  const email = await becomeMember(shop);
  await shop.open('/account/download');
  const downloading = page.waitForEvent('download');
  await shop.button('Download').click();
  const file = JSON.parse(readFileSync(await (await downloading).path(), 'utf8'));
  expect(file.profile.email).toBe(email);

  await shop.open('/account/erase');
  await shop.main.getByLabel('Type DELETE to confirm').fill('yes');
  await shop.main.getByLabel('Your password').fill(password);
  await shop.button('Delete everything').click();
  await expect(shop.errors).toHaveCount(1);
  await shop.main.getByLabel('Type DELETE to confirm').fill('DELETE');
  await shop.main.getByLabel('Your password').fill(password);
  await shop.button('Delete everything').click();
  await expect(shop.main.getByRole('status')).toContainText('Your account is deleted');
  await signIn(shop, email);
  await expect(shop.errors).toHaveCount(1);
});
