import { createHash } from 'node:crypto';
import { expect, test } from '../support/fixtures.ts';
import type { Shop } from '../support/shop.ts';

// These look at answers, not at pages: once is enough.
test.skip(({ js }) => !js, 'needs no browser');

const html = { accept: 'text/html' };

async function aProduct(shop: Shop) {
  await shop.openProduct();
  return new URL(shop.page.url()).pathname;
}

test('one strict policy on every page, and hashes for the scripts in it', async ({ request, shop }) => {
  const paths = ['/', (await shop.categories())[0]!, await aProduct(shop), '/cart', '/no/such/page'];
  for (const path of paths) {
    const response = await request.get(path, { headers: html });
    const headers = response.headers();
    const policy = headers['content-security-policy'] ?? '';
    expect(policy, path).toContain("default-src 'self'");
    for (const rule of ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "style-src 'self'"]) {
      expect(policy, path).toContain(rule);
    }
    expect(policy, path).toMatch(/form-action 'self'/);
    expect(policy, path).not.toMatch(/unsafe-inline|'unsafe-eval'|nonce-|strict-dynamic|\*/);
    expect(headers['x-content-type-options'], path).toBe('nosniff');
    expect(headers['referrer-policy'], path).toMatch(/^(same-origin|strict-origin-when-cross-origin)$/);
    expect(headers['x-request-id'], path).toBeTruthy();
    expect(headers['server'], path).toBeUndefined();
    expect(headers['content-type'], path).toMatch(/^text\/html; ?charset=utf-8$/i);

    const body = await response.text();
    expect(body.trimEnd(), path).toMatch(/<\/html>$/i);
    expect(body, path).not.toMatch(/<[^>]+\sstyle=/i);
    expect(body, path).not.toMatch(/<[^>]+\son[a-z]+=["']/i);
    for (const [, attributes, script] of body.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)) {
      if (/\bsrc=/.test(attributes!) || /type="(application\/(ld\+)?json|speculationrules)"/.test(attributes!)) continue;
      const hash = createHash('sha256').update(script!).digest('base64');
      expect(policy, `${path}: ${script!.slice(0, 80)}`).toContain(`'sha256-${hash}'`);
    }
  }
});

test('an anonymous page is the same for everybody and leaves no cookie', async ({ request, shop }) => {
  for (const path of ['/', (await shop.categories())[0]!]) {
    const [one, other] = [await request.get(path, { headers: html }), await request.get(path, { headers: html })];
    expect(one.headers()['set-cookie'], path).toBeUndefined();
    expect(await other.text(), path).toBe(await one.text());
  }
});

test('pages and assets travel compressed; assets are kept for good', async ({ request }) => {
  const home = await request.get('/', { headers: { ...html, 'accept-encoding': 'br' } });
  expect(home.headers()['content-encoding']).toBe('br');
  const body = await home.text();
  const assets = [...body.matchAll(/(?:href|src)="(\/pkg\/[^"]+)"/g)].map((match) => match[1]!);
  expect(assets.length).toBeGreaterThan(0);
  for (const path of assets) {
    const asset = await request.get(path, { headers: { 'accept-encoding': 'br' } });
    expect(asset.status(), path).toBe(200);
    expect(asset.headers()['cache-control'], path).toMatch(/max-age=31536000.*immutable/);
    expect(asset.headers()['content-encoding'], path).toBe('br');
  }
});

test('the WASM is small, and pages without an island load none', async ({ page, request, shop }) => {
  const loaded = new Set<string>();
  page.on('request', (asked) => {
    if (new URL(asked.url()).pathname.endsWith('.wasm')) loaded.add(asked.url());
  });
  await shop.openProduct(async () => (await shop.choices.count()) > 1);
  await expect(page.locator('leptos-island').first()).toBeAttached();
  expect([...loaded]).toHaveLength(1);

  const wasm = await request.get([...loaded][0]!, { headers: { 'accept-encoding': 'br' } });
  const size = Number(wasm.headers()['content-length']);
  expect(wasm.headers()['content-encoding']).toBe('br');
  // Less than this, and the islands were lost by the linker.
  expect(size).toBeGreaterThan(10_000);
  expect(size).toBeLessThanOrEqual(120_000);

  const plain = ['/', ...(await shop.categories()), '/cart'];
  for (const path of plain) {
    loaded.clear();
    await page.goto(path, { waitUntil: 'load' });
    if ((await page.locator('leptos-island').count()) === 0) expect([...loaded], path).toEqual([]);
  }
});

test("the guest's cookie is out of reach of scripts and of other sites", async ({ context, shop }) => {
  await shop.openProduct();
  await shop.addToCart();
  const [cookie] = (await context.cookies()).filter(({ httpOnly }) => httpOnly);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
  const days = (cookie!.expires - Date.now() / 1000) / 86_400;
  expect(days).toBeGreaterThan(29);
  expect(days).toBeLessThanOrEqual(30);
});

test('a form sent from another site is refused', async ({ request, shop, baseURL }) => {
  await shop.openProduct();
  const action = (await shop.page.locator('form').filter({ has: shop.addButton }).getAttribute('action'))!;
  expect(action).toMatch(/^\/actions\//);
  const form = { quantity: '1' };
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', origin: baseURL! },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    const response = await request.post(action, { form, headers: { ...html, ...headers }, maxRedirects: 0 });
    expect(response.status(), JSON.stringify(headers)).toBe(403);
    expect(response.headers()['set-cookie']).toBeUndefined();
  }
});

test('what is too large or not text is refused in peace', async ({ request, shop, baseURL }) => {
  await shop.openProduct();
  const action = (await shop.page.locator('form').filter({ has: shop.addButton }).getAttribute('action'))!;
  const headers = { ...html, origin: baseURL!, 'content-type': 'application/x-www-form-urlencoded' };
  for (const data of [`quantity=${'1'.repeat(2_000_000)}`, 'quantity=%ff%fe&variation=%c3%28', '', '&&==&', 'quantity=1&quantity=2']) {
    const response = await request.post(action, { headers, data, maxRedirects: 0 });
    expect(response.status(), data.slice(0, 40)).toBeLessThan(500);
  }
});

test('health', async ({ request }) => {
  for (const path of ['/api/health', '/api/health/live', '/api/health/ready']) {
    const response = await request.get(path);
    expect(response.status(), path).toBe(200);
    expect(response.headers()['cache-control'], path).toContain('no-store');
  }
});
