import { LmdbReadStore } from '@souk/read-store';

/** Says which packages are loaded with the read store. */
const loaded = Object.keys(require.cache).flatMap((file) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(file)?.[1] ?? []);
console.log('loaded', LmdbReadStore.name, [...new Set(loaded)].join(' '));
