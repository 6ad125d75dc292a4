import type { ServerResponse } from 'node:http';

/** What goes wrong, with requests whose path and query contain `at`. */
export type Fault = { readonly at: string; readonly times?: number } & (
  | { readonly type: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly type: 'redirect'; readonly to: string }
  | { readonly type: 'silence' }
  /** The answer breaks off in its middle. */
  | { readonly type: 'truncated' }
  /** Other bytes than the digest says. */
  | { readonly type: 'forged' }
);

/** Faults that were asked for, each for so many requests; the first one that fits strikes. */
export class Misbehaviour {
  private faults: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.faults.push({ fault, left: fault.times ?? Infinity });
  }

  clear(): void {
    this.faults = [];
  }

  /** Whether the request is answered with it, or never. */
  answers(url: URL, response: ServerResponse): boolean {
    const fault = this.strike(url, ['status', 'redirect', 'silence']);
    if (fault?.type === 'status') response.writeHead(fault.status, fault.headers).end();
    if (fault?.type === 'redirect') response.writeHead(307, { location: fault.to }).end();
    return fault !== undefined;
  }

  spoiled(method: string, url: URL, body: Buffer): Buffer {
    const fault = method === 'HEAD' ? undefined : this.strike(url, ['truncated', 'forged']);
    if (fault?.type === 'truncated') return body.subarray(0, body.length / 2);
    return fault === undefined ? body : Buffer.from(body.toString('utf8').replace(/[a-z]/, (letter) => letter.toUpperCase()));
  }

  private strike({ pathname, search }: URL, types: readonly Fault['type'][]): Fault | undefined {
    const found = this.faults.find(
      ({ fault, left }) => left > 0 && types.includes(fault.type) && (pathname + search).includes(fault.at),
    );
    if (found) found.left--;
    return found?.fault;
  }
}
