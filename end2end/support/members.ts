import { randomUUID } from 'node:crypto';
import { expect } from '@playwright/test';
import { mailedLink } from './mails.ts';
import type { Shop } from './shop.ts';

export const password = 'correct horse battery staple';

export const somebody = () => `ada-${randomUUID().slice(0, 8)}@example.org`;

/** Asks for an account, as far as the mail. */
export async function register(shop: Shop, email: string) {
  await shop.open('/');
  await shop.page.getByRole('banner').getByRole('link', { name: 'Sign in' }).click();
  await shop.main.getByRole('link', { name: 'Create an account' }).click();
  await shop.main.getByLabel('Full name').fill('Ada Lovelace');
  await shop.main.getByLabel('E-mail').fill(email);
  await shop.main.getByLabel('Password').fill(password);
  await shop.button('Create account').click();
  await expect(shop.main.getByRole('status')).toContainText('look into your mail');
}

/** Gets an account with its address confirmed, and is signed in. */
export async function becomeMember(shop: Shop, email = somebody()) {
  await register(shop, email);
  await shop.open(await mailedLink(email, 'Confirm your e-mail address'));
  await shop.main.getByLabel('Password').fill(password);
  await shop.button('Confirm and sign in').click();
  await expect(shop.heading).toHaveText('Your account');
  return email;
}

/** Types address and password, right or wrong. */
export async function signIn(shop: Shop, email: string, secret = password) {
  await shop.open('/auth/signin');
  await shop.main.getByLabel('E-mail').fill(email);
  await shop.main.getByLabel('Password').fill(secret);
  await shop.button('Sign in').click();
}

/** Puts an address into the address book. */
export async function keepAddress(shop: Shop, label: string, street: string) {
  await shop.open('/account/addresses/new');
  await shop.main.getByLabel('What you call it').fill(label);
  await shop.field('address-line1').fill(street);
  await shop.field('postal-code').fill('10119');
  await shop.field('address-level2').fill('Berlin');
  await shop.button('Save address').click();
  await expect(shop.main.getByRole('status')).toContainText('in your book');
}
