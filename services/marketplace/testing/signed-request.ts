import { createHmac, randomUUID } from 'node:crypto';
import { type Answer, TestUser } from './marketplace.harness';

/** What an instance finds in its environment: its AppKey, and the AppSecret it signs with. */
export interface InstanceIdentity {
  readonly key: string;
  readonly secret: string;
}

/** A Secret of the cluster, as far as it is looked at. */
interface KubernetesSecret {
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** @param secrets those of the namespace of the instance */
export function identityIn(secrets: readonly KubernetesSecret[]): InstanceIdentity {
  const { data = {} } = secrets.find(({ metadata }) => metadata.name === 'souk-identity')!;
  const text = (name: string) => Buffer.from(data[name]!, 'base64').toString();
  return { key: text('SOUK_APP_KEY'), secret: text('SOUK_APP_SECRET') };
}

/** The instance asks for its own state, signed. */
export function askAsInstance(url: string, { key, secret }: InstanceIdentity, at = new Date()): Promise<Answer> {
  const path = '/open/v1/instance';
  const signed = [`x-ca-key:${key}`, `x-ca-nonce:${randomUUID()}`, `x-ca-timestamp:${at.getTime()}`];
  const text = `GET\napplication/json\n\n\n\n${signed.join('\n')}\n${path}`;
  const headers = {
    accept: 'application/json',
    ...Object.fromEntries(signed.map((line) => line.split(/:(.*)/) as [string, string])),
    'x-ca-signature-headers': 'x-ca-key,x-ca-nonce,x-ca-timestamp',
    'x-ca-signature': createHmac('sha256', secret).update(text).digest('base64'),
  };
  return new TestUser(url, undefined, '').request('GET', path, undefined, headers);
}
