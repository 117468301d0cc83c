import { expect, it } from 'vitest';
import {
  batchBody,
  boundaryOf,
  changeSetPart,
  parseBatch,
  requestPart,
} from '../../../connectors/odata-v4/batch-format.ts';

const answer = (status: number, body: string, id?: number): string =>
  `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n${id === undefined ? '' : `Content-ID: ${id}\r\n`}` +
  `\r\nHTTP/1.1 ${status} Whatever\r\nContent-Type: application/json\r\nETag: W/"7"\r\n\r\n${body}\r\n`;

it('writes a change set as a part of a batch, with a number for each request', () => {
  const part = requestPart(3, "PATCH accounts(k='a')", 'Content-Type: application/json\r\n', '{"a":1}');
  expect(batchBody('b', [changeSetPart('c', [part])])).toBe(
    [
      '--b',
      'Content-Type: multipart/mixed; boundary=c',
      '',
      '--c',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      'Content-ID: 3',
      '',
      "PATCH accounts(k='a') HTTP/1.1",
      'Content-Type: application/json',
      '',
      '{"a":1}',
      '--c--',
      '--b--',
      '',
    ].join('\r\n'),
  );
});

it('opens change sets and keeps apart which answers belong to which', () => {
  const set = (boundary: string, ...parts: string[]): string => changeSetPart(boundary, parts);
  const text = batchBody('r', [
    set('c1', answer(201, '{"a":1}', 1), answer(200, '{}', 2)),
    answer(400, 'no'),
    set('c10', answer(204, '', 3)),
  ]);
  const read = parseBatch(text, 'r').map(({ contentId, status, body, changeSet }) => [
    contentId,
    status,
    body,
    changeSet,
  ]);
  expect(read).toEqual([
    ['1', 201, '{"a":1}', 1],
    ['2', 200, '{}', 1],
    [null, 400, 'no', null],
    ['3', 204, '', 2],
  ]);
});

it('does not take a boundary for another that begins alike', () => {
  const text = batchBody('set', [changeSetPart('set1', [answer(201, '{"a":"--set b"}', 1)])]);
  expect(parseBatch(text, 'set')).toMatchObject([
    { contentId: '1', status: 201, body: '{"a":"--set b"}', changeSet: 1 },
  ]);
});

it('reads answers with bare line feeds', () => {
  const text = batchBody('r', [answer(201, '{"a":1}', 1)]).replaceAll('\r\n', '\n');
  expect(parseBatch(text, 'r')).toMatchObject([{ contentId: '1', status: 201, body: '{"a":1}' }]);
});

it('leaves out a part that was cut, however far it came', () => {
  const whole = batchBody('r', [answer(201, '{"a":1}', 1), answer(201, '{"a":2}', 2)]);
  const second = whole.indexOf('--r', 5);
  for (let end = second + 5; end < whole.lastIndexOf('--r--'); end += 1) {
    expect(parseBatch(whole.slice(0, end), 'r').map((part) => part.contentId)).toEqual(['1']);
  }
});

it('finds the boundary in a content type, quoted or not', () => {
  expect(boundaryOf('multipart/mixed; boundary="a b"')).toBe('a b');
  expect(boundaryOf('Multipart/Mixed;charset=utf-8;boundary=x_1')).toBe('x_1');
  expect(boundaryOf('application/json')).toBeNull();
  expect(boundaryOf(undefined)).toBeNull();
});
