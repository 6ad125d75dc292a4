import { Injectable } from '@nestjs/common';
import { type Decision, platformApis, type SignedRequest } from '@souk/contracts';
import { Clock } from '@souk/platform';
import { apiRoutes } from '../domain/api-routes';
import type { Taken } from '../domain/nonce-window';
import {
  isSignature,
  isWithinWindow,
  readSignedRequest,
  SIGNATURE_WINDOW,
  signatureOf,
  type WellFormedRequest,
} from '../domain/signature';
import type { CredentialDoc } from '../projections/credentials.projection';
import { AppKeys, type KeyEntry } from './app-keys';
import { NonceRegister } from './nonce-register';

type Refusal = Extract<Decision, { allowed: false }>;

/** Decides about a signed request (F40): whose is it, was it seen before, and may its instance do this. */
@Injectable()
export class RequestVerifier {
  private readonly apiOf = apiRoutes(platformApis);

  constructor(
    private readonly keys: AppKeys,
    private readonly nonces: NonceRegister,
    private readonly clock: Clock,
  ) {}

  /** An allowed request is allowed once: its nonce is on disk before the answer. */
  async decide(request: SignedRequest): Promise<Decision> {
    const now = this.clock.now().getTime();
    const read = readSignedRequest(request);
    if (!read.wellFormed) return { allowed: false, code: 'unauthenticated', detail: read.detail };
    if (!isWithinWindow(read.timestamp, now)) return refusal(OUT_OF_WINDOW, read);
    const credential = this.authentic(read, this.keys.cached(read.appKey) ?? (await this.keys.load(read.appKey)), now);
    if (!credential) return refusal(NOT_AUTHENTIC, read);
    // Also of a request that is then not granted: it must not become a good one when the grant comes.
    const taken = await this.nonces.take(read.appKey, read.nonce, read.timestamp, now);
    if (taken !== 'fresh') return refusal(nonceRefusals[taken], read);
    return this.decideGrant(request, read, credential);
  }

  /**
   * The signature is checked before the key is looked at. Whoever is not accepted at the first look is looked at a second time, also where the
   * key has no second secret: a refusal takes as long for every key.
   */
  private authentic(
    { signature, stringToSign }: WellFormedRequest,
    { secret, previous, credential }: KeyEntry,
    now: number,
  ): CredentialDoc | undefined {
    if (isSignature(signature, signatureOf(stringToSign, secret)) && credential) return credential;
    const isPrevious = isSignature(signature, signatureOf(stringToSign, previous?.secret ?? secret));
    return isPrevious && previous && now < previous.validUntil ? credential : undefined;
  }

  private decideGrant(
    { method, path }: SignedRequest,
    read: WellFormedRequest,
    { apis, ...credential }: CredentialDoc,
  ): Decision {
    const api = this.apiOf(method, path);
    if (api === undefined) return { ...refusal('the operation belongs to no platform API', read), code: 'not-granted' };
    if (!apis.includes(api)) return { ...refusal(`the API "${api}" is not granted to this AppKey`, read), code: 'not-granted' };
    const { appKey, instanceId, ownerTenant } = credential;
    return { allowed: true, api, appKey, instanceId, ownerTenant };
  }
}

const NOT_AUTHENTIC = 'the AppKey is not valid, or the signature is not the right one for this request';
const OUT_OF_WINDOW = `X-Ca-Timestamp is more than ${SIGNATURE_WINDOW / 60_000} minutes away from the time of the server`;

const nonceRefusals: Readonly<Record<Exclude<Taken, 'fresh'>, string>> = {
  used: 'X-Ca-Nonce was used before with this AppKey',
  forgotten: OUT_OF_WINDOW,
  full: 'too many requests were signed in this time; try again in a minute with a new X-Ca-Nonce',
};

function refusal(detail: string, { stringToSign }: WellFormedRequest): Refusal {
  return { allowed: false, code: 'unauthenticated', detail, stringToSign };
}
