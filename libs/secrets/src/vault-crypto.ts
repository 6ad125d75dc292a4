import { createHmac, hkdfSync } from 'node:crypto';
import { associatedData, decrypt, encrypt } from './sealed-box';
import { SealBroken } from './secret-vault.port';

/** What follows from a tenant's data key once and for all. */
export interface TenantKeys {
  readonly data: Buffer;
  /** What secrets are derived from: the first step of HKDF, the same for all of them. */
  readonly extracted: Buffer;
  /** For texts that lie elsewhere, and for values that lie in the vault: keys of their own, so that none passes for the other. */
  readonly seal: Buffer;
  readonly value: Buffer;
}

/** Stands where a key was. */
export interface Destroyed {
  readonly destroyed: true;
}

const MAX_NAME_BYTES = 500;
const HASH_BYTES = 32;
/** What HKDF takes where there is none. */
const NO_SALT = Buffer.alloc(HASH_BYTES);

/** What the data key of a tenant is wrapped with, and that of the installation. */
export function tenantData(tenant: string): string {
  return associatedData('tenant key', tenant);
}

export const installationData = associatedData('installation key');

export function tenantKeys(data: Buffer): TenantKeys {
  const extracted = createHmac('sha256', NO_SALT).update(data).digest();
  return { data, extracted, seal: expand(data, 'seal', 32), value: expand(data, 'value', 32) };
}

/** As {@link expand} of the data key: only the second step of HKDF (RFC 5869, 2.3) is left to be done. */
export function deriveFrom({ extracted }: TenantKeys, info: string, bytes: number): Buffer {
  if (bytes > 255 * HASH_BYTES) throw new RangeError(`HKDF derives no more than ${255 * HASH_BYTES} bytes`);
  const blocks: Buffer[] = [];
  for (let n = 1; (n - 1) * HASH_BYTES < bytes; n++) {
    const hmac = createHmac('sha256', extracted);
    if (n > 1) hmac.update(blocks.at(-1)!);
    blocks.push(hmac.update(info).update(Buffer.of(n)).digest());
  }
  return Buffer.concat(blocks, bytes);
}

/** HKDF-SHA256, RFC 5869, without salt: the input is a uniformly random key. */
export function expand(key: Buffer, info: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', info, bytes));
}

/** @throws RangeError for a purpose that could be read in two ways */
export function secretInfo(purpose: string, id: string, version: number): string {
  if (purpose.includes('|')) throw new RangeError(`the purpose "${purpose}" has a "|" in it`);
  return `${purpose}|${id}|${version}`;
}

/** A value for the vault, in base64. */
export function closeValue({ value: key }: TenantKeys, tenant: string, name: string, value: string): string {
  return encrypt(key, Buffer.from(value), associatedData('value', tenant, name)).toString('base64');
}

/** @throws SealBroken, also where there are no keys */
export function openValue(keys: TenantKeys | undefined, tenant: string, name: string, box: string): string {
  if (!keys) throw new SealBroken();
  return decrypt(keys.value, Buffer.from(box, 'base64'), associatedData('value', tenant, name)).toString();
}

/** A text that is kept elsewhere, in base64url. */
export function closeText({ seal: key }: TenantKeys, tenant: string, plaintext: string, context: string): string {
  return encrypt(key, Buffer.from(plaintext), associatedData('seal', tenant, context)).toString('base64url');
}

/** @throws SealBroken, also where there are no keys */
export function openText(keys: TenantKeys | undefined, tenant: string, sealed: string, context: string): string {
  const box = Buffer.from(sealed, 'base64url');
  if (!keys || box.toString('base64url') !== sealed) throw new SealBroken();
  return decrypt(keys.seal, box, associatedData('seal', tenant, context)).toString();
}

export function isDestroyed(record: object | null | undefined): record is Destroyed {
  return record !== undefined && record !== null && 'destroyed' in record;
}

/** @throws RangeError */
export function assertTenant(tenant: string): void {
  if (tenant === '' || Buffer.byteLength(tenant) > MAX_NAME_BYTES)
    throw new RangeError(`a tenant's id has 1 to ${MAX_NAME_BYTES} bytes`);
}

/** @throws RangeError */
export function assertSecretName(name: string): void {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new RangeError(`the name of a secret has more than ${MAX_NAME_BYTES} bytes`);
}
