import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures.ts';
import { becomeMember, keepAddress, password, signIn } from '../support/members.ts';
import type { Shop } from '../support/shop.ts';

test.use({ expectedStatuses: [404], contextOptions: { reducedMotion: 'reduce' } });
// axe is a script itself.
test.skip(({ js }) => !js, 'runs with JavaScript');

/** Every kind of page, and how to come to it. */
const pages: Record<string, (shop: Shop) => Promise<unknown>> = {
  home: (shop) => shop.open('/'),
  category: (shop) => shop.openCategoryWhere(async () => (await shop.cards.count()) > 0, 'with products'),
  product: (shop) => shop.openProduct(async () => (await shop.choices.count()) > 1),
  'product, quantity refused': async (shop) => {
    await shop.openProduct();
    const field = shop.main.locator('[name="quantity"]').first();
    await shop.unguard(field);
    await field.fill('0');
    await shop.addButton.click();
    await expect(shop.errors).toHaveCount(1);
  },
  'empty cart': (shop) => shop.openCart(),
  cart: async (shop) => {
    await shop.openProduct();
    await shop.addToCart();
    await shop.openCart();
  },
  'cart, line removed': async (shop) => {
    await shop.openProduct();
    await shop.addToCart();
    await shop.openCart();
    await shop.cartLines.first().getByRole('button', { name: /^Remove/ }).click();
    await expect(shop.button(/^Undo/)).toBeVisible();
  },
  'checkout, address': (shop) => shop.checkoutTo('address'),
  'checkout, address refused': async (shop) => {
    await shop.checkoutTo('address');
    await shop.unguard(shop.field('email'));
    await shop.continue();
    await expect(shop.errors).not.toHaveCount(0);
  },
  'checkout, delivery': (shop) => shop.checkoutTo('delivery'),
  'checkout, payment': (shop) => shop.checkoutTo('payment'),
  'checkout, review': (shop) => shop.checkoutTo('review'),
  'checkout, confirmation': async (shop) => {
    await shop.checkoutTo('review');
    await shop.placeOrder.click();
    await shop.confirmed();
  },
  'sign in': (shop) => shop.open('/auth/signin'),
  'sign in, refused': async (shop) => {
    await shop.open('/auth/signin');
    await shop.button('Sign in').click();
    await expect(shop.errors).toHaveCount(2);
  },
  register: (shop) => shop.open('/auth/register'),
  'forgotten password': (shop) => shop.open('/auth/forgot'),
  'sign in elsewhere, refused': (shop) => shop.open('/auth/error?code=expired'),
  'find your order': (shop) => shop.open('/orders/lookup'),
  'not found': (shop) => shop.open('/no/such/page'),
};

/** Pages of one member after the other: to become one takes longer than to look at them. */
const memberPages: Record<string, (shop: Shop) => Promise<unknown>> = {
  orders: (shop) => shop.open('/account'),
  'store credit': (shop) => shop.open('/account/credit'),
  'saved payment methods': (shop) => shop.open('/account/payment-methods'),
  profile: (shop) => shop.open('/account/profile'),
  'another address': (shop) => shop.open('/account/email'),
  download: (shop) => shop.open('/account/download'),
  erase: (shop) => shop.open('/account/erase'),
  'address book': (shop) => keepAddress(shop, 'Home', 'Torstraße 1'),
  'address, refused': async (shop) => {
    await shop.open('/account/addresses/new');
    await shop.button('Save address').click();
    await expect(shop.errors).not.toHaveCount(0);
  },
  'API keys, refused': async (shop) => {
    await shop.open('/account/api-keys');
    await shop.button('Make key').click();
    await expect(shop.main.getByRole('alert')).toContainText('Enter a name');
  },
  'API keys, one made': async (shop) => {
    await shop.main.getByRole('textbox', { name: 'Name' }).fill('Till');
    await shop.main.getByRole('checkbox').first().check();
    await shop.button('Make key').click();
    await expect(shop.main.locator('.api-key')).toBeVisible();
  },
  security: (shop) => shop.open('/account/security'),
  'set up an authenticator app': async (shop) => {
    await shop.main.getByRole('link', { name: /^Set up/ }).first().click();
    await shop.main.getByLabel('Your password').fill(password);
    await shop.button('Continue').click();
    await expect(shop.main.locator('svg').first()).toBeVisible();
  },
};

/** Pages of staff. */
const staffPages: Record<string, (shop: Shop) => Promise<unknown>> = {
  people: (shop) => shop.open('/admin/people'),
  person: (shop) => shop.main.getByRole('row').nth(1).getByRole('link').click(),
  'audit log': (shop) => shop.open('/admin/audit'),
  returns: (shop) => shop.open('/admin/returns'),
  transfers: (shop) => shop.open('/admin/refunds'),
};

/** Pages of an order and of what is sent back of it, one after the other, for its customer and for staff. */
const orderPages: Record<string, (shop: Shop, number: string) => Promise<unknown>> = {
  'order, a parcel to be sent': async (shop, number) => {
    await shop.open(`/admin/orders/${number}`);
    await expect(shop.button('Send')).toBeVisible();
  },
  'order, to be changed': async (shop, number) => {
    await shop.open(`/admin/orders/${number}/edit`);
    await expect(shop.main).toContainText('Nothing is changed yet');
  },
  'return form, refused': async (shop, number) => {
    await shop.open(`/admin/orders/${number}`);
    await shop.main.getByLabel('Name of the carrier').fill('City Couriers');
    await shop.button('Send').click();
    await expect(shop.main.getByRole('status')).toContainText('on its way');
    await shop.open(`/account/orders/${number}/return`);
    await shop.main.getByLabel(/^Pieces to return/).fill('1');
    await shop.button('Ask to return').click();
    await expect(shop.errors).toHaveCount(1);
  },
  'return, asked for': async (shop) => {
    await shop.main.getByLabel('Reason').selectOption('I don’t want it any more');
    await shop.button('Ask to return').click();
    await expect(shop.main.getByRole('status')).toContainText('We have got your request');
  },
  'return, to be answered': (shop, number) => shop.open(`/admin/returns/${number}-R1`),
};

/** Looks at the page that is open, in light and dark, wide and narrow. */
async function look(page: Page, shop: Shop, name: string) {
  await shop.hydrated();
  await expect(page.getByRole('heading', { level: 1 }), name).toHaveCount(1);
  await expect(page.locator('html')).toHaveAttribute('lang', /^[a-z]{2}/);

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 360]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`));
      expect(found, `${name}, ${colorScheme}, ${width} px`).toEqual([]);
    }
  }

  await page.setViewportSize({ width: 320, height: 640 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, `${name}: pixels to scroll sideways at 320 px`).toBe(0);
}

for (const [name, visit] of Object.entries(pages)) {
  test(`${name}: axe finds nothing, and nothing is cut off`, async ({ page, shop }) => {
    test.slow();
    await visit(shop);
    await look(page, shop, name);
  });
}

test('pages of an account: axe finds nothing, and nothing is cut off', async ({ page, shop }) => {
  test.slow();
  await becomeMember(shop);
  for (const [name, visit] of Object.entries(memberPages)) {
    await visit(shop);
    await look(page, shop, name);
  }
});

test('pages of staff: axe finds nothing, and nothing is cut off', async ({ page, shop }) => {
  test.slow();
  await signIn(shop, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  for (const [name, visit] of Object.entries(staffPages)) {
    await visit(shop);
    await look(page, shop, name);
  }
});

test('pages of an order and its return: axe finds nothing, and nothing is cut off', async ({ page, shop }) => {
  test.slow();
  // One person is both its customer and staff, and what is paid at the door can be sent at once.
  await signIn(shop, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  await shop.checkoutTo('review', 'Cash on delivery');
  await shop.placeOrder.click();
  const number = await shop.confirmed();
  for (const [name, visit] of Object.entries(orderPages)) {
    await visit(shop, number);
    await look(page, shop, name);
  }
});

test('a keyboard alone buys', async ({ page, shop }) => {
  await shop.openProduct();
  await page.keyboard.press('Tab');
  // The first stop is the way past the navigation.
  await expect(page.locator(':focus')).toHaveAttribute('href', /^#/);
  await shop.addButton.focus();
  await page.keyboard.press('Enter');
  await shop.expectItems(1);
  await shop.openCart();
  await shop.button('Checkout').focus();
  await page.keyboard.press('Enter');
  await shop.expectStep('address');
});
