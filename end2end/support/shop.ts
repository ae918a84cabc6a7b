import { expect, type Locator, type Page } from '@playwright/test';
import { someone, type Address } from './people.ts';

export type Step = 'address' | 'delivery' | 'payment' | 'review';
export type Payment = 'Bank transfer' | 'Cash on delivery' | 'Test payment';

/** E-7K3M-9QXP, in Crockford's alphabet. */
export const orderNumber = /\bE-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/;

const price = /[€£$]\s?\d[\d.,]*|\d[\d.,]*\s?[€£$]/;

/** The first price in a text, in minor units. */
export function priceIn(text: string): number {
  const found = text.match(price)?.[0];
  if (!found) throw new Error(`no price in: ${text}`);
  return Number(found.replace(/\D/g, ''));
}

/** The product bought where any will do, once found. */
let usualProduct: string | undefined;

/** Where things are on the shop's pages, for a visitor with or without JavaScript. */
export class Shop {
  readonly main: Locator;
  readonly heading: Locator;
  readonly cards: Locator;
  readonly cartLink: Locator;
  readonly cartLines: Locator;
  readonly errors: Locator;

  constructor(
    readonly page: Page,
    readonly js: boolean,
  ) {
    this.main = page.getByRole('main');
    this.heading = page.getByRole('heading', { level: 1 });
    this.cards = this.main.getByRole('article');
    this.cartLink = page.getByRole('banner').getByRole('link', { name: /^Cart\b/ });
    this.cartLines = this.main.locator('li, tr').filter({ has: this.button(/^Remove/) });
    this.errors = this.main.locator('[aria-invalid="true"]');
  }

  /** The same shop on another page. */
  on(page: Page): Shop {
    return new Shop(page, this.js);
  }

  /** Another tab of the same visitor. */
  async anotherTab(): Promise<Shop> {
    return this.on(await this.page.context().newPage());
  }

  async open(path: string) {
    const response = await this.page.goto(path);
    await this.hydrated();
    return response;
  }

  /** Follows a link to another page. */
  async follow(link: Locator) {
    const href = new URL((await link.getAttribute('href'))!, this.page.url()).href;
    await link.click();
    await this.page.waitForURL(href);
    await this.hydrated();
  }

  /** The islands of this page answer; before, a click would reach the plain form below them. */
  async hydrated() {
    if (!this.js) return;
    await this.page.waitForLoadState('load');
    if ((await this.page.locator('leptos-island').count()) === 0) return;
    await expect(this.page.locator('html')).toHaveAttribute('data-hydrated');
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  /** Lets a form through that the browser itself would hold back: the server has to judge it. */
  async unguard(field: Locator) {
    await field.evaluate((element: HTMLInputElement) => {
      if (element.form) element.form.noValidate = true;
      if (element.type === 'number' || element.type === 'email') element.type = 'text';
    });
  }

  // Catalogue

  async categories(): Promise<string[]> {
    await this.open('/');
    const links = this.page.locator('a[href^="/c/"], a[href="/products"]');
    const paths = await links.evaluateAll((all) => all.map((a) => a.getAttribute('href')!));
    return [...new Set(paths)];
  }

  /** The shop's first category of which `wanted` is true. */
  async openCategoryWhere(wanted: () => Promise<boolean>, what: string) {
    for (const path of await this.categories()) {
      await this.open(path);
      if (await wanted()) return;
    }
    throw new Error(`the demo shop has no category ${what}`);
  }

  /** Paths of the products on the listing at hand, without those sold out. */
  async productsListed(): Promise<string[]> {
    const available = this.cards.filter({ hasNotText: /sold out/i });
    return available.evaluateAll((cards) => cards.map((card) => card.querySelector('a')!.getAttribute('href')!));
  }

  /** Enough of it for every test that runs meanwhile. */
  private plenty = async () => !/only \d+ left/i.test(await this.main.innerText());

  /** Opens a product that can be bought and of which `wanted` is true; `skip` of them are passed over. */
  async openProduct(wanted = this.plenty, skip = 0) {
    const usual = wanted === this.plenty && skip === 0;
    if (usual && usualProduct) {
      await this.open(usualProduct);
      if ((await this.canBeBought()) && (await wanted())) return;
    }
    for (const category of await this.categories()) {
      await this.open(category);
      for (const path of await this.productsListed()) {
        await this.open(path);
        if (!(await this.canBeBought()) || !(await wanted()) || skip-- > 0) continue;
        if (usual) usualProduct = path;
        return;
      }
    }
    throw new Error('the demo shop has no such product');
  }

  private canBeBought = async () => (await this.addButton.isVisible()) && (await this.addButton.isEnabled());

  get addButton(): Locator {
    return this.button('Add to cart');
  }

  /** The choices of a product: links, or labels of radio buttons. */
  get choices(): Locator {
    return this.main.locator('fieldset, [role="group"], [role="radiogroup"]').locator('a, label, button');
  }

  /** Chooses an option: at once where an island answers, otherwise by a new page. */
  async choose(choice: Locator) {
    if (this.js) {
      await choice.click();
      await this.page.evaluate(() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown))));
    } else {
      const loaded = this.page.waitForEvent('load');
      await choice.click();
      await loaded;
    }
  }

  /** What the product page shows of the variation chosen. */
  async variation() {
    const text = await this.main.innerText();
    const picture = this.main.locator('img:not([src^="data:"])').first();
    return {
      price: priceIn(text),
      availability: text.match(/in stock|only \d+ left|sold out/i)?.[0].toLowerCase(),
      picture: await picture.getAttribute('src'),
    };
  }

  // Cart

  /** How many items the header says there are. */
  async itemsInHeader(): Promise<number> {
    const name = (await this.cartLink.getAttribute('aria-label')) ?? (await this.cartLink.innerText());
    return Number(name.match(/\d+/)?.[0] ?? 0);
  }

  async expectItems(count: number) {
    await expect.poll(() => this.itemsInHeader(), { message: 'items in the header' }).toBe(count);
  }

  async addToCart(quantity = 1) {
    const before = await this.itemsInHeader();
    await this.main.locator('[name="quantity"]').first().fill(String(quantity));
    await this.addButton.click();
    await this.expectItems(before + quantity);
    await this.hydrated();
  }

  async openCart() {
    await this.open('/cart');
    await expect(this.heading).toHaveText('Your cart');
  }

  quantityOf(line: Locator): Locator {
    return line.locator('[name="quantity"]');
  }

  /** Types a quantity as a visitor might, whatever the browser's own checks say. */
  async changeQuantity(line: Locator, quantity: string) {
    const field = this.quantityOf(line);
    await this.unguard(field);
    await field.fill(quantity);
    const update = line.getByRole('button', { name: /^Update/ });
    if (await update.isVisible()) await update.click();
    else await field.press('Enter');
    await this.page.waitForLoadState('load');
    await this.hydrated();
  }

  // Checkout

  field(autocomplete: string): Locator {
    // The invoice has the same fields once more.
    return this.main.locator(`[autocomplete~="${autocomplete}"]:not([autocomplete~="billing"])`);
  }

  async fillAddress(address: Address) {
    await this.field('email').fill(address.email);
    await this.field('name').fill(address.name);
    await this.field('address-line1').fill(address.street);
    await this.field('postal-code').fill(address.postcode);
    await this.field('address-level2').fill(address.city);
  }

  async continue() {
    await this.button(/^Continue/).click();
  }

  async expectStep(step: Step) {
    await expect(this.page).toHaveURL(new RegExp(`/checkout/${step}(\\?|$)`));
    await this.hydrated();
  }

  /** With something in the cart: presses checkout, which is when the goods are held. */
  async startCheckout() {
    await this.openCart();
    await this.button('Checkout').click();
    await this.expectStep('address');
  }

  /** From the product page to a step of the checkout, everything before it filled in. */
  async checkoutTo(step: Step, payment: Payment = 'Bank transfer', address: Address = someone()) {
    await this.openProduct();
    await this.addToCart();
    await this.startCheckout();
    if (step === 'address') return;
    await this.fillAddress(address);
    await this.continue();
    await this.expectStep('delivery');
    if (step === 'delivery') return;
    await this.main.getByRole('radio').first().check();
    await this.continue();
    await this.expectStep('payment');
    if (step === 'payment') return;
    await this.main.getByRole('radio', { name: payment }).check();
    await this.continue();
    await this.expectStep('review');
  }

  get placeOrder(): Locator {
    return this.button(/^Place order/);
  }

  /** Waits for the confirmation page and reads the order's number. */
  async confirmed(): Promise<string> {
    await expect(this.page).toHaveURL(/\/checkout\/confirmation\/[^/]+$/);
    await expect(this.main).toContainText(orderNumber);
    return (await this.main.innerText()).match(orderNumber)![0];
  }
}
