import { PublicHistory, type PublicPage } from '@souk/messaging';
import { JointHistory } from './joint-history';

class Named extends PublicHistory {
  constructor(private readonly upTo: number) {
    super();
  }
  override read(): Promise<PublicPage> {
    return Promise.resolve({ events: [], upTo: this.upTo });
  }
}

describe('The public history that a service reads', () => {
  it('is its own of its own streams, and that of others of all other streams', async () => {
    const history = new JointHistory(['version', 'snapshot'], new Named(1), () => new Named(2));
    expect((await history.read('version-v', 0, 10)).upTo).toBe(1);
    expect((await history.read('instance-i', 0, 10)).upTo).toBe(2);
  });
});
