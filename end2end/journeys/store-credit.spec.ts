import type { Browser } from '@playwright/test';
import { expect, test } from '../support/fixtures.ts';
import { becomeMember, signIn } from '../support/members.ts';
import { orderNumber, priceIn, type Shop } from '../support/shop.ts';

/** Staff give somebody store credit; the browser in which they do it is closed afterwards. */
async function give(browser: Browser, shop: Shop, email: string, amount: string) {
  const elsewhere = await browser.newContext({ javaScriptEnabled: shop.js });
  const admin = shop.on(await elsewhere.newPage());
  await signIn(admin, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  await admin.open('/admin/people');
  await admin.main.getByLabel('Name or e-mail').fill(email);
  await admin.button('Search').click();
  await admin.main.getByRole('row', { name: email }).getByRole('link').click();
  await admin.main.getByLabel('Amount in').fill('-1');
  await admin.main.getByLabel('Why').fill('For the long wait');
  await admin.button('Change store credit').click();
  await expect(admin.main.getByRole('alert')).toContainText('Enter an amount above zero');
  await expect(admin.main.getByLabel('Why'), 'what was typed is kept').toHaveValue('For the long wait');
  await admin.main.getByLabel('Amount in').fill(amount);
  await admin.button('Change store credit').click();
  await expect(admin.main.getByRole('status')).toContainText('The store credit is changed');
  await expect(admin.main).toContainText(`+€${Number(amount).toLocaleString('en', { minimumFractionDigits: 2 })}`);
  await elsewhere.close();
}

/** As somebody who is signed in: to the review, with store credit and another way for the rest. */
async function toReview(shop: Shop, other?: string) {
  await shop.checkoutTo('payment');
  await shop.main.getByRole('checkbox', { name: /of store credit/ }).check();
  if (other) await shop.main.getByRole('radio', { name: other }).check();
  await shop.continue();
  await shop.expectStep('review');
}

test('store credit pays a part of an order, and comes back when it is cancelled @mobile', async ({ shop, browser }) => {
  const email = await becomeMember(shop);
  await shop.open('/account/credit');
  await expect(shop.main).toContainText('None');
  await give(browser, shop, email, '3.00');
  await shop.page.reload();
  await expect(shop.main).toContainText('€3.00');
  await expect(shop.main).toContainText('For the long wait');

  await toReview(shop, 'Bank transfer');
  await expect(shop.main).toContainText('€3.00 of store credit');
  const due = priceIn(await shop.placeOrder.innerText());
  await shop.placeOrder.click();
  await shop.confirmed();
  await expect(shop.main).toContainText('Paid with store credit');
  const asked = (await shop.main.innerText()).match(/Please transfer (\S+)/)![1]!;
  expect(priceIn(asked)).toBe(due);
  await shop.open('/account/credit');
  await expect(shop.main).toContainText('None');
  await expect(shop.main).toContainText('Paid with it');

  await shop.follow(shop.main.getByRole('link', { name: orderNumber }).first());
  await shop.main.getByText('Cancel this order').click();
  await shop.button('Cancel the order').click();
  await shop.open('/account/credit');
  await expect(shop.main).toContainText('Given back');
  await expect(shop.main.locator('.lead')).toHaveText('€3.00');
});

test('store credit that pays for everything needs no other way to pay', async ({ shop, browser }) => {
  const email = await becomeMember(shop);
  await give(browser, shop, email, '5000.00');
  await toReview(shop);
  await expect(shop.placeOrder).toContainText('€0.00');
  await shop.placeOrder.click();
  await shop.confirmed();
  await expect(shop.main).toContainText('It is paid');
});
