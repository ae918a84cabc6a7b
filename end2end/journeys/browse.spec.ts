import { expect, test } from '../support/fixtures.ts';
import { priceIn } from '../support/shop.ts';

test('from the home page through a category to a product @mobile', async ({ page, shop }) => {
  const home = await shop.open('/');
  expect(home?.status()).toBe(200);
  await expect(shop.heading).toHaveCount(1);

  await shop.follow(shop.main.locator('a[href^="/c/"]').first());
  const category = (await shop.heading.innerText()).trim();
  const breadcrumb = page.getByRole('navigation', { name: 'Breadcrumb' });
  await expect(breadcrumb).toContainText(category);
  await expect(page).toHaveTitle(new RegExp(category));

  const card = shop.cards.first();
  const cardPrice = priceIn(await card.innerText());
  await shop.follow(card.getByRole('link').first());
  await expect(page).toHaveURL(/\/p\//);
  await expect(shop.heading).not.toBeEmpty();
  expect((await shop.variation()).price).toBeGreaterThanOrEqual(cardPrice);

  // The way back.
  await shop.follow(breadcrumb.locator('a[href^="/c/"]').last());
  await expect(shop.cards.first()).toBeVisible();
});

test('sorting orders the products and is kept in the address', async ({ page, shop }) => {
  await shop.openCategoryWhere(async () => (await shop.cards.count()) > 3, 'with more than three products');
  const sort = page.locator('select[name="sort"]');
  const cheapestFirst = sort.locator('option').filter({ hasText: /price.*low|low.*price|cheapest/i }).first();
  const value = (await cheapestFirst.getAttribute('value'))!;

  await sort.selectOption(value);
  await page.locator('form').filter({ has: sort }).getByRole('button').last().click();

  await expect(page).toHaveURL(new RegExp(`[?&]sort=${value}(&|$)`));
  await expect(sort).toHaveValue(value);
  const prices = (await shop.cards.allInnerTexts()).map(priceIn);
  expect(prices).toEqual([...prices].sort((a, b) => a - b));
});

test('a filter leaves only what fits, and can be taken off again', async ({ page, shop }) => {
  const inStock = page.getByRole('checkbox', { name: /in stock/i });
  await shop.openCategoryWhere(
    async () => (await shop.cards.filter({ hasText: /sold out/i }).count()) > 0 && (await inStock.isVisible()),
    'with something sold out',
  );
  const form = page.locator('form').filter({ has: inStock });

  await inStock.check();
  await form.getByRole('button').last().click();
  await expect(page).toHaveURL(/\?.+/);
  await expect(inStock).toBeChecked();
  await expect(shop.cards.first()).toBeVisible();
  await expect(shop.cards.filter({ hasText: /sold out/i })).toHaveCount(0);

  await inStock.uncheck();
  await form.getByRole('button').last().click();
  await expect(inStock).not.toBeChecked();
  await expect(shop.cards.filter({ hasText: /sold out/i })).not.toHaveCount(0);
});

test('the next page shows other products in the same order', async ({ page, shop }) => {
  const next = shop.main.locator('a[rel~="next"]');
  await shop.openCategoryWhere(async () => (await next.count()) > 0, 'with a second page');
  const links = shop.cards.locator('a[href^="/p/"]');
  const hrefs = async () => new Set(await links.evaluateAll((all) => all.map((a) => a.getAttribute('href')!)));

  const sort = page.locator('select[name="sort"]');
  const value = (await sort.locator('option').nth(1).getAttribute('value'))!;
  await sort.selectOption(value);
  await page.locator('form').filter({ has: sort }).getByRole('button').last().click();
  await expect(page).toHaveURL(/[?&]sort=/);
  const first = await hrefs();

  await expect(next).toHaveAccessibleName(/next page/i);
  await shop.follow(next);
  await expect(sort).toHaveValue(value);
  const second = await hrefs();
  expect(second.size).toBeGreaterThan(0);
  expect([...second].filter((href) => first.has(href))).toEqual([]);

  await page.goBack();
  expect(await hrefs()).toEqual(first);
});

test('choosing an option shows its price, picture and availability @mobile', async ({ page, shop, js }) => {
  await shop.openProduct(async () => (await shop.choices.count()) > 1);
  const product = await shop.heading.innerText();

  let documents = 0;
  page.on('domcontentloaded', () => documents++);

  const seen = [];
  const choices = await shop.choices.count();
  for (let index = 0; index < choices; index++) {
    await shop.choose(shop.choices.nth(index));
    await expect(shop.heading).toHaveText(product);
    seen.push(await shop.variation());
  }
  for (const { availability } of seen) expect(availability).toBeTruthy();
  expect(new Set(seen.map((variation) => JSON.stringify(variation))).size).toBeGreaterThan(1);
  // An island makes the choice immediate; without it, a choice is a page.
  if (js) expect(documents).toBe(0);

  // What is chosen has an address.
  const chosen = await shop.variation();
  await page.reload();
  await shop.hydrated();
  expect(await shop.variation()).toEqual(chosen);
});

test('the variation chosen is the one bought', async ({ shop }) => {
  await shop.openProduct(async () => (await shop.choices.count()) > 1);
  for (let index = (await shop.choices.count()) - 1; index >= 0; index--) {
    await shop.choose(shop.choices.nth(index));
    if ((await shop.addButton.isVisible()) && (await shop.addButton.isEnabled())) break;
  }
  const { price } = await shop.variation();
  await shop.addToCart();

  await shop.openCart();
  await expect(shop.cartLines).toHaveCount(1);
  expect(priceIn(await shop.cartLines.first().innerText())).toBe(price);
});
