import { PublicHistory, type PublicPage } from '@souk/messaging';

/** The public events of any stream, from the service that owns it. */
export class NeighbourHistory extends PublicHistory {
  /** @param owners by service name */
  constructor(private readonly owners: ReadonlyMap<string, PublicHistory>) {
    super();
  }

  /** @throws Error for a stream of no service that is known here */
  override async read(subject: string, fromRevision: number, maxCount: number): Promise<PublicPage> {
    const service = ownerOf(subject);
    const owner = service === undefined ? undefined : this.owners.get(service);
    if (!owner) throw new Error(`nobody is known here who has the stream "${subject}" (service ${service ?? 'unknown'})`);
    return owner.read(subject, fromRevision, maxCount);
  }
}

/** Which service owns the streams of a category. */
const categories: Readonly<Record<string, readonly string[]>> = {
  'app-catalog': ['app', 'listing', 'catalogue'],
  orchestration: ['configuration'],
  release: ['version', 'snapshot', 'rollout'],
  authorization: ['permissions', 'credential', 'tenant', 'user'],
  deployment: ['cluster', 'addressPool', 'reachability', 'instance', 'operation', 'health'],
  commerce: ['purchase', 'plan', 'delivery', 'billingSource'],
};

const owners = new Map(
  Object.entries(categories).flatMap(([service, all]) => all.map((category) => [category, service] as const)),
);

/** Of `version-ver_01J…`: `release`. */
export function ownerOf(stream: string): string | undefined {
  return owners.get(stream.slice(0, stream.indexOf('-')));
}
