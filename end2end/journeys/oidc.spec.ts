import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures.ts';
import { mailedTo } from '../support/mails.ts';
import { becomeMember, password, somebody } from '../support/members.ts';
import type { Shop } from '../support/shop.ts';

/** Goes to the issuer by a link of the shop's page, and answers there. */
async function answer(page: Page, link: string | RegExp, account: string, button = 'Go on') {
  await page.getByRole('main').getByRole('link', { name: link }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Who are you?');
  await page.getByLabel('Account').fill(account);
  await page.getByRole('button', { name: button }).click();
}

async function signInThere(shop: Shop, account: string) {
  await shop.open('/auth/signin');
  await answer(shop.page, 'Continue with Test issuer', account);
}

/** The issuer forgets who has signed in there, too. */
async function forgetThere(page: Page) {
  const cookies = await page.context().cookies();
  await page.context().clearCookies();
  await page.context().addCookies(cookies.filter((cookie) => /^(cart|session|flow)$/.test(cookie.name)));
}

test('somebody comes by another provider, and finds the account again @mobile', async ({ page, shop }) => {
  const email = somebody();
  await shop.open('/auth/signin?next=/account/profile');
  await answer(page, 'Continue with Test issuer', email);
  await expect(page).toHaveURL(/\/account\/profile$/);
  await expect(shop.main).toContainText(email);
  await expect(shop.main.getByLabel('Full name')).toHaveValue('Ada Lovelace');

  await shop.button('Sign out').click();
  // The issuer remembers them: no question is asked.
  await shop.main.getByRole('link', { name: 'Continue with Test issuer' }).click();
  await expect(shop.heading).toHaveText('Your account');
  await shop.open('/account/profile');
  await expect(shop.main).toContainText(email);
});

test('what a guest has in the cart comes along', async ({ shop }) => {
  await shop.openProduct();
  await shop.addToCart(2);
  await signInThere(shop, somebody());
  await expect(shop.heading).toHaveText('Your cart');
  await shop.expectItems(2);
});

test('an account with the same address is linked by its password, once', async ({ page, shop }) => {
  const email = await becomeMember(shop);
  await shop.button('Sign out').click();
  await signInThere(shop, email);
  await expect(shop.heading).toHaveText('Link it to your account');
  await shop.main.getByLabel('Password').fill('not the password');
  await shop.button('Link Test issuer').click();
  await expect(shop.errors).toHaveCount(1);
  await shop.main.getByLabel('Password').fill(password);
  await shop.button('Link Test issuer').click();
  await expect(shop.main.getByRole('status')).toContainText('It is linked');
  await mailedTo(email, 'Another way to sign in was linked');

  await shop.open('/account');
  await shop.button('Sign out').click();
  await shop.main.getByRole('link', { name: 'Continue with Test issuer' }).click();
  await expect(page).toHaveURL(/\/account\?/);

  await shop.open('/account/security');
  await expect(shop.main).toContainText(email);
  await shop.button(/^Unlink/).click();
  await expect(shop.main.getByRole('status')).toContainText('It is unlinked');
  await expect(shop.main.getByRole('link', { name: 'Link Test issuer' })).toBeVisible();
});

test('who is signed in links another address, and the only way in stays', async ({ page, shop }) => {
  await signInThere(shop, somebody());
  await expect(shop.heading).toHaveText('Your account');
  await shop.open('/account/security');
  await expect(shop.main).toContainText('You have no password here');
  await shop.button(/^Unlink/).click();
  await expect(shop.main.getByRole('alert')).toContainText('Set a password first');

  await shop.open('/account');
  await shop.button('Sign out').click();
  await forgetThere(page);
  await becomeMember(shop);
  await shop.open('/account/security');
  const elsewhere = `unverified+${somebody()}`;
  await answer(page, 'Link Test issuer', elsewhere);
  await shop.main.getByLabel('Password').fill(password);
  await shop.button('Link Test issuer').click();
  await expect(shop.main.getByRole('status')).toContainText('It is linked');
  await shop.button('Sign out').click();
  await shop.main.getByRole('link', { name: 'Continue with Test issuer' }).click();
  await expect(shop.heading).toHaveText('Your account');
});

test('an address that the issuer has not verified makes no account', async ({ shop }) => {
  await signInThere(shop, `unverified+${somebody()}`);
  await expect(shop.heading).toHaveText('Your address is not confirmed there');
  await shop.main.getByRole('link', { name: 'Create an account' }).click();
  await expect(shop.heading).toHaveText('Create an account');
});

test('who does not go on there comes back as before', async ({ page, shop }) => {
  await shop.open('/auth/register');
  await answer(page, 'Continue with Test issuer', '', 'Not now');
  await expect(shop.heading).toHaveText('You did not sign in');
  await shop.main.getByRole('link', { name: 'Sign in' }).click();
  await expect(shop.heading).toHaveText('Sign in');
});

test('a sign-in is used up when it is finished', async ({ page, shop }) => {
  const callbacks: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/auth/oidc/test/callback')) callbacks.push(request.url());
  });
  await signInThere(shop, somebody());
  await expect(shop.heading).toHaveText('Your account');
  await shop.button('Sign out').click();
  expect(callbacks).toHaveLength(1);
  await shop.open(callbacks[0]!);
  await expect(shop.heading).toHaveText('Please begin once more');
  await shop.open('/account');
  await expect(shop.heading).toHaveText('Sign in');
});
