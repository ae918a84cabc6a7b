import { expect, test } from '../support/fixtures.ts';
import { becomeMember, password } from '../support/members.ts';

test.use({ expectedStatuses: [403] });

test('a form on another site changes nothing here', async ({ page, shop, baseURL }) => {
  await becomeMember(shop);
  const form = (action: string, fields: string) =>
    `<form method="post" action="${baseURL}/actions/${action}">${fields}<button>${action}</button></form>`;
  const body =
    '<!DOCTYPE html><html lang="en"><head><title>Win a prize</title><link rel="icon" href="data:,"></head><body>' +
    form('auth/signout', '') +
    form(
      'account/password',
      `<input name="current_password" value="${password}"><input name="new_password" value="a password of another site">`,
    ) +
    '</body></html>';
  await page.route('http://evil.example/', (route) => route.fulfill({ contentType: 'text/html', body }));
  for (const action of ['auth/signout', 'account/password']) {
    await page.goto('http://evil.example/');
    await page.getByRole('button', { name: action }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('This did not come from the shop');
  }
  await shop.open('/account/security');
  await expect(shop.main).toContainText('(this device)');
});
