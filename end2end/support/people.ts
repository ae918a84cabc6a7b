import { randomInt } from 'node:crypto';

export type Address = { email: string; name: string; street: string; postcode: string; city: string };

/** A new customer at an address of their own: what is held is capped for each address. */
export function someone(): Address {
  const number = randomInt(1, 1_000_000);
  return {
    email: `ada.${number}@example.com`,
    name: 'Ada Lovelace',
    street: `Torstraße ${number}`,
    postcode: '10119',
    city: 'Berlin',
  };
}
