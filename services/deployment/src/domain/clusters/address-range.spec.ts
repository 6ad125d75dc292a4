import { addressesOf, isInRange, parseAddressRange, sizeOf } from './address-range';

const all = (text: string) => [...addressesOf(parseAddressRange(text).range!)];

describe('A range of addresses', () => {
  it.each([
    ['192.168.4.10-192.168.4.12', ['192.168.4.10', '192.168.4.11', '192.168.4.12']],
    ['192.168.4.255-192.168.5.0', ['192.168.4.255', '192.168.5.0']],
    ['10.0.0.0/30', ['10.0.0.1', '10.0.0.2']],
    ['10.0.0.7/30', ['10.0.0.5', '10.0.0.6']],
    ['10.0.0.4/31', ['10.0.0.4', '10.0.0.5']],
    ['10.0.0.4/32', ['10.0.0.4']],
    ['fd00::ffff-fd00::1:0', ['fd00::ffff', 'fd00::1:0']],
    ['FD00:0:0:0:1:0:0:8/127', ['fd00::1:0:0:8', 'fd00::1:0:0:9']],
  ])('%s has the addresses %j', (text, addresses) => {
    expect(all(text)).toEqual(addresses);
    for (const address of addresses) expect(isInRange(address, parseAddressRange(text).range!)).toBe(true);
  });

  it('ends where it says, and knows its size', () => {
    const { range } = parseAddressRange('10.1.0.0/20');
    expect(sizeOf(range!)).toBe(4094);
    expect(['10.1.0.0', '10.1.15.255', '10.0.255.255', 'fd00::1', 'x', ''].filter((text) => isInRange(text, range!))).toEqual([]);
  });

  it.each([
    ['10.0.0.0', 'address-range-malformed'],
    ['10.0.0.256-10.0.1.0', 'address-range-malformed'],
    ['10.0.0.010-10.0.0.020', 'address-range-malformed'],
    ['10.0.0.9-10.0.0.1', 'address-range-malformed'],
    ['10.0.0.1-fd00::1', 'address-range-malformed'],
    ['10.0.0.0/33', 'address-range-malformed'],
    ['fd00:::1-fd00::2', 'address-range-malformed'],
    ['1:2:3:4:5:6:7:8:9/128', 'address-range-malformed'],
    ['10.0.0.0/8', 'address-range-too-large'],
    ['fd00::/64', 'address-range-too-large'],
    ['127.0.0.1-127.0.0.9', 'address-range-not-usable'],
    ['169.254.169.250-169.254.169.255', 'address-range-not-usable'],
    ['223.255.255.250-224.0.0.5', 'address-range-not-usable'],
    ['::1/128', 'address-range-not-usable'],
    ['::ffff:127.0.0.1/128', 'address-range-malformed'],
    ['::ffff:7f00:1/128', 'address-range-not-usable'],
    ['fe80::1-fe80::2', 'address-range-not-usable'],
  ])('%s is refused: %s', (text, code) => {
    expect(parseAddressRange(text).problem?.code).toBe(code);
  });
});
