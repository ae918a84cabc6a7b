import { expect, test } from '../support/fixtures.ts';
import { someone } from '../support/people.ts';
import { priceIn, type Payment, type Shop } from '../support/shop.ts';

/** The amount on the button is the amount that will be owed. */
async function totalOn(shop: Shop): Promise<number> {
  return priceIn((await shop.main.innerText()).split(/total/i).at(-1)!);
}

for (const payment of ['Bank transfer', 'Cash on delivery'] satisfies Payment[]) {
  test(`a guest buys and pays by ${payment.toLowerCase()} @mobile`, async ({ browser, page, shop, baseURL }) => {
    const buyer = someone();
    await shop.checkoutTo('review', payment, buyer);
    await expect(shop.main).toContainText(buyer.name);
    await expect(shop.main).toContainText(buyer.street);
    await expect(shop.main).toContainText(payment);
    const total = await totalOn(shop);

    await shop.placeOrder.click();
    const number = await shop.confirmed();
    expect(await totalOn(shop)).toBe(total);
    await expect(shop.main).toContainText(payment);
    await shop.expectItems(0);

    // The page can be loaded again, and its link opens it elsewhere; its number alone opens nothing.
    const link = page.url();
    expect(link).not.toContain(number);
    await page.reload();
    expect(await shop.confirmed()).toBe(number);
    const elsewhere = await browser.newContext({ baseURL });
    const other = await elsewhere.newPage();
    expect((await other.goto(link))?.status()).toBe(200);
    await expect(other.getByRole('main')).toContainText(number);
    expect((await other.goto(`/checkout/confirmation/${number}`))?.status()).toBe(404);
    await elsewhere.close();
  });
}

test('pressing checkout holds the goods and says until when', async ({ shop }) => {
  await shop.checkoutTo('address');
  await expect(shop.main).toContainText(/(held|reserved).*(\d+ minutes|\d{1,2}:\d{2})/is);
});

test('every wrong field of the address is named at once', async ({ shop }) => {
  await shop.checkoutTo('address');
  await shop.unguard(shop.field('email'));
  await shop.continue();

  await shop.expectStep('address');
  await expect(shop.main.getByRole('alert').first()).toBeVisible();
  for (const name of ['email', 'name', 'address-line1', 'postal-code', 'address-level2']) {
    await expect(shop.field(name), name).toHaveAttribute('aria-invalid', 'true');
    await expect(shop.field(name), name).toHaveAccessibleDescription(/\w/);
  }
});

test('what was typed is kept when something is wrong @mobile', async ({ shop }) => {
  const buyer = { ...someone(), email: 'not an address', name: `<b>O'Neil "Ada"</b>`, city: '' };
  await shop.checkoutTo('address');
  await shop.unguard(shop.field('email'));
  await shop.fillAddress(buyer);
  await shop.continue();

  await shop.expectStep('address');
  await expect(shop.errors).toHaveCount(2);
  await expect(shop.field('email')).toHaveAttribute('aria-invalid', 'true');
  await expect(shop.field('address-level2')).toHaveAttribute('aria-invalid', 'true');
  await expect(shop.field('email')).toHaveValue(buyer.email);
  await expect(shop.field('name')).toHaveValue(buyer.name);
  await expect(shop.field('address-line1')).toHaveValue(buyer.street);
  await expect(shop.field('postal-code')).toHaveValue(buyer.postcode);

  await shop.fillAddress({ ...buyer, email: someone().email, city: 'Berlin' });
  await shop.continue();
  await shop.expectStep('delivery');
});

test('an address that is far too long is refused, not lost', async ({ shop }) => {
  await shop.checkoutTo('address');
  await shop.unguard(shop.field('name'));
  await shop.field('name').evaluate((field: HTMLInputElement) => field.removeAttribute('maxlength'));
  await shop.fillAddress({ ...someone(), name: 'x'.repeat(101) });
  await shop.continue();
  await shop.expectStep('address');
  await expect(shop.field('name')).toHaveAttribute('aria-invalid', 'true');
  await expect(shop.errors).toHaveCount(1);
});

test('no step can be skipped', async ({ shop }) => {
  await shop.checkoutTo('address');
  for (const later of ['delivery', 'payment', 'review']) {
    await shop.open(`/checkout/${later}`);
    await shop.expectStep('address');
  }
  await shop.fillAddress(someone());
  await shop.continue();
  await shop.expectStep('delivery');
  for (const later of ['payment', 'review']) {
    await shop.open(`/checkout/${later}`);
    await shop.expectStep('delivery');
  }
});

test('going back keeps what was said, and a change is taken over', async ({ page, shop }) => {
  const buyer = someone();
  await shop.checkoutTo('review', 'Cash on delivery', buyer);

  await shop.open('/checkout/address');
  await expect(shop.field('name')).toHaveValue(buyer.name);
  await expect(shop.field('address-line1')).toHaveValue(buyer.street);
  await shop.field('name').fill('Grace Hopper');
  await shop.continue();
  await shop.expectStep('delivery');
  await shop.open('/checkout/payment');
  await expect(shop.main.getByRole('radio', { name: 'Cash on delivery' })).toBeChecked();
  await shop.open('/checkout/review');
  await shop.expectStep('review');
  await expect(shop.main).toContainText('Grace Hopper');
  await expect(shop.main).not.toContainText(buyer.name);

  // The browser's own way back works too.
  await page.goBack();
  await shop.expectStep('payment');
});

test('an order placed twice at once is one order', async ({ shop }) => {
  await shop.checkoutTo('review');
  const tab = await shop.anotherTab();
  await tab.open('/checkout/review');

  await Promise.all([shop.placeOrder.click(), tab.placeOrder.click()]);
  const [one, other] = [await shop.confirmed(), await tab.confirmed()];
  expect(other).toBe(one);
});

test('an impatient double click makes one order', async ({ page, shop }) => {
  await shop.checkoutTo('review');
  await shop.placeOrder.dblclick();
  const number = await shop.confirmed();

  // Nor does going back and trying again make another.
  await page.goBack();
  await page.waitForLoadState('load');
  if (await shop.placeOrder.isVisible()) {
    await shop.hydrated();
    await shop.placeOrder.click();
    expect(await shop.confirmed()).toBe(number);
  }
  await shop.expectItems(0);
});

test('a cart that changed after the review is shown again, not charged', async ({ shop }) => {
  await shop.checkoutTo('review');
  const before = await totalOn(shop);
  const tab = await shop.anotherTab();
  await tab.openCart();
  await tab.changeQuantity(tab.cartLines.first(), '2');
  await tab.expectItems(2);

  await shop.placeOrder.click();
  await expect(shop.page).not.toHaveURL(/confirmation/);
  await shop.open('/checkout/review');
  if (/review/.test(shop.page.url())) expect(await totalOn(shop)).toBeGreaterThan(before);
});
