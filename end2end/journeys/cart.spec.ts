import { expect, test } from '../support/fixtures.ts';
import { priceIn } from '../support/shop.ts';

test('what is added is in the cart, one line for each variation @mobile', async ({ page, shop }) => {
  await shop.openProduct();
  const product = page.url();
  const name = await shop.heading.innerText();
  await shop.addToCart(2);
  await shop.open(product);
  await shop.addToCart(1);

  await shop.follow(shop.cartLink);
  await expect(shop.heading).toHaveText('Your cart');
  await expect(shop.cartLines).toHaveCount(1);
  await expect(shop.cartLines.first()).toContainText(name);
  await expect(shop.quantityOf(shop.cartLines.first())).toHaveValue('3');
});

test('a changed quantity changes the total', async ({ shop }) => {
  await shop.openProduct();
  await shop.addToCart();
  await shop.openCart();
  const line = shop.cartLines.first();
  const each = priceIn(await line.innerText());

  await shop.changeQuantity(line, '2');
  await shop.expectItems(2);
  await expect(shop.quantityOf(line)).toHaveValue('2');
  const prices = (await shop.main.innerText()).match(/\d[\d.,]*\d/g)!.map((text) => Number(text.replace(/\D/g, '')));
  expect(prices).toContain(2 * each);
});

const refused = ['0', '-1', '101', '1000000000', '1.5', 'three', ''];

test('a quantity that is none is refused beside its field, and the cart stays', async ({ shop }) => {
  await shop.openProduct();
  await shop.addToCart();
  await shop.openCart();
  const line = shop.cartLines.first();
  const field = shop.quantityOf(line);

  for (const quantity of refused) {
    await test.step(`"${quantity}"`, async () => {
      await shop.changeQuantity(line, quantity);
      await expect(shop.errors).toHaveCount(1);
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await expect(field).toHaveAccessibleDescription(/\w/);
      // A number field shows nothing but numbers.
      if (/^-?\d+$/.test(quantity)) await expect(field).toHaveValue(quantity);
      await shop.expectItems(1);

      // Once put right, the message is gone.
      await shop.changeQuantity(line, '1');
      await expect(shop.errors).toHaveCount(0);
    });
  }
});

test('a quantity that is none is refused on the product page', async ({ page, shop }) => {
  await shop.openProduct();
  const product = page.url();
  const name = await shop.heading.innerText();
  const field = shop.main.locator('[name="quantity"]').first();

  for (const quantity of refused) {
    await test.step(`"${quantity}"`, async () => {
      await shop.open(product);
      await shop.unguard(field);
      await field.fill(quantity);
      await shop.addButton.click();
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await expect(field).toHaveAccessibleDescription(/\w/);
      await expect(shop.heading).toHaveText(name);
      await shop.expectItems(0);
    });
  }
});

test('nobody gets more than there is', async ({ page, shop }) => {
  await shop.openProduct(async () => /only \d+ left/i.test(await shop.main.innerText()));
  await shop.addToCart();
  await shop.openCart();
  const line = shop.cartLines.first();

  await shop.changeQuantity(line, '100');
  await expect(shop.main).toContainText(/only \d+|\d+ (are )?(left|available|in stock)/i);
  await page.reload();
  expect(await shop.itemsInHeader()).toBeLessThan(100);
});

test('a line is removed, and undo brings it back @mobile', async ({ shop }) => {
  await shop.openProduct();
  const name = await shop.heading.innerText();
  await shop.addToCart(2);
  await shop.openCart();

  await shop.cartLines.first().getByRole('button', { name: /^Remove/ }).click();
  await shop.expectItems(0);
  await expect(shop.cartLines).toHaveCount(0);
  await expect(shop.main).toContainText(name);

  await shop.hydrated();
  await shop.button(/^Undo/).click();
  await shop.expectItems(2);
  await expect(shop.cartLines).toHaveCount(1);
  await expect(shop.cartLines.first()).toContainText(name);
  await expect(shop.quantityOf(shop.cartLines.first())).toHaveValue('2');
});

test('clearing empties the whole cart', async ({ shop }) => {
  await shop.openProduct();
  await shop.addToCart();
  await shop.openProduct(undefined, 1);
  await shop.addToCart();
  await shop.openCart();
  await expect(shop.cartLines).toHaveCount(2);

  // It asks first: the button is folded away.
  await shop.main.getByText('Empty the cart').click();
  await shop.button('Clear cart').click();
  await shop.expectItems(0);
  await expect(shop.cartLines).toHaveCount(0);
  await expect(shop.main).toContainText(/empty/i);
  await expect(shop.main.getByRole('link').first()).toBeVisible();
});

test('an empty cart says so and cannot be checked out', async ({ page, shop }) => {
  await shop.openCart();
  await expect(shop.main).toContainText(/empty/i);
  await expect(shop.button('Checkout')).toHaveCount(0);
  await shop.open('/checkout/address');
  await expect(page).toHaveURL(/\/cart(\?|$)/);
});

test('a cart outlives the page and the tab', async ({ page, shop }) => {
  await shop.openProduct();
  await shop.addToCart();
  const tab = await shop.anotherTab();
  await tab.open('/');
  await tab.expectItems(1);
  await tab.openCart();
  await tab.changeQuantity(tab.cartLines.first(), '2');
  await tab.expectItems(2);

  await page.reload();
  await shop.expectItems(2);
});

test('a cookie that is garbage is an empty cart, not an error', async ({ context, page, shop, baseURL }) => {
  await shop.openProduct();
  await shop.addToCart();
  const product = page.url();
  const cookies = (await context.cookies()).filter((cookie) => cookie.httpOnly);
  expect(cookies.length).toBeGreaterThan(0);

  for (const value of ['x', '%ff%00', 'A'.repeat(3000), `'; DROP TABLE carts; --`.replaceAll(';', '%3B')]) {
    await context.addCookies(cookies.map(({ name }) => ({ name, value, url: baseURL! })));
    await shop.openCart();
    await shop.expectItems(0);
  }
  await shop.open(product);
  await shop.addToCart();
});
