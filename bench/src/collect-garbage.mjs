// Loaded into a process of which the memory is measured (--expose-gc --import): what is garbage is no memory that anything takes.
process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
  console.log('collected');
});
