import { randomUUID } from 'node:crypto';
import type { Answer, TestUser } from './marketplace.harness';

type Ask = () => Promise<Answer>;

/** What was answered otherwise than with a success. */
export interface Failure {
  readonly what: string;
  readonly status: number | 'no answer';
  readonly body: unknown;
}

/** Requests one after the other, from several clients at once, as long as it lasts. None is asked a second time. */
export class SteadyTraffic {
  readonly failures: Failure[] = [];
  answered = 0;
  private going = true;
  private readonly clients: readonly Promise<void>[];

  /** @param asks by what they are called in a failure */
  constructor(asks: Readonly<Record<string, Ask>>, clients: number) {
    this.clients = Array.from({ length: clients }, (_, i) => this.client(Object.entries(asks), i));
  }

  /** Fulfilled when all that were asked have been answered. */
  async stop(): Promise<void> {
    this.going = false;
    await Promise.all(this.clients);
  }

  private async client(asks: readonly (readonly [string, Ask])[], start: number): Promise<void> {
    for (let i = start; this.going; i++) {
      const [what, ask] = asks[i % asks.length]!;
      try {
        const { status, body } = await ask();
        this.answered++;
        if (status >= 400) this.failures.push({ what, status, body });
      } catch (error) {
        this.failures.push({ what, status: 'no answer', body: String(error) });
      }
    }
  }
}

/** A little of everything that a provider and a buyer ask of seven services. */
export function everydayRequests(
  operator: TestUser,
  provider: TestUser,
  buyer: TestUser,
  versionId: string,
): Record<string, Ask> {
  return {
    'apps of a provider': () => provider.request('GET', '/v1/apps'),
    'a new app': () => provider.post('/v1/apps', newApp(), { 'idempotency-key': randomUUID() }),
    'a version': () => provider.request('GET', `/v1/versions/${versionId}`),
    'its configurations': () => provider.request('GET', `/v1/versions/${versionId}/configurations`),
    'its permissions': () => buyer.request('GET', `/v1/versions/${versionId}/permissions`),
    'instances of a buyer': () => buyer.request('GET', '/v1/instances'),
    'purchases of a buyer': () => buyer.request('GET', '/v1/purchases'),
    'the history': () => operator.request('GET', '/v1/history?limit=5'),
    'read models': () => operator.request('GET', '/v1/read-models'),
  };
}

function newApp(): object {
  const text = { name: `App ${randomUUID()}`, summary: 'One of many' };
  return { ...text, distributionType: 'instance', hostingMode: 'edge', platforms: ['linux/amd64'] };
}
