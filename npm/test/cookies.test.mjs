// Ids in the platforms' own cookies: their documented forms pass untouched, anything else is left out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fact } from '../../sdk/web/src/host.js';

const PLATFORM_IDS = 0;
const idsOf = (cookie) => {
  globalThis.document = { cookie };
  const lines = fact(PLATFORM_IDS).split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split(' ')));
};

test("Meta's cookies pass untouched or not at all", () => {
  for (const [value, isValid] of [
    ['fb.1.1596403881668.1116446470', true],
    ['fb.1.1596403881668.1116446470.AQQCAQMC', true],
    ['fb.2.1596403881668.IwAR2-_x.Bg', true],
    ['fb.1.1596403881668.IwAR.two.dots', false],
    ['fb.1.1596403881668.IwAR.abc', false],
    ['fb.1.1596403881668.', false],
    ['fb.1..1116446470', false],
    ['fb.x.1596403881668.1', false],
    ['gb.1.1596403881668.1', false],
    ['fb.1.1596403881668', false],
    [`fb.1.1596403881668.${'x'.repeat(1024)}`, false],
    ['', false],
  ]) {
    assert.deepEqual(idsOf(`a=b; _fbp=${value};_fbc=${value}`), isValid ? { fbc: value, fbp: value } : {}, value);
  }
});

test("Google's cookies give client and session", () => {
  const client = (cookie) => idsOf(cookie).ga_client;
  const session = (cookie) => idsOf(cookie).ga_session;
  assert.equal(client('_ga=GA1.2.1033501218.1368477899'), '1033501218.1368477899');
  assert.equal(client('_ga=GA1.1-2.10.20'), '10.20');
  assert.equal(session('_ga_OLD1=GS1.1.1700000001.5.1.1700000100.0.0.0; _ga_NEW2=GS2.1.s1747323152$o28$g0'), '1700000001');
  assert.equal(session('_ga_NEW2=GS2.1.s1747323152$o28$g0$t1747323152$j60$l0$h69286059'), '1747323152');
  assert.equal(session('_ga_NEW2=GS2.1.o28$s1747323152'), '1747323152');
  assert.equal(session('_ga_BAD=GS3.1.s1; _ga_GOOD=GS1.1.7'), '7', 'the first that can be read');
  for (const broken of ['_ga=', '_ga=GA1.2.x.1', '_ga=1.2', '_ga_X=GS3.1.s1', '_ga_X=GS2.1.o1$t2', '_ga_X=GS1.1.x.1', '_ga_X=GS1.1.7x']) {
    assert.deepEqual(idsOf(broken), {}, broken);
  }
});

test('other cookies are read by their exact name', () => {
  assert.deepEqual(idsOf(' x_ttp=no;_ttp=2F7h37YkS1j57AYSKTI7IHhJPYH ; ttclid=E.C.P.a%2Db; ttclid=second; bare; ttp=no'), {
    ttp: '2F7h37YkS1j57AYSKTI7IHhJPYH',
    ttclid: 'E.C.P.a-b',
  });
  for (const hostile of ['_ttp=a%20b', '_ttp=%E0%A4', '_ttp=\u00e9', '_ttp=a%0Ab', '_ttp']) assert.deepEqual(idsOf(hostile), {}, hostile);
});
