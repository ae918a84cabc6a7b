import { expect, test } from '../support/fixtures.ts';

test.use({ expectedStatuses: [404] });

const pages = [
  ['/p/nobody-sells-this', /^Product not found$/],
  ['/c/nobody-sells-these', /not found$/],
  ['/no/such/page', /^Page not found$/],
  ['/checkout/confirmation/no-such-order', /not found$/],
  [`/p/${encodeURIComponent(`'; DROP TABLE products; --<script>alert(1)</script>`)}`, /^Product not found$/],
  ['/p/%ff%fe', /not found$/],
] as const;

for (const [path, heading] of pages) {
  test(`${path} is a 404 that helps @mobile`, async ({ shop, page }) => {
    const response = await shop.open(path);
    expect(response?.status()).toBe(404);
    await expect(shop.heading).toHaveText(heading);
    await expect(page).toHaveTitle(/not found/i);

    // A way on, which leads somewhere.
    const link = shop.main.locator('a[href="/"], a[href^="/c/"]').first();
    await shop.follow(link);
    await expect(shop.heading).not.toHaveText(heading);
  });
}
