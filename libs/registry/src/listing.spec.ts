import { nextQuery } from './listing';

describe('The link to the next page', () => {
  it('is as much of it as asks for more', () => {
    expect(nextQuery('</v2/library/nginx/tags/list?last=1.27&n=100>; rel="next"')).toBe('last=1.27&n=100');
    expect(nextQuery('<https://elsewhere.example/?n=5&ns=other>; rel=next')).toBe('n=5');
  });

  it.each([
    ['there is none', undefined],
    ['it leads elsewhere than on', '</v2/?n=1>; rel="last"'],
    ['it asks for nothing', '</v2/library/nginx/tags/list>; rel="next"'],
    ['it is longer than any link', `</v2/?last=${'x'.repeat(1024)}>; rel="next"`],
    ['it stands in a header that is too long to be searched', `</v2/?n=1>; rel="next"${'<'.repeat(2048)}`],
  ])('is none where %s', (_, header) => expect(nextQuery(header)).toBeUndefined());
});
