import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TenantDirectory } from '@souk/contracts';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { NeighbourAway } from '../src/errors';
import type { RpcTls } from '../src/rpc-options';
import { TwoSides } from './two-sides';

class Everybody extends TenantDirectory {
  override async exists(): Promise<boolean> {
    return true;
  }
}

const isMissing = spawnSync('openssl', ['version']).status !== 0;
if (isMissing) console.info('mutual TLS is not tried: there is no openssl here to make certificates with');

(isMissing ? describe.skip : describe)('Between services with certificates', () => {
  const folder = temporaryFolder();
  const sides = new TwoSides();
  afterAll(async () => {
    await sides.close();
    folder.remove();
  });

  /** A certificate for localhost that vouches for itself. */
  function certificate(name: string): { readonly cert: Buffer; readonly key: Buffer } {
    const [key, cert] = [join(folder.path, `${name}.key`), join(folder.path, `${name}.pem`)];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert];
    const whose = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
    const { status, stderr } = spawnSync('openssl', ['req', '-x509', ...kind, ...whose]);
    if (status !== 0) throw new Error(stderr.toString());
    return { cert: readFileSync(cert), key: readFileSync(key) };
  }

  it('those that one authority vouches for are heard, others are not', async () => {
    const [ours, theirs] = [certificate('ours'), certificate('theirs')];
    const tls: RpcTls = { ...ours, ca: ours.cert };
    const server = await sides.serve<TenantDirectory>([[TenantDirectory, new Everybody()]], { tls });
    const address = server.address.replace('127.0.0.1', 'localhost');
    expect(await sides.ask(TenantDirectory, [address], { tls }).exists('ten')).toBe(true);
    const strangers: (RpcTls | undefined)[] = [{ ...theirs, ca: ours.cert }, { ...theirs, ca: theirs.cert }, undefined];
    for (const stranger of strangers) {
      const call = sides.ask(TenantDirectory, [address], { deadlineMs: 500, ...(stranger && { tls: stranger }) }).exists('ten');
      await expect(call).rejects.toThrow(NeighbourAway);
    }
  });
});
